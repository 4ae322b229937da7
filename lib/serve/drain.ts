/**
 * Ending without cutting anyone off: counts the requests that are being answered, and turns away
 * new ones once the server is about to close.
 *
 * @module
 */

import { PartyError } from "../errors.ts";
import { refuse } from "../server/refuse.ts";
import type { ClientCertificate, RequestContext } from "../server/routes.ts";
import { within } from "../timing.ts";

/** Answers one request, of a client that may have shown a certificate. */
export type Handler = (
  request: Request,
  clientCertificate?: ClientCertificate,
) => Promise<Response>;

/** Answers one request, and hears when the server is about to close. */
export type DrainingHandler = (request: Request, context: RequestContext) => Promise<Response>;

/** What is in flight at one server. */
export class Drain {
  #inFlight = 0;
  readonly #draining: AbortController = new AbortController();
  #onIdle: (() => void) | undefined;

  /** Aborts when the drain begins. */
  get signal(): AbortSignal {
    return this.#draining.signal;
  }

  /** Wraps a handler: once the drain has begun it is not asked any more, and the answer is 503. */
  guard(handler: DrainingHandler): Handler {
    const { signal } = this.#draining;
    const context = { draining: signal };
    return (request, clientCertificate) => {
      if (signal.aborted) return refuse(draining(), request);
      return handler(request, clientCertificate ? { ...context, clientCertificate } : context);
    };
  }

  /** Counts a request in. */
  begin(): void {
    this.#inFlight++;
  }

  /** Counts a request out: its answer is made, written, or has nobody left to go to. */
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
    this.#draining.abort();
    if (this.#inFlight === 0) return graceMs;
    const startedAt = performance.now();
    const idle = new Promise<void>((resolve) => this.#onIdle = resolve);
    await within(graceMs, idle);
    return this.#inFlight === 0 ? Math.max(0, graceMs - (performance.now() - startedAt)) : 0;
  }
}

function draining(): PartyError {
  return new PartyError("DRAINING", "This party is about to end; try again when it is back");
}
