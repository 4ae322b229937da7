/**
 * What the network may take of a server: time and connections.
 *
 * @module
 */

/** Limits of one server against its network. */
export interface ServeLimits {
  /**
   * How many connections there may be at once. One more takes the place of the connection that has
   * been without a request for longest; when each has one, it is closed.
   *
   * @default {1_000}
   */
  maxConnections?: number;
  /**
   * How long the head of a request, and a TLS handshake, may take, in milliseconds; also how long a
   * connection may be open before its first request.
   *
   * @default {10_000}
   */
  headTimeoutMs?: number;
  /**
   * How long the body of a request may take, in milliseconds; a second more for each 16 KiB that
   * has come.
   *
   * @default {10_000}
   */
  bodyTimeoutMs?: number;
  /**
   * How long nothing may come on another party's link, in milliseconds, while it is being read: its
   * heartbeat comes every few seconds. It is also how long an answer that is made may take to be
   * written; a second more for each 16 KiB that it has.
   *
   * @default {30_000}
   */
  linkTimeoutMs?: number;
}

/** How many bytes have to come, or go, in each second that something takes over its time. */
export const MIN_BYTES_PER_S: number = 16 * 1024;
/** How many bytes the head of a request may have. */
export const MAX_HEAD_BYTES: number = 16 * 1024;

/** Longer makes no timer. */
const MAX_MS = 2 ** 31 - 1;

/**
 * Checks limits, and completes them.
 *
 * @param limits those that are given
 * @returns all of them
 * @throws {RangeError} when one is not a whole number above 0, or makes no timer
 */
export function completeLimits(limits: ServeLimits): Required<ServeLimits> {
  const complete = {
    maxConnections: limits.maxConnections ?? 1_000,
    headTimeoutMs: limits.headTimeoutMs ?? 10_000,
    bodyTimeoutMs: limits.bodyTimeoutMs ?? 10_000,
    linkTimeoutMs: limits.linkTimeoutMs ?? 30_000,
  };
  for (const [name, value] of Object.entries(complete)) {
    if (Number.isInteger(value) && value > 0 && value <= MAX_MS) continue;
    const given = typeof value === "number" ? value : `a ${typeof value}`;
    throw new RangeError(
      `Cannot serve with ${name} ${given}: give a whole number from 1 to ${MAX_MS}`,
    );
  }
  return complete;
}

/** How often limits of time are looked at: four times in the shortest, but at least every second. */
export function intervalOf(limits: Required<ServeLimits>): number {
  const { headTimeoutMs, bodyTimeoutMs, linkTimeoutMs } = limits;
  return Math.min(1_000, Math.ceil(Math.min(headTimeoutMs, bodyTimeoutMs, linkTimeoutMs) / 4));
}
