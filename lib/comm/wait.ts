/**
 * Waiting: with a deadline and a signal, as `send` and `recv` do for their callers; for an ending.
 *
 * @module
 */

import type { WaitOptions } from "./communicator.ts";

/** The longest delay that `setTimeout` keeps; it fires at once beyond. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** A promise that is settled from outside, by its deadline or by its signal, whichever is first. */
export class Wait<T> {
  /** What the caller awaits. */
  readonly promise: Promise<T>;
  #resolve!: (value: T) => void;
  #reject!: (error: unknown) => void;
  #onSettled: (() => void) | undefined;
  #settled = false;
  readonly #startedAt = performance.now();
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #signal: AbortSignal | undefined;

  /**
   * @param options the deadline, in milliseconds from now, and the signal
   * @param timeoutError makes the error of a deadline that passed
   * @throws {RangeError} when `timeoutMs` is negative or not a number
   */
  constructor(
    { timeoutMs, signal }: WaitOptions & { timeoutMs: number },
    timeoutError: (elapsedMs: number) => Error,
  ) {
    if (!(timeoutMs >= 0)) {
      throw new RangeError(`Cannot wait ${timeoutMs} ms: give timeoutMs as 0 or more milliseconds`);
    }
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#signal = signal;
    this.#timer = setTimeout(
      () => this.reject(timeoutError(this.elapsedMs)),
      Math.min(timeoutMs, MAX_TIMER_MS),
    );
    if (signal?.aborted) this.reject(signal.reason);
    else signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Whether the promise has its outcome. */
  get settled(): boolean {
    return this.#settled;
  }

  /** How long the wait has lasted, in whole milliseconds. */
  get elapsedMs(): number {
    return Math.round(performance.now() - this.#startedAt);
  }

  /** @param callback is called once, when the wait is settled; at once when it is already */
  whenSettled(callback: () => void): void {
    if (this.#settled) callback();
    else this.#onSettled = callback;
  }

  /** @param value the outcome; ignored when there is one */
  resolve(value: T): void {
    if (this.#settle()) this.#resolve(value);
  }

  /** @param error the outcome; ignored when there is one */
  reject(error: unknown): void {
    if (this.#settle()) this.#reject(error);
  }

  readonly #onAbort = (): void => this.reject(this.#signal?.reason);

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#onSettled?.();
    return true;
  }
}
