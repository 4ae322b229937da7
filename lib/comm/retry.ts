/**
 * Trying again: what may be, and after how long.
 *
 * @module
 */

const FIRST_DELAY_MS = 20;

/** Thrown by an attempt that may be made again. */
export class RetryLater extends Error {
  /** How long to wait at least, in milliseconds; the backoff may be longer. */
  readonly afterMs: number;

  /**
   * @param cause what the attempt met
   * @param afterMs how long the peer wants to be left alone, in milliseconds
   */
  constructor(cause: Error, afterMs = 0) {
    super(cause.message, { cause });
    this.afterMs = afterMs;
  }
}

/** Growing delays between attempts. */
export class Backoff {
  #delayMs = FIRST_DELAY_MS;

  /**
   * @param maxMs how long at most
   * @returns how long to wait now, in milliseconds; twice as long the next time
   */
  next(maxMs: number): number {
    const delayMs = Math.min(this.#delayMs, maxMs);
    this.#delayMs = Math.min(this.#delayMs * 2, 60_000);
    // Half of the delay is random, so that parties that wait for one peer do not come together.
    return delayMs * (0.5 + Math.random() / 2);
  }

  /** Begins with short delays again. */
  reset(): void {
    this.#delayMs = FIRST_DELAY_MS;
  }
}
