/**
 * How many things are under way, for who waits until there are none: a message must not cost an
 * entry in a list.
 *
 * @module
 */

/** A count that can be waited for. */
export class Tally {
  #count = 0;
  #onNone: (() => void)[] = [];

  /** One more is under way. */
  add(): void {
    this.#count++;
  }

  /** One has come to its end. */
  done(): void {
    this.#count--;
    if (this.#count === 0) { for (const resolve of this.#onNone.splice(0)) resolve(); }
  }

  /** Resolves once none is under way. */
  none(): Promise<void> {
    if (this.#count === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onNone.push(resolve));
  }
}
