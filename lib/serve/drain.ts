/**
 * Ending without cutting anyone off: counts the requests that are being answered, and turns away
 * new ones once the server is about to close.
 *
 * @module
 */

import { PartyError } from "../errors.ts";
import { refuse } from "../server/refuse.ts";

/** Answers one request. */
export type Handler = (request: Request) => Promise<Response>;

/** What is in flight at one server. */
export class Drain {
  #inFlight = 0;
  #draining = false;
  #onIdle: (() => void) | undefined;

  /** Wraps a handler: once the drain has begun it is not asked any more, and the answer is 503. */
  guard(handler: Handler): Handler {
    return (request) => this.#draining ? refuse(draining(), request) : handler(request);
  }

  /** Counts a request in. */
  begin(): void {
    this.#inFlight++;
  }

  /** Counts a request out, once its answer was written or its connection lost. */
  end(): void {
    this.#inFlight--;
    if (this.#inFlight === 0) this.#onIdle?.();
  }

  /**
   * Begins the drain, and waits until nothing is in flight.
   *
   * @param graceMs how long at most, in milliseconds
   * @returns how much of that is left; 0 when something is in flight still
   */
  async finish(graceMs: number): Promise<number> {
    this.#draining = true;
    if (this.#inFlight === 0) return graceMs;
    const startedAt = performance.now();
    const idle = new Promise<void>((resolve) => this.#onIdle = resolve);
    await within(graceMs, idle);
    return this.#inFlight === 0 ? Math.max(0, graceMs - (performance.now() - startedAt)) : 0;
  }
}

/** Waits for a promise, but no longer than that many milliseconds. */
export async function within(ms: number, promise: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => timer = setTimeout(resolve, ms));
  await Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function draining(): PartyError {
  return new PartyError("DRAINING", "This party is about to end; try again when it is back");
}
