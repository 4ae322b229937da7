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
  /** The one before it among all that are watched: for {@linkcode Deadlines} alone. */
  previous?: Expiring | undefined;
  /** The one after it: for {@linkcode Deadlines} alone. */
  next?: Expiring | undefined;
}

/** How long a timer may outlive the last wait: rather that than one timer a wait. */
const LINGER_MS = 250;
/** The longest delay that `setTimeout` keeps; it fires at once beyond. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The waits of one communicator. */
export class Deadlines {
  /** A list that goes through the waits themselves: it costs a message no memory. */
  #first: Expiring | undefined;
  #last: Expiring | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #firesAt = Infinity;

  /** Begins to watch a wait. */
  add(wait: Expiring): void {
    wait.previous = this.#last;
    if (this.#last === undefined) this.#first = wait;
    else this.#last.next = wait;
    this.#last = wait;
    if (this.#timer === undefined) {
      this.#arm(Math.min(wait.expiresAt, performance.now() + LINGER_MS));
    } else if (wait.expiresAt < this.#firesAt) {
      this.#arm(wait.expiresAt);
    }
  }

  /** Ends to watch a wait; one that is not watched is of no account. */
  delete(wait: Expiring): void {
    const { previous, next } = wait;
    if (previous !== undefined) previous.next = next;
    else if (this.#first === wait) this.#first = next;
    if (next !== undefined) next.previous = previous;
    else if (this.#last === wait) this.#last = previous;
    wait.previous = wait.next = undefined;
    if (this.#first !== undefined || this.#timer === undefined) return;
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
    for (const wait of this.#all()) {
      // Timers may be a little early, and a wait that is nearly over is over.
      if (wait.expiresAt - now < 1) wait.expire();
      else next = Math.min(next, wait.expiresAt);
    }
    // What expired may have led to another wait, for which the timer is set already, maybe too late.
    if (this.#first !== undefined && next < this.#firesAt) this.#arm(next);
  }

  #all(): Expiring[] {
    const all: Expiring[] = [];
    for (let wait = this.#first; wait !== undefined; wait = wait.next) all.push(wait);
    return all;
  }
}
