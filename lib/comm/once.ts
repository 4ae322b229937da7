/**
 * Exactly once, in one integer: a sender numbers its messages to a peer, and sends the next only
 * when the last one was acknowledged; so a number that is not above the last taken one is a repeat.
 * No I/O here.
 *
 * @module
 */

/** What a numbered message is to its receiver. */
export type Arrival = "new" | "repeat" | "restarted";

/** The last message taken from each sender. */
export class OnceGate {
  readonly #last: Map<number, { boot: string; seq: number }> = new Map();

  /**
   * @param from the sender's rank
   * @param boot the sender's random name for its own lifetime in the session
   * @param seq the message's number, from 1
   * @returns `restarted` when the sender is not the one that was heard before
   */
  arrival(from: number, boot: string, seq: number): Arrival {
    const last = this.#last.get(from);
    if (last === undefined) return "new";
    if (last.boot !== boot) return "restarted";
    return seq > last.seq ? "new" : "repeat";
  }

  /** Notes that a message was taken. Parameters as for {@linkcode OnceGate.arrival}. */
  taken(from: number, boot: string, seq: number): void {
    this.#last.set(from, { boot, seq });
  }

  /**
   * @returns whether the sender is, as far as known, the one that was heard before
   */
  isSame(from: number, boot: string): boolean {
    return (this.#last.get(from)?.boot ?? boot) === boot;
  }
}
