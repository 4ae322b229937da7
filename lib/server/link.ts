/**
 * `/sessions/{s}/comm/link`: the bytes of another party's link, and what acknowledges them.
 *
 * The head of a request says whose they are: `partyline-from` and `partyline-to`, the ranks;
 * `partyline-boot`, the sender's random name for its lifetime in the session; `partyline-to-boot`,
 * the receiver's, once it is known; and `partyline-offset`, where in the sender's stream the body
 * begins. The body is of type `application/cbor-seq`, as `lib/wire/frames.ts` has it. The answer is
 * of that type too: unsigned integers, each the place up to which the stream is held. One comes for
 * a body of known length, many for one that goes on; `partyline-acknowledge: at-once` asks that none
 * of them waits to go along with what is sent the other way.
 *
 * @module
 */

import { BOOT_HEADER } from "../comm/endpoint.ts";
import { sealedHeaders } from "../comm/farewell.ts";
import type { LinkRequest } from "../comm/link/receiver.ts";
import { AT_ONCE, LINK_HEADERS, LINK_MEDIA_TYPE } from "../comm/link/request.ts";
import { LinkFault } from "../comm/link/sealed/fault.ts";
import { KEYS_DIFFER } from "../comm/link/sealed/request.ts";
import { type IRequest, v } from "../deps.ts";
import { PartyError, PeerRestartedError } from "../errors.ts";
import type { Session } from "../resources/session.ts";
import type { SessionManager } from "../resources/sessions.ts";
import { check, Rank } from "../schema.ts";
import { Boot } from "../wire/message.ts";
import { readBytes } from "./body.ts";
import { checkReceiver, checkSealed, checkSender, failedError } from "./comm.ts";
import { RoutingError } from "./problem.ts";
import { nameParam, type Route } from "./routes.ts";

/** What is read at once: all that Deno does so much faster, and what is small. */
const AT_ONCE_BYTES = "Deno" in globalThis ? Infinity : 256 * 1024;
/** The same of a handshake, which anybody may send: far more than it has. */
const ANYBODYS_BYTES = 64 * 1024;

const NO_PLACE = "use a whole number from 0";
const Digits = v.pipe(v.string(), v.regex(/^\d{1,16}$/, NO_PLACE), v.transform(Number));

const LinkHead = v.object({
  [LINK_HEADERS.from]: v.pipe(Digits, Rank),
  [LINK_HEADERS.to]: v.pipe(Digits, Rank),
  [LINK_HEADERS.boot]: Boot,
  [LINK_HEADERS.toBoot]: v.optional(Boot),
  [LINK_HEADERS.offset]: v.pipe(Digits, v.safeInteger(NO_PLACE)),
  [LINK_HEADERS.acknowledge]: v.optional(v.literal(AT_ONCE)),
  [LINK_HEADERS.keys]: v.optional(v.pipe(v.string(), v.maxLength(64))),
});

