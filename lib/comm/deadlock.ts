/**
 * The deadlock of a full mailbox: a `recv` waits for a message that is behind others which nobody
 * reads. It is one only once nothing has moved for a while, as a slow reader may still read.
 *
 * @module
 */

import type { PartyError } from "../errors.ts";
import type { Mailbox } from "./mailbox.ts";

/** For how long nothing may move. */
const STILL_MS = 5_000;

/** Looks at a mailbox again, some time after a message found no room. */
export class DeadlockWatch {
  readonly #mailbox: Mailbox;
  readonly #onDeadlock: (error: PartyError) => void;
  /** One timer for each rank at most. */
  readonly #timers: Map<number, ReturnType<typeof setTimeout>> = new Map();

  /** @param mailbox what is watched @param onDeadlock hears of a deadlock */
  constructor(mailbox: Mailbox, onDeadlock: (error: PartyError) => void) {
    this.#mailbox = mailbox;
    this.#onDeadlock = onDeadlock;
  }

  /** A message of a rank found no room. */
  suspect(rank: number): void {
    if (this.#timers.has(rank)) return;
    const moves = this.#mailbox.moves(rank);
    const look = () => {
      this.#timers.delete(rank);
      if (this.#mailbox.moves(rank) !== moves) return;
      const error = this.#mailbox.deadlock(rank, STILL_MS);
      if (error !== undefined) this.#onDeadlock(error);
    };
    this.#timers.set(rank, setTimeout(look, STILL_MS));
  }

  /** Watches no more. */
  stop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
