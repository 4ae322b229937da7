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

  /** Begins the drain. @returns resolves when nothing is in flight, or after the grace period */
  async finish(graceMs: number): Promise<void> {
    this.#draining = true;
    if (this.#inFlight === 0) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
      timer = setTimeout(resolve, graceMs);
    });
    clearTimeout(timer);
  }
}

function draining(): PartyError {
  return new PartyError("DRAINING", "This party is about to end; try again when it is back");
}
