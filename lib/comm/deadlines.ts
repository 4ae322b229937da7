/**
 * The deadlines of many waits on one timer: a message must not cost a timer of its own.
 *
 * @module
 */

/** What waits, and until when. */
export interface Expiring {
  /** When its time is over, on the clock of `performance.now()`. */
  readonly expiresAt: number;
  /** Is called once its time is over. */
  expire(): void;
}

/** How long a timer may outlive the last wait: rather that than one timer a wait. */
const LINGER_MS = 250;
/** The longest delay that `setTimeout` keeps; it fires at once beyond. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The waits of one communicator. */
export class Deadlines {
  readonly #waits: Set<Expiring> = new Set();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #firesAt = Infinity;

  /** Begins to watch a wait. */
  add(wait: Expiring): void {
    this.#waits.add(wait);
    if (this.#timer === undefined) {
      this.#arm(Math.min(wait.expiresAt, performance.now() + LINGER_MS));
    } else if (wait.expiresAt < this.#firesAt) {
      this.#arm(wait.expiresAt);
    }
  }

  /** Ends to watch a wait. */
  delete(wait: Expiring): void {
    this.#waits.delete(wait);
    if (this.#waits.size > 0 || this.#timer === undefined) return;
    // One that fires soon is left for the waits to come, which are many when messages are.
    if (this.#firesAt - performance.now() > LINGER_MS) this.#disarm();
  }

  #arm(at: number): void {
    clearTimeout(this.#timer);
    this.#firesAt = at;
    const delayMs = Math.max(0, at - performance.now());
    this.#timer = setTimeout(() => this.#fire(), Math.min(delayMs, MAX_TIMER_MS));
  }

  #disarm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#firesAt = Infinity;
  }

  #fire(): void {
    this.#disarm();
    const now = performance.now();
    let next = Infinity;
    for (const wait of [...this.#waits]) {
      // Timers may be a little early, and a wait that is nearly over is over.
      if (wait.expiresAt - now < 1) wait.expire();
      else next = Math.min(next, wait.expiresAt);
    }
    // What expired may have led to another wait, for which the timer is set already, maybe too late.
    if (this.#waits.size > 0 && next < this.#firesAt) this.#arm(next);
  }
}
