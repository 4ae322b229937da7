/**
 * Every failure that Partyline reports is a {@linkcode PartyError} with a `code` from one closed
 * list. A mistake of the caller's own, such as a rank that the session does not have, is a
 * `TypeError` or a `RangeError` instead.
 *
 * @module
 */

/** Every code that a {@linkcode PartyError} can carry; the same words travel over HTTP. */
export const ERROR_CODES = [
  "SERIALIZATION",
  "INVALID_REQUEST",
  "UNKNOWN_SESSION",
  "UNKNOWN_PROGRAM",
  "UNKNOWN_SYMBOL",
  "UNKNOWN_COMPUTATION",
  "CONFLICT",
  "WRONG_RANK",
  "DUPLICATE_KEY",
  "PAYLOAD_TOO_LARGE",
  "MAILBOX_FULL",
  "TOO_MANY_COMPUTATIONS",
  "TOO_MANY_SESSIONS",
  "NETWORK",
  "SEND_TIMEOUT",
  "RECV_TIMEOUT",
  "PEER_UNREACHABLE",
  "PEER_RESTARTED",
  "PEER_ABORTED",
  "SESSION_CLOSED",
  "AGREEMENT_MISMATCH",
  "AUTHENTICATION",
  "FORBIDDEN",
  "DRAINING",
  "CANCELLED",
  "INTERNAL",
] as const;

/** One of {@linkcode ERROR_CODES}. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** What a caller may need to know of a failure, besides its message. */
export interface ErrorFields {
  /** The error that led to this one. */
  cause?: unknown;
  /** The other party's rank. */
  rank?: number;
  /** The key of the message. */
  key?: string;
  /** The session's name. */
  session?: string;
  /** How long was waited, in milliseconds. */
  elapsedMs?: number;
}

/**
 * The base of all errors that Partyline reports.
 *
 * @example
 * ```ts
 * import { PartyError } from "partyline";
 *
 * const error = new PartyError("CONFLICT", "Session demo exists with rank 0", { session: "demo" });
 * console.log(error.code); // "CONFLICT"
 * ```
 */
export class PartyError extends Error {
  /** The name of the class. */
  override name = "PartyError";
  /** What went wrong, for programs. */
  readonly code: ErrorCode;
  /** The other party's rank, where one is concerned. */
  readonly rank?: number;
  /** The key of the message, where one is concerned. */
  readonly key?: string;
  /** The session's name, where one is concerned. */
  readonly session?: string;
  /** How long was waited in milliseconds, where something was waited for. */
  readonly elapsedMs?: number;

  /**
   * Makes the error.
   *
   * @param code what went wrong, for programs
   * @param message what was tried, the value, and what to do next
   * @param fields what a caller may need besides
   */
  constructor(code: ErrorCode, message: string, fields: ErrorFields = {}) {
    const { cause, ...rest } = fields;
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    Object.assign(this, rest);
  }
}

/** A value cannot be sent, or received bytes are not a value; the message names the path. */
export class SerializationError extends PartyError {
  /** The name of the class. */
  override name = "SerializationError";

  /** Makes the error. @param message what was tried and where in the value */
  constructor(message: string, fields?: ErrorFields) {
    super("SERIALIZATION", message, fields);
  }
}

/** A peer could not be reached, or answered something that no party answers. */
export class NetworkError extends PartyError {
  /** The name of the class. */
  override name = "NetworkError";

  /** Makes the error. @param message which peer, and what it answered */
  constructor(message: string, fields?: ErrorFields) {
    super("NETWORK", message, fields);
  }
}

/** A `send` or a `recv` did not finish in its time. */
export class TimeoutError extends PartyError {
  /** The name of the class. */
  override name = "TimeoutError";

  /** Makes the error. @param code which of the two waited */
  constructor(code: "SEND_TIMEOUT" | "RECV_TIMEOUT", message: string, fields?: ErrorFields) {
    super(code, message, fields);
  }
}

/** Another party failed, cancelled or left the session. */
export class PeerAbortedError extends PartyError {
  /** The name of the class. */
  override name = "PeerAbortedError";
  /** The code that the other party gave. */
  readonly peerCode: ErrorCode;
  /** The reason that the other party gave. */
  readonly reason: string;

  /** Makes the error. @param message which party, and the reason it gave */
  constructor(message: string, fields: ErrorFields & { peerCode: ErrorCode; reason: string }) {
    const { peerCode, reason, ...rest } = fields;
    super("PEER_ABORTED", message, rest);
    this.peerCode = peerCode;
    this.reason = reason;
  }
}

