/**
 * What a peer's answer to a message means for its sender.
 *
 * @module
 */

import { ERROR_CODES, NetworkError, PartyError, partyError, PeerAbortedError } from "../errors.ts";
import { RetryLater } from "./outbox.ts";

/** Answers of a gateway, or of a party that is starting, ending or full. */
const PASSING_STATUSES = [429, 502, 503, 504];

/**
 * Reads the answer to a `comm/send`.
 *
 * @param response the answer
 * @param text its body
 * @param about whose answer it is, and to which message
 * @returns what to throw: {@linkcode RetryLater} when the message may be sent again; undefined when
 * it was taken
 */
export function refusal(
  response: Response,
  text: string,
  { rank, key, url }: { rank: number; key: string; url: string },
): Error | undefined {
  const body = parseObject(text);
  if (response.status === 200 && body.status === "ok") return undefined;

  const code = ERROR_CODES.find((known) => known === body.code);
  const detail = typeof body.detail === "string"
    ? body.detail
    : JSON.stringify(text.slice(0, 100).trim());
  const message = `Rank ${rank} at ${url} answered key ${JSON.stringify(key)} with status ` +
    `${response.status}: ${detail}`;
  const cause = code === undefined
    ? new Error(`status ${response.status} without an error code that a party gives`)
    : new PartyError(code, detail, { rank });

  if (code === "MAILBOX_FULL") {
    return new RetryLater(new PartyError(code, message, { rank, key }), retryAfterMs(response));
  }
  if (PASSING_STATUSES.includes(response.status) || code === "UNKNOWN_SESSION") {
    return new RetryLater(new NetworkError(message, { cause, rank, key }), retryAfterMs(response));
  }
  if (code === "PEER_ABORTED") {
    return new PeerAbortedError(message, { peerCode: code, reason: detail, rank, key });
  }
  if (code !== undefined) return partyError(code, message, { rank, key });
  const location = response.headers.get("location");
  const hint = location === null ? "check that the endpoint is a party's" : `it says ${location}`;
  return new NetworkError(`${message}; ${hint}`, { cause, rank, key });
}

/** `Retry-After` in its form of whole seconds; a date in it is left to the sender's own backoff. */
function retryAfterMs(response: Response): number | undefined {
  const seconds = response.headers.get("retry-after");
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