/** The route of links. */
export function linkRoutes(sessions: SessionManager, maxRequestBytes: number): Route[] {
  return [{
    path: "/sessions/:session/comm/link",
    tag: "messages",
    operations: {
      POST: {
        id: "appendToLink",
        openTo: "parties",
        summary: "Appends to the stream of bytes that another party sends.",
        headers: {
          [LINK_HEADERS.from]: "The sender's rank.",
          [LINK_HEADERS.to]: "The receiver's rank.",
          [LINK_HEADERS.boot]: "The sender's lifetime.",
          [LINK_HEADERS.toBoot]: "The receiver's lifetime, once it is known.",
          [LINK_HEADERS.offset]: "Where the body begins in the stream.",
          [LINK_HEADERS.acknowledge]: "`at-once` when acknowledgements must not wait.",
          [LINK_HEADERS.keys]: "On a sealed link, a hash of the public keys, for errors alone.",
        },
        body: { mediaType: LINK_MEDIA_TYPE },
        answers: {
          200: {
            description: "Acknowledgements: places up to which the stream is held.",
            mediaType: LINK_MEDIA_TYPE,
            headers: { [BOOT_HEADER]: "The receiver's lifetime." },
          },
        },
        problems: [
          ...["UNKNOWN_SESSION", "WRONG_RANK", "SERIALIZATION", "CONFLICT"] as const,
          ...["DUPLICATE_KEY", "PEER_ABORTED", "PEER_RESTARTED", "MAILBOX_FULL"] as const,
          ...["AUTHENTICATION", "FORBIDDEN"] as const,
        ],
        handle: async (request, context) => {
          const name = nameParam(request, "session");
          const { from, to, boot, toBoot, keys, ...rest } = readHead(request);
          const session = sessions.find(name, toBoot);
          const { communicator } = session;
          checkSealed(session, keys !== undefined);
          checkSender(session, from, context);
          checkReceiver(session, to);
          if (toBoot !== undefined && toBoot !== communicator.boot) throw meantForAnother(session);
          if (session.state === "failed") return await tellEnd(session, from, boot);
          communicator.checkLink(from, boot, rest.place);
          const isAnybodys = communicator.isSealed && rest.place === 0;
          const body = await bodyOf(request, isAnybodys ? ANYBODYS_BYTES : maxRequestBytes);
          const { draining } = context;
          const answer = await communicator.receiveLink(from, boot, { ...rest, ...body, draining })
            .catch((error) => {
              if (error instanceof LinkFault) throw withHint(error, keys, communicator.keys);
              // What ends the session here is to its sender what the farewell says, come either way.
              const told = session.state !== "open" && !(error instanceof PeerRestartedError);
              if (told) return tellEnd(session, from, boot);
              throw error;
            });
          if (answer instanceof Response) return answer;
          return new Response(answer as BodyInit, {
            headers: {
              "content-type": LINK_MEDIA_TYPE,
              [BOOT_HEADER]: communicator.boot,
              // Gateways must neither alter what goes through nor wait for more of it.
              "cache-control": "no-store, no-transform",
              "x-accel-buffering": "no",
            },
          });
        },
      },
    },
  }];
}

/** A large body that is read at once takes its size in memory twice. */
async function bodyOf(
  request: IRequest,
  maxBytes: number,
): Promise<Pick<LinkRequest, "body" | "staysOpen">> {
  const length = request.headers.get("content-length") ?? Infinity;
  const isSmall = Number(length) <= Math.min(AT_ONCE_BYTES, maxBytes);
  return {
    body: isSmall ? await readBytes(request, maxBytes) : request.body ?? new Uint8Array(),
    staysOpen: Number(length) > maxBytes,
  };
}

/** A request that was long on its way must not be met as the first of the next session. */
function meantForAnother({ name }: Session): PartyError {
  return new PartyError("CONFLICT", `The link is for an earlier session ${name} of this party`);
}

/** Says what the farewell said, as it did: sealed, where there are keys. */
async function tellEnd(session: Session, from: number, boot: string): Promise<Response> {
  const { communicator } = session;
  const sealed = await communicator.sealLastWord(from, boot);
  if (sealed === undefined) throw failedError(session, from, boot);
  const headers = sealedHeaders(communicator.rank, communicator.boot);
  return new Response(sealed as BodyInit, { status: 409, headers });
}

/** What does not open may be no attack: people are told what to compare. */
function withHint(error: LinkFault, theirs: string | undefined, own: string | undefined): Error {
  if (error.code !== "AUTHENTICATION" || theirs === own) return error;
  return new PartyError("AUTHENTICATION", `${error.message}; perhaps ${KEYS_DIFFER}`);
}

function readHead({ headers }: IRequest) {
  if (headers.get("content-type") !== LINK_MEDIA_TYPE) {
    throw new RoutingError(415, `Cannot read a link of another type: send ${LINK_MEDIA_TYPE}`);
  }
  const fields = Object.values(LINK_HEADERS).map((name) => [name, headers.get(name)] as const)
    .filter(([, value]) => value !== null);
  const head = check(LinkHead, Object.fromEntries(fields), "the head of a link");
  return {
    from: head[LINK_HEADERS.from],
    to: head[LINK_HEADERS.to],
    boot: head[LINK_HEADERS.boot],
    toBoot: head[LINK_HEADERS.toBoot],
    place: head[LINK_HEADERS.offset],
    atOnce: head[LINK_HEADERS.acknowledge] !== undefined,
    keys: head[LINK_HEADERS.keys],
  };
}
