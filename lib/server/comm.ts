/**
 * `/sessions/{s}/comm/send` and `/sessions/{s}/abort`: what the other parties say.
 *
 * @module
 */

import { isRank } from "../comm/checks.ts";
import { BOOT_HEADER } from "../comm/endpoint.ts";
import { v } from "../deps.ts";
import { ERROR_CODES, PartyError, PeerAbortedError } from "../errors.ts";
import { countParties } from "../resources/spec.ts";
import type { Session } from "../resources/session.ts";
import type { SessionManager } from "../resources/sessions.ts";
import { check, Rank } from "../schema.ts";
import { decodePayload, type MessageBody, MessageSchema } from "../wire/message.ts";
import { readJson } from "./body.ts";
import { nameParam, type Route } from "./routes.ts";

const NO_CODE = "use the code of a PartyError, such as INTERNAL or CANCELLED";

const AbortBody = v.strictObject({
  from_rank: Rank,
  code: v.optional(v.picklist(ERROR_CODES, NO_CODE), "INTERNAL"),
  reason: v.optional(
    v.pipe(v.string(), v.maxLength(4_096, "use at most 4096 characters")),
    "it gave no reason",
  ),
  boot: v.optional(v.string()),
  to_boot: v.optional(v.string()),
});

/** The routes between parties. */
export function commRoutes(sessions: SessionManager, maxRequestBytes: number): Route[] {
  return [{
    path: "/sessions/:session/comm/send",
    handlers: {
      POST: async (request) => {
        const name = nameParam(request, "session");
        sessions.get(name); // before a large body is read for nothing
        const body = check(MessageSchema, await readJson(request, maxRequestBytes), "a message");
        const session = sessions.get(name);
        checkSender(session, body.from_rank);
        checkReceiver(session, body.to_rank);
        receive(session, body);
        return Response.json({ status: "ok" }, {
          headers: { [BOOT_HEADER]: session.communicator.boot },
        });
      },
    },
  }, {
    path: "/sessions/:session/abort",
    handlers: {
      POST: async (request) => {
        const name = nameParam(request, "session");
        const body = check(AbortBody, await readJson(request, maxRequestBytes), "an abort");
        const session = sessions.get(name);
        checkSender(session, body.from_rank);
        if (session.communicator.concerns(body.from_rank, body.boot, body.to_boot)) {
          session.communicator.onFarewell(body.from_rank, body);
        }
        return Response.json({ status: "ok" });
      },
    },
  }];
}

function receive(session: Session, body: MessageBody): void {
  const { failure } = session.communicator;
  if (failure !== undefined) throw failedError(session, body.from_rank, body.boot);
  const { value, bytes } = decodePayload(body.data);
  session.communicator.receive(body, value, bytes);
}

/** Says what the farewell of who failed said, and no more. */
export function failedError(
  { name, rank, communicator }: Session,
  from: number,
  boot: string | undefined,
): PartyError {
  if (!communicator.concerns(from, boot, undefined)) {
    return new PartyError("UNKNOWN_SESSION", `The next session ${name} is not created here yet`);
  }
  const cause = communicator.failureCause;
  if (cause === undefined) return new PartyError("UNKNOWN_SESSION", `Session ${name} is closed`);
  const message = `Session ${name} has failed at rank ${rank}: ${cause.code}`;
  const { rank: first, code: peerCode, reason } = cause;
  return new PeerAbortedError(message, { rank: first, peerCode, reason });
}

/** @throws {PartyError} `WRONG_RANK` when no peer of this party has the rank */
export function checkSender({ name, rank, worldSize }: Session, from: number): void {
  if (isRank(from, worldSize) && from !== rank) return;
  throw new PartyError(
    "WRONG_RANK",
    `Cannot take a message from rank ${from}: session ${name} has ${
      countParties(worldSize)
    }, and ` +
      `this is rank ${rank}`,
  );
}

/** @throws {PartyError} `WRONG_RANK` when what was sent is not for this party */
export function checkReceiver({ name, rank }: Session, to: number): void {
  if (to === rank) return;
  throw new PartyError(
    "WRONG_RANK",
    `Cannot take a message for rank ${to}: this party is rank ${rank} in session ${name}; compare ` +
      `the endpoints`,
  );
}
