/**
 * When one sender is told what was taken: a program that answers a message does so at once, and the
 * acknowledgement goes along with its answer, which saves half of what a round costs. What is not
 * answered is acknowledged by itself a moment later.
 *
 * @module
 */

/** How many turns of the microtask queue an answer has time for; a few microseconds. */
const TURNS = 32;
/** When what went along is told by itself as well: it may be held up behind what came before it. */
const AGAIN_MS = 50;
/** How many bytes of a large message are acknowledged at once before it is whole, if that is soon. */
const MIDWAY_BYTES = 1024 * 1024;
const MIDWAY_MS = 1_000;

/** The acknowledgements of one streaming request. */
export class Acknowledger {
  readonly #write: (place: number) => void;
  readonly #atOnce: boolean;
  #due: number | undefined;
  #waiting = false;
  #told = -Infinity;
  #toldAt = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param write tells the sender a place, by itself
   * @param atOnce whether it is never to go along with an answer
   */
  constructor(write: (place: number) => void, atOnce: boolean) {
    this.#write = write;
    this.#atOnce = atOnce;
  }

  /** Tells the sender a place soon. @param midway whether it lies within a large message */
  owe(place: number, midway: boolean): void {
    const isSoon = performance.now() - this.#toldAt < MIDWAY_MS;
    if (midway && isSoon && place - this.#told < MIDWAY_BYTES) return;
    if (this.#atOnce) return this.tell(place);
    this.#due = place;
    if (!this.#waiting) void this.#tellLater();
  }

  /** Tells the sender a place now. */
  tell(place: number): void {
    this.#due = undefined;
    this.#note(place);
    this.#write(place);
  }

  /** Gives what is due to who sends something to the same party now. */
  takeDue(): number | undefined {
    const place = this.#due;
    if (place === undefined) return undefined;
    this.#due = undefined;
    this.#note(place);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#write(this.#told);
    }, AGAIN_MS);
    return place;
  }

  /** Tells nothing any more. */
  close(): void {
    this.#due = undefined;
    clearTimeout(this.#timer);
  }

  #note(place: number): void {
    this.#told = place;
    this.#toldAt = performance.now();
  }

  async #tellLater(): Promise<void> {
    this.#waiting = true;
    for (let turn = 0; turn < TURNS && this.#due !== undefined; turn++) await undefined;
    this.#waiting = false;
    if (this.#due !== undefined) this.tell(this.#due);
  }
}
