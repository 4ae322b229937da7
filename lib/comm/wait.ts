/**
 * Waiting with a deadline and a signal, as `send` and `recv` do for their callers.
 *
 * @module
 */

import { onAbort } from "../timing.ts";
import type { WaitOptions } from "./communicator.ts";
import type { Deadlines, Expiring } from "./deadlines.ts";

/** A promise that is settled from outside, by its deadline or by its signal, whichever is first. */
export class Wait<T> implements Expiring {
  /** What the caller awaits. */
  readonly promise: Promise<T>;
  /** When it began, on the clock of `performance.now()`. */
  readonly startedAt: number = performance.now();
  /** When its time is over, on the same clock. */
  readonly expiresAt: number;
  /** {@inheritDoc Expiring.previous} */
  previous: Expiring | undefined = undefined;
  /** {@inheritDoc Expiring.next} */
  next: Expiring | undefined = undefined;
  #resolve!: (value: T) => void;
  #reject!: (error: unknown) => void;
  #onSettled: (() => void) | undefined;
  #settled = false;
  readonly #deadlines: Deadlines;
  readonly #timeoutError: (elapsedMs: number) => Error;
  #ignoreSignal: (() => void) | undefined;

  /**
   * @param options the deadline, in milliseconds from now, and the signal
   * @param deadlines watches the time
   * @param timeoutError makes the error of a deadline that passed
   */
  constructor(
    { timeoutMs, signal }: WaitOptions & { timeoutMs: number },
    deadlines: Deadlines,
    timeoutError: (elapsedMs: number) => Error,
  ) {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#deadlines = deadlines;
    this.#timeoutError = timeoutError;
    this.expiresAt = this.startedAt + timeoutMs;
    if (signal?.aborted) {
      this.reject(signal.reason);
    } else {
      this.#ignoreSignal = signal && onAbort(signal, () => this.reject(signal.reason));
      deadlines.add(this);
    }
  }

  /** Whether the promise has its outcome. */
  get settled(): boolean {
    return this.#settled;
  }

  /** How long the wait has lasted, in whole milliseconds. */
  get elapsedMs(): number {
    return Math.round(performance.now() - this.startedAt);
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

  /** Rejects it, as its time is over. */
  expire(): void {
    this.reject(this.#timeoutError(this.elapsedMs));
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#deadlines.delete(this);
    this.#ignoreSignal?.();
    this.#onSettled?.();
    return true;
  }
}
