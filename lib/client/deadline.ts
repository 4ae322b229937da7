/**
 * How long a request may take.
 *
 * @module
 */

import { onAbort } from "../timing.ts";

/** A signal that aborts after a time, or with another signal. */
export class Deadline {
  readonly #controller: AbortController = new AbortController();
  readonly #ignoreParent: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #passed = false;
  #ms = 0;

  /**
   * @param ms how long, in milliseconds
   * @param parent aborts it as well
   */
  constructor(ms: number, parent?: AbortSignal) {
    if (parent !== undefined) {
      const stop = () => this.#controller.abort(parent.reason);
      if (parent.aborted) stop();
      this.#ignoreParent = onAbort(parent, stop);
    }
    this.renew(ms);
  }

  /** What aborts. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** How long was given, in milliseconds. */
  get ms(): number {
    return this.#ms;
  }

  /** Whether the time is over. */
  get passed(): boolean {
    return this.#passed;
  }

  /** Begins the time anew. @param ms how long, in milliseconds */
  renew(ms: number): void {
    this.#ms = ms;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#passed = true;
      this.#controller.abort();
    }, ms);
  }

  /** Ends the watch; the signal does not abort any more. */
  end(): void {
    clearTimeout(this.#timer);
    this.#ignoreParent?.();
  }
}
