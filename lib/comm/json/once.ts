/**
 * Exactly once, in one integer: a sender numbers its messages to a peer, and sends the next only
 * when the last one was acknowledged; so a number that is not above the last taken one is a repeat.
 * No I/O here.
 *
 * @module
 */

/** The last numbered message that was taken from each rank. */
export class OnceGate {
  readonly #last: Map<number, number> = new Map();

  /** Whether a message is new. @param from the sender's rank @param seq its number, from 1 */
  isNew(from: number, seq: number): boolean {
    return seq > (this.#last.get(from) ?? 0);
  }

  /** Notes that a message was taken. */
  taken(from: number, seq: number): void {
    this.#last.set(from, seq);
  }
}
