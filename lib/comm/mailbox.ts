/**
 * Where messages wait for their `recv`, and a `recv` for its message: one place a sender and key.
 *
 * @module
 */

import { PartyError, TimeoutError } from "../errors.ts";
import type { WaitOptions } from "./communicator.ts";
import type { Deadlines } from "./deadlines.ts";
import { type MailboxView, RankBox, weigh } from "./rank_box.ts";
import { Wait } from "./wait.ts";

/** Who hears of what happens in a mailbox. */
export interface MailboxEvents {
  /** A `recv` begins to wait for a rank. */
  onWait(rank: number): void;
  /** There may be room for the message of a rank that was refused. */
  onRoom(rank: number): void;
  /** A message of a rank found no room. */
  onFull(rank: number): void;
}

/** The messages of one session that have arrived and were not read. */
export class Mailbox {
  readonly #boxes: readonly RankBox[];
  readonly #maxBytes: number;
  readonly #deadlines: Deadlines;
  readonly #events: MailboxEvents;
  #closed: Error | undefined;

  /**
   * @param worldSize the number of parties
   * @param maxBytes how many unread bytes are held for each sender; a larger message is held alone
   * @param deadlines watches the time of waits
   * @param events hears of what happens
   */
  constructor(worldSize: number, maxBytes: number, deadlines: Deadlines, events: MailboxEvents) {
    this.#maxBytes = maxBytes;
    this.#deadlines = deadlines;
    this.#events = events;
    this.#boxes = Array.from({ length: worldSize }, () => new RankBox());
  }

  /**
   * Says whether there is room for a message, or a `recv` that waits for it.
   *
   * @param bytes how many bytes the encoded value has; with the key, and 64 bytes besides, it counts
   * against the limit while it is unread
   */
  admits(from: number, key: string, bytes: number): boolean {
    const box = this.#boxes[from]!;
    // One that is larger than the whole box has to get in all the same, when it is alone.
    if (
      box.firstWait(key) !== undefined || box.unreadBytes === 0 || box.has(key) ||
      box.unreadBytes + weigh(key, bytes) <= this.#maxBytes
    ) {
      box.refused = undefined;
      return true;
    }
    box.refused = key;
    this.#events.onFull(from);
    return false;
  }

  /**
   * Hands a message to the `recv` that waits for it, or holds it.
   *
   * @param bytes as for {@linkcode Mailbox.admits}
   * @throws {PartyError} `DUPLICATE_KEY` or `MAILBOX_FULL`; the message is then not taken
   */
  deliver(from: number, key: string, value: unknown, bytes: number): void {
    if (this.#closed) throw this.#closed;
    const box = this.#boxes[from]!;
    const wait = box.firstWait(key);
    if (wait) {
      box.refused = undefined;
      box.moves++;
      return wait.resolve(value); // which takes it out
    }
    if (!this.admits(from, key, bytes)) {
      throw new PartyError(
        "MAILBOX_FULL",
        `Cannot hold ${weigh(key, bytes)} bytes more from rank ${from}: ${box.unreadBytes} of ` +
          `${this.#maxBytes} bytes wait unread; try again once they are received`,
        { rank: from, key },
      );
    }
    if (box.has(key)) {
      throw new PartyError(
        "DUPLICATE_KEY",
        `Cannot take key ${JSON.stringify(key)} from rank ${from}: its last message is still ` +
          `unread; use a key of its own for each message, such as newId() gives`,
        { rank: from, key },
      );
    }
    box.put(key, value, weigh(key, bytes));
  }

  /**
   * Takes a message out, waiting for it if need be.
   *
   * @throws {TimeoutError} `RECV_TIMEOUT`, when the deadline passes
   */
  take(
    from: number,
    key: string,
    options: WaitOptions & { timeoutMs: number },
  ): Promise<unknown> {
    if (this.#closed) throw this.#closed;
    options.signal?.throwIfAborted();
    const box = this.#boxes[from]!;
    const unread = box.take(key);
    if (unread) {
      if (box.refused !== undefined) this.#events.onRoom(from);
      return Promise.resolve(unread.value);
    }
    if (box.gone) throw box.gone;
    const wait = this.#wait(from, key, options);
    box.add(key, wait);
    if (box.refused !== undefined) this.#events.onRoom(from);
    this.#events.onWait(from);
    return wait.promise;
  }

  /** How many messages of a rank were delivered or taken out, since the beginning. */
  moves(rank: number): number {
    return this.#boxes[rank]!.moves;
  }

  /** Whether a `recv` waits for a rank. */
  isWaitedFor(rank: number): boolean {
    return this.#boxes[rank]!.isWaitedFor;
  }

  /** Rejects every wait, drops what is unread and takes nothing more. @param error why */
  close(error: Error): void {
    if (this.#closed) return;
    this.#closed = error;
    for (const box of this.#boxes) {
      box.dropAll();
      box.rejectAll(error);
    }
  }

  /** Calls back with the sender and the size of each unread message of a context. */
  eachUnread(prefix: string, callback: (from: number, bytes: number) => void): void {
    for (const [from, box] of this.#boxes.entries()) {
      box.eachUnread(prefix, (bytes) => callback(from, bytes));
    }
  }

  /**
   * Rejects the waits for all keys of a context, and drops what is unread.
   *
   * @param prefix what the context's keys begin with, as {@linkcode prefixOf} has it
   * @param error why
   */
  clear(prefix: string, error: Error): void {
    for (const [rank, box] of this.#boxes.entries()) {
      if (box.clear(prefix, error) && box.refused !== undefined) this.#events.onRoom(rank);
    }
  }

  /** Rejects every wait for one rank; what it sent before can still be taken. @param error why */
  markGone(rank: number, error: Error): void {
    const box = this.#boxes[rank]!;
    box.gone ??= error;
    box.rejectAll(error);
  }

  /**
   * What keeps a rank's messages from being read: unread ones fill the mailbox, and the one that a
   * `recv` waits for is behind them.
   *
   * @param waitedMs for how long the `recv` has to have waited, in milliseconds
   * @returns the deadlock; undefined when there is none
   */
  deadlock(rank: number, waitedMs: number): PartyError | undefined {
    const box = this.#boxes[rank]!;
    const awaited = box.keyWaitedFor(waitedMs);
    if (box.refused === undefined || awaited === undefined) return undefined;
    const keys = box.keys();
    const named = keys.slice(0, 5).map((key) => JSON.stringify(key)).join(", ");
    return new PartyError(
      "MAILBOX_FULL",
      `Cannot receive key ${JSON.stringify(awaited)} from rank ${rank}: ${keys.length} unread ` +
        `messages before it fill the mailbox with ${box.unreadBytes} of ${this.#maxBytes} bytes, under ` +
        `${named}${keys.length > 5 ? " and others" : ""}; receive them, or raise maxMailboxBytes`,
      { rank, key: awaited },
    );
  }

  /** What waits here for a rank, and from it. */
  view(rank: number): MailboxView {
    return this.#boxes[rank]!.view();
  }

  #wait(
    from: number,
    key: string,
    options: WaitOptions & { timeoutMs: number },
  ): Wait<unknown> {
    return new Wait<unknown>(options, this.#deadlines, (elapsedMs) =>
      new TimeoutError(
        "RECV_TIMEOUT",
        `Cannot receive key ${JSON.stringify(key)} from rank ${from}: nothing came within ` +
          `${elapsedMs} ms; check that rank ${from} runs and sends this key`,
        { rank: from, key, elapsedMs },
      ));
  }
}