/** Another party came back without what it knew of the session. */
export class PeerRestartedError extends PartyError {
  /** The name of the class. */
  override name = "PeerRestartedError";

  /** Makes the error. @param message which party */
  constructor(message: string, fields?: ErrorFields) {
    super("PEER_RESTARTED", message, fields);
  }
}

/** Another party was there, and cannot be reached any more. */
export class PeerUnreachableError extends PartyError {
  /** The name of the class. */
  override name = "PeerUnreachableError";

  /** Makes the error. @param message which party, and since when */
  constructor(message: string, fields?: ErrorFields) {
    super("PEER_UNREACHABLE", message, fields);
  }
}

/** This party's session was closed while, or before, something waited on it. */
export class SessionClosedError extends PartyError {
  /** The name of the class. */
  override name = "SessionClosedError";

  /** Makes the error. @param message which session */
  constructor(message: string, fields?: ErrorFields) {
    super("SESSION_CLOSED", message, fields);
  }
}

/**
 * Makes the error of a code that came from another party: of the code's own class, where it has one.
 *
 * @param code the code
 * @param message what was tried, and what the other party said
 * @param fields what a caller may need besides
 * @returns the error
 */
export function partyError(code: ErrorCode, message: string, fields?: ErrorFields): PartyError {
  switch (code) {
    case "SERIALIZATION":
      return new SerializationError(message, fields);
    case "NETWORK":
      return new NetworkError(message, fields);
    case "SEND_TIMEOUT":
    case "RECV_TIMEOUT":
      return new TimeoutError(code, message, fields);
    case "PEER_RESTARTED":
      return new PeerRestartedError(message, fields);
    case "PEER_UNREACHABLE":
      return new PeerUnreachableError(message, fields);
    case "SESSION_CLOSED":
      return new SessionClosedError(message, fields);
    default:
      return new PartyError(code, message, fields);
  }
}

/** What an error says, and nothing that its cause or the functions on its stack hold. */
export interface ErrorRecord extends Omit<ErrorFields, "cause"> {
  /** What went wrong, for programs. */
  code: ErrorCode;
  /** The same for people. */
  message: string;
  /** With `PEER_ABORTED`: the code that the other party gave. */
  peerCode?: ErrorCode;
  /** With `PEER_ABORTED`: the reason that the other party gave. */
  reason?: string;
}

const RECORDED = ["rank", "key", "session", "elapsedMs", "peerCode", "reason"] as const;

/** @returns what an error says */
export function recordOf(error: PartyError): ErrorRecord {
  const all: Partial<ErrorRecord> = error;
  const known = RECORDED.filter((name) => all[name] !== undefined);
  const fields = Object.fromEntries(known.map((name) => [name, all[name]]));
  return { ...fields, code: error.code, message: error.message };
}

/** @returns an error that says the same, of the same class */
export function errorOf({ code, message, peerCode, reason, ...fields }: ErrorRecord): PartyError {
  if (code !== "PEER_ABORTED" || peerCode === undefined) return partyError(code, message, fields);
  return new PeerAbortedError(message, { ...fields, peerCode, reason: reason ?? "" });
}

/**
 * The messages of an error and of its causes, joined into one line.
 *
 * @param error anything that was thrown
 * @returns one line of text
 */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  for (let at = error, depth = 0; at !== undefined && at !== null && depth < 8; depth++) {
    const text = textOf(at);
    if (text !== "" && !parts.some((part) => part.includes(text))) parts.push(text);
    at = at instanceof Error ? at.cause : undefined;
  }
  return parts.join(": ").replaceAll(/\s*\n\s*/g, " ");
}

/**
 * Whether nothing can listen there, or does not: Node tells by a code, Deno by its text.
 *
 * @param error what a request met
 */
export function isRefused(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ((at as { code?: string }).code === "ECONNREFUSED") return true;
    if (!(at instanceof NetworkError) && /connection refused|bad port/i.test(at.message)) {
      return true;
    }
  }
  return false;
}

/** Anything can be thrown, and an object may refuse to become text. */
function textOf(thrown: unknown): string {
  const { message, code } = Object(thrown) as { message?: unknown; code?: unknown };
  const text = thrown instanceof Error ? message || code : thrown;
  return typeof text === "object" ? "an object" : String(text ?? "");
}
