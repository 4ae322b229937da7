/**
 * Errors as HTTP answers: `application/problem+json` (RFC 9457) with a `code`.
 *
 * @module
 */

import { v } from "../deps.ts";
import { ERROR_CODES, type ErrorCode, PartyError, PeerAbortedError } from "../errors.ts";
import { Rank } from "../schema.ts";

/** The status that each code has over HTTP. */
const STATUS_BY_CODE: Record<ErrorCode, number> = {
  SERIALIZATION: 400,
  INVALID_REQUEST: 400,
  WRONG_RANK: 400,
  AUTHENTICATION: 401,
  FORBIDDEN: 403,
  UNKNOWN_SESSION: 404,
  UNKNOWN_PROGRAM: 404,
  UNKNOWN_SYMBOL: 404,
  UNKNOWN_COMPUTATION: 404,
  CONFLICT: 409,
  DUPLICATE_KEY: 409,
  AGREEMENT_MISMATCH: 409,
  PEER_RESTARTED: 409,
  PEER_ABORTED: 409,
  CANCELLED: 409,
  SESSION_CLOSED: 410,
  PAYLOAD_TOO_LARGE: 413,
  MAILBOX_FULL: 429,
  TOO_MANY_COMPUTATIONS: 429,
  TOO_MANY_SESSIONS: 429,
  INTERNAL: 500,
  NETWORK: 502,
  PEER_UNREACHABLE: 502,
  DRAINING: 503,
  SEND_TIMEOUT: 504,
  RECV_TIMEOUT: 504,
};

const TITLES: Record<number, string> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  410: "Gone",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  421: "Misdirected Request",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/** The JSON form of a problem. */
export const ProblemJson = v.object({
  type: v.literal("about:blank"),
  title: v.string(),
  status: v.pipe(v.number(), v.integer()),
  detail: v.string(),
  code: v.picklist(ERROR_CODES),
  /** With `PEER_ABORTED` alone, as the next two. */
  peer_rank: v.optional(Rank),
  peer_code: v.optional(v.picklist(ERROR_CODES)),
  reason: v.optional(v.string()),
});

/** @returns the status that a code has over HTTP */
export function statusOfCode(code: ErrorCode): number {
  return STATUS_BY_CODE[code];
}

/** @returns what a status is called */
export function titleOf(status: number): string {
  return TITLES[status]!;
}

/** What clients are asked to wait when there is no room, or a party ends. */
const RETRY_AFTER = { "retry-after": "1" };
/** The rest of the request is not read, or no further one is wanted. */
const CLOSE = { "connection": "close" };

const HEADERS_BY_CODE: Partial<Record<ErrorCode, Record<string, string>>> = {
  MAILBOX_FULL: RETRY_AFTER,
  TOO_MANY_COMPUTATIONS: RETRY_AFTER,
  PAYLOAD_TOO_LARGE: CLOSE,
  DRAINING: { ...RETRY_AFTER, ...CLOSE },
  // RFC 9110, section 15.5.2, wants one; no browser asks for a password then.
  AUTHENTICATION: { "www-authenticate": 'Signature realm="partyline"' },
};

/** A request that fits no route: its code is `INVALID_REQUEST`, its status says why. */
export class RoutingError extends PartyError {
  override name = "RoutingError";
  /** 404, 405, 415 or 421. */
  readonly status: number;
  /** What the answer says besides, such as `Allow`. */
  readonly headers: Record<string, string>;

  /** @param status 404, 405, 415 or 421 */
  constructor(
    status: 404 | 405 | 415 | 421,
    message: string,
    headers: Record<string, string> = {},
  ) {
    super("INVALID_REQUEST", message);
    this.status = status;
    this.headers = headers;
  }
}

/**
 * Turns an error into an answer. Of an error that is not a {@linkcode PartyError} nothing is told.
 *
 * @param error what a handler threw
 * @returns the answer; never with a stack or a path of this machine
 */
export function problemResponse(error: unknown): Response {
  const known = error instanceof PartyError
    ? error
    : new PartyError("INTERNAL", "The party met an unexpected fault; its log tells more");
  const routing = known instanceof RoutingError ? known : undefined;
  const status = routing?.status ?? STATUS_BY_CODE[known.code];
  return new Response(
    JSON.stringify({
      type: "about:blank",
      title: TITLES[status],
      status,
      detail: known.message,
      code: known.code,
      ...known instanceof PeerAbortedError ? abortMembers(known) : {},
    }),
    {
      status,
      headers: {
        "content-type": "application/problem+json",
        ...HEADERS_BY_CODE[known.code],
        ...routing?.headers,
      },
    },
  );
}

/** Who failed and why, as its farewell has it: whom the farewell has not reached hears it here. */
function abortMembers({ rank, peerCode, reason }: PeerAbortedError) {
  return { peer_rank: rank, peer_code: peerCode, reason };
}
