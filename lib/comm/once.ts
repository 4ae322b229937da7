/**
 * Exactly once, in one integer: a sender numbers its messages to a peer, and sends the next only
 * when the last one was acknowledged; so a number that is not above the last taken one is a repeat.
 * No I/O here.
 *
 * @module
 */

/** What a numbered message is to its receiver. */
export type Arrival = "new" | "repeat" | "restarted";

/** Whom this party has met in a session, and the last message taken from each of them. */
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
   * Notes who answered a message.
   *
   * @returns whether it is, as far as known, the one that was heard before
   */
  meet(rank: number, boot: string): boolean {
    const last = this.#last.get(rank);
    if (last === undefined) this.#last.set(rank, { boot, seq: 0 });
    return last === undefined || last.boot === boot;
  }

  /** The lifetime of a rank that was heard last; undefined when none was. */
  bootOf(rank: number): string | undefined {
    return this.#last.get(rank)?.boot;
  }
}
