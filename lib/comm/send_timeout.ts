/**
 * The error of a `send` that took too long.
 *
 * @module
 */

import { describeError, NetworkError, TimeoutError } from "../errors.ts";

/**
 * @param rank the receiver's
 * @param key the message's
 * @param elapsedMs how long it was tried, in milliseconds
 * @param lastError what the last attempt met; undefined when none has ended
 * @returns the error for a message that was not acknowledged in time
 */
export function sendTimeout(
  rank: number,
  key: string,
  elapsedMs: number,
  lastError: unknown,
): TimeoutError {
  const cause = lastError ?? new NetworkError("no answer came", { rank, key });
  return new TimeoutError(
    "SEND_TIMEOUT",
    `Cannot send key ${
      JSON.stringify(key)
    } to rank ${rank}: not delivered within ${elapsedMs} ms ` +
      `(${describeError(cause)}); check that rank ${rank} runs and has created the session`,
    { cause, rank, key, elapsedMs },
  );
}
