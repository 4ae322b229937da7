/**
 * What a peer's answer to a message, or to a request of a link, means for its sender.
 *
 * @module
 */

import {
  ERROR_CODES,
  type ErrorCode,
  NetworkError,
  PartyError,
  partyError,
  PeerAbortedError,
} from "../errors.ts";
import { RetryLater } from "./retry.ts";

/** Answers of a gateway, or of a party that is starting, ending or full. */
const PASSING_STATUSES = [408, 429, 502, 503, 504];

/** An answer that was read. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
}

/** Whose answer it is, and to what. */
export interface Asked {
  rank: number;
  url: string;
  /** The key of the message; none for a link. */
  key?: string;
}

/** @returns the error code that a party gave; undefined when it gave none */
export function codeOf({ text }: Answer): ErrorCode | undefined {
  const { code } = parseObject(text);
  return ERROR_CODES.find((known) => known === code);
}

/**
 * Reads an answer that did not take what was sent.
 *
 * @param answer the answer
 * @param asked whose answer it is, and to what
 * @returns what to throw: {@linkcode RetryLater} when it may be sent again
 */
export function refusal(answer: Answer, { rank, url, key }: Asked): Error {
  const { status, headers, text } = answer;
  const body = parseObject(text);
  const code = codeOf(answer);
  const detail = typeof body.detail === "string"
    ? body.detail
    : JSON.stringify(text.slice(0, 100).trim());
  const what = key === undefined ? "a link" : `key ${JSON.stringify(key)}`;
  const message = `Rank ${rank} at ${url} answered ${what} with status ${status}: ${detail}`;
  const about = key === undefined ? { rank } : { rank, key };
  const cause = code === undefined
    ? new Error(`status ${status} without an error code that a party gives`)
    : new PartyError(code, detail, { rank });

  if (code === "MAILBOX_FULL") {
    return new RetryLater(new PartyError(code, message, about), retryAfterMs(headers));
  }
  if (PASSING_STATUSES.includes(status) || code === "UNKNOWN_SESSION") {
    return new RetryLater(new NetworkError(message, { cause, ...about }), retryAfterMs(headers));
  }
  if (code === "PEER_ABORTED") {
    return aborted(body, rank, detail);
  }
  if (code !== undefined) return partyError(code, message, about);
  const location = headers.get("location");
  const hint = location === null ? "check that the endpoint is a party's" : `it says ${location}`;
  return new NetworkError(`${message}; ${hint}`, { cause, ...about });
}

/** `Retry-After` in its form of whole seconds; a date in it is left to the sender's own backoff. */
function retryAfterMs(headers: Headers): number | undefined {
  const seconds = headers.get("retry-after");
  return seconds !== null && /^\d{1,6}$/.test(seconds) ? Number(seconds) * 1_000 : undefined;
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
  } catch {
    return {};
  }
}

/** What a party says of a session that has failed, as the farewell would have said it. */
function aborted(body: Record<string, unknown>, rank: number, detail: string): PeerAbortedError {
  const first = typeof body.peer_rank === "number" ? body.peer_rank : rank;
  const peerCode = ERROR_CODES.find((known) => known === body.peer_code) ?? "PEER_ABORTED";
  const reason = typeof body.reason === "string" ? body.reason : detail;
  const message = `Rank ${first} failed in the session: ${reason} (${peerCode})`;
  return new PeerAbortedError(message, { rank: first, peerCode, reason });
}
