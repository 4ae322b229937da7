/**
 * Whom a party has met in a session: each lifetime of a process has a random name, so that one that
 * restarted is told from one that repeats itself. No I/O.
 *
 * @module
 */

/** The lifetimes of the other parties, as far as they are known. */
export class Peers {
  readonly #boots: Map<number, string> = new Map();

  /**
   * Notes who was heard.
   *
   * @returns whether it is, as far as known, the one that was heard before
   */
  meet(rank: number, boot: string): boolean {
    const known = this.#boots.get(rank);
    if (known === undefined) this.#boots.set(rank, boot);
    return known === undefined || known === boot;
  }

  /** The lifetime of a rank; undefined while it was never heard. */
  bootOf(rank: number): string | undefined {
    return this.#boots.get(rank);
  }
}
