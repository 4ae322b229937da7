/**
 * `/sessions/{s}/comm/send` and `/sessions/{s}/abort`: what the other parties say.
 *
 * @module
 */

import { isRank } from "../comm/checks.ts";
import { BOOT_HEADER } from "../comm/endpoint.ts";
import { LINK_HEADERS } from "../comm/link/request.ts";
import { MAX_FAREWELL_BYTES, SEALED_MEDIA_TYPE } from "../comm/link/sealed/records.ts";
import { v } from "../deps.ts";
import { ERROR_CODES, PartyError, PeerAbortedError } from "../errors.ts";
import { countParties } from "../resources/spec.ts";
import type { Session } from "../resources/session.ts";
import type { SessionManager } from "../resources/sessions.ts";
import { check, Name, Rank } from "../schema.ts";
import { Boot, decodePayload, type MessageBody, MessageSchema } from "../wire/message.ts";
import { readBytes, readJson } from "./body.ts";
import { checkCertificate } from "./client_certificate.ts";
import { OK } from "./ready.ts";
import { nameParam, type RequestContext, type Route } from "./routes.ts";

const NO_CODE = "use the code of a PartyError, such as INTERNAL or CANCELLED";

const AbortBody = v.strictObject({
  from_rank: Rank,
  code: v.optional(v.picklist(ERROR_CODES, NO_CODE), "INTERNAL"),
  reason: v.optional(
    v.pipe(v.string(), v.maxLength(4_096, "use at most 4096 characters")),
    "it gave no reason",
  ),
  computation_id: v.optional(Name),
  boot: v.optional(v.string()),
  to_boot: v.optional(v.string()),
});

const MESSAGE_EXAMPLE = {
  from_rank: 0,
  to_rank: 1,
  key: "greeting",
  data: "eyJ0ZXh0IjoiaGVsbG8ifQ==",
  boot: "c0ffee-1",
  seq: 1,
};
const ABORT_EXAMPLE = {
  from_rank: 0,
  code: "CANCELLED",
  reason: "It was cancelled",
  computation_id: "mass-1",
};

/** The routes between parties. */
export function commRoutes(sessions: SessionManager, maxRequestBytes: number): Route[] {
  return [{
    path: "/sessions/:session/comm/send",
    tag: "messages",
    operations: {
      POST: {
        id: "sendMessage",
        openTo: "parties",
        summary: "Delivers a message; with boot and seq, once however often it comes.",
        body: { schema: MessageSchema, example: MESSAGE_EXAMPLE },
        answers: { 200: { ...OK, headers: { [BOOT_HEADER]: "The receiver's lifetime." } } },
        problems: [
          ...["UNKNOWN_SESSION", "WRONG_RANK", "SERIALIZATION", "DUPLICATE_KEY"] as const,
          ...["CONFLICT", "MAILBOX_FULL", "PEER_ABORTED", "PEER_RESTARTED"] as const,
          "FORBIDDEN",
        ],
        handle: async (request, context) => {
          const name = nameParam(request, "session");
          checkSealed(sessions.get(name), false); // before a large body is read for nothing
          const body = check(MessageSchema, await readJson(request, maxRequestBytes), "a message");
          const session = sessions.get(name);
          checkSealed(session, false);
          checkSender(session, body.from_rank, context);
          checkReceiver(session, body.to_rank);
          receive(session, body);
          return Response.json({ status: "ok" }, {
            headers: { [BOOT_HEADER]: session.communicator.boot },
          });
        },
      },
    },
  }, {
    path: "/sessions/:session/abort",
    tag: "messages",
    operations: {
      POST: {
        id: "abort",
        openTo: "parties",
        summary: "Tells that another party failed, or left (SESSION_CLOSED), or a computation did.",
        headers: { traceparent: "The W3C trace context of the computation." },
        body: { schema: AbortBody, example: ABORT_EXAMPLE },
        answers: { 200: OK },
        problems: ["UNKNOWN_SESSION", "WRONG_RANK", "AUTHENTICATION", "FORBIDDEN"],
        handle: async (request, context) => {
          const name = nameParam(request, "session");
          const isSealed = request.headers.get("content-type") === SEALED_MEDIA_TYPE;
          checkSealed(sessions.get(name), isSealed); // before a large body is read for nothing
          const body = isSealed
            ? await openAbort(sessions.get(name), request, context)
            : check(AbortBody, await readJson(request, maxRequestBytes), "an abort");
          if (body === undefined) return Response.json({ status: "ok" });
          const session = sessions.get(name);
          checkSealed(session, isSealed);
          checkSender(session, body.from_rank, context);
          if (session.communicator.concerns(body.from_rank, body.boot, body.to_boot)) {
            session.onFarewell(body.from_rank, {
              code: body.code,
              reason: body.reason,
              computation: body.computation_id,
            });
          }
          return Response.json({ status: "ok" });
        },
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

const SealedHead = v.object({
  from: v.pipe(v.string(), v.regex(/^\d{1,4}$/), v.transform(Number), Rank),
  boot: Boot,
});

/** Opens what another party sealed; undefined when it was heard before. */
async function openAbort(session: Session, request: Request, context: RequestContext) {
  const head = check(SealedHead, {
    from: request.headers.get(LINK_HEADERS.from),
    boot: request.headers.get(LINK_HEADERS.boot),
  }, "the head of an abort");
  checkSender(session, head.from, context);
  const sealed = await readBytes(request, MAX_FAREWELL_BYTES);
  const said = await session.communicator.openFarewell(head.from, head.boot, sealed);
  if (said === undefined) return undefined;
  const { code, reason, computation: computation_id } = said;
  const to_boot = undefined; // else it had not opened
  return { code, reason, computation_id, from_rank: head.from, boot: head.boot, to_boot };
}

/** @throws {PartyError} `FORBIDDEN` when one party has keys and the other one seems to have none */
export function checkSealed({ name, communicator }: Session, isSealed: boolean): void {
  if (communicator.isSealed === isSealed) return;
  throw new PartyError(
    "FORBIDDEN",
    communicator.isSealed
      ? `Cannot take anything unsealed for session ${name}: this party has keys; give the sender its ` +
        `own, and the same parties.json`
      : `Cannot open what is sealed for session ${name}: this party has no keys; start it with its own, ` +
        `and the same parties.json`,
  );
}

/**
 * @throws {PartyError} `WRONG_RANK` when no peer of this party has the rank; `AUTHENTICATION` when the
 * client's certificate is that of another party
 */
export function checkSender(session: Session, from: number, context: RequestContext): void {
  const { name, rank, worldSize } = session;
  if (isRank(from, worldSize) && from !== rank) return checkCertificate(session, from, context);
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
