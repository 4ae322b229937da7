/**
 * Where messages wait for their `recv`, and a `recv` for its message: one place a sender and key.
 *
 * @module
 */

import { PartyError, TimeoutError } from "../errors.ts";
import type { WaitOptions } from "./communicator.ts";
import { Wait } from "./wait.ts";

interface Unread {
  value: unknown;
  /** What it counts against the limit. */
  weight: number;
}

/** What a message takes besides its value and its key, so that a flood of tiny ones is bounded. */
const ENTRY_BYTES = 64;

/** What one rank sent, or is waited for to send. */
interface Sender {
  /** Messages that no `recv` has asked for yet, by key. */
  unread: Map<string, Unread>;
  unreadBytes: number;
  /** The waits for each key, in the order in which they began; never an empty list. */
  waits: Map<string, Wait<unknown>[]>;
  /** Why nothing more will come, when the rank has left. */
  gone: Error | undefined;
}

/** The messages of one session that have arrived and were not read. */
export class Mailbox {
  readonly #senders: Sender[];
  readonly #maxBytes: number;
  #closed: Error | undefined;

  /**
   * @param worldSize the number of parties
   * @param maxBytes how many unread bytes are held for each sender; a larger message is held alone
   */
  constructor(worldSize: number, maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#senders = Array.from({ length: worldSize }, () => ({
      unread: new Map(),
      unreadBytes: 0,
      waits: new Map(),
      gone: undefined,
    }));
  }

  /**
   * Hands a message to the `recv` that waits for it, or holds it.
   *
   * @param bytes how many bytes the encoded value has; with the key, and 64 bytes besides, it counts
   * against the limit while it is unread
   * @throws {PartyError} `DUPLICATE_KEY` or `MAILBOX_FULL`; the message is then not taken
   */
  deliver(from: number, key: string, value: unknown, bytes: number): void {
    if (this.#closed) throw this.#closed;
    const sender = this.#senders[from]!;
    const waits = sender.waits.get(key);
    if (waits) {
      const wait = waits.shift()!;
      if (waits.length === 0) sender.waits.delete(key);
      wait.resolve(value);
      return;
    }
    if (sender.unread.has(key)) {
      throw new PartyError(
        "DUPLICATE_KEY",
        `Cannot take key ${JSON.stringify(key)} from rank ${from}: its last message is still ` +
          `unread; use a key of its own for each message, such as newId() gives`,
        { rank: from, key },
      );
    }
    const weight = bytes + 2 * key.length + ENTRY_BYTES;
    // One that is larger than the whole box has to get in all the same, when it is alone.
    if (sender.unreadBytes > 0 && sender.unreadBytes + weight > this.#maxBytes) {
      throw new PartyError(
        "MAILBOX_FULL",
        `Cannot hold ${weight} bytes more from rank ${from}: ${sender.unreadBytes} of ` +
          `${this.#maxBytes} bytes wait unread; try again once they are received`,
        { rank: from, key },
      );
    }
    sender.unread.set(key, { value, weight });
    sender.unreadBytes += weight;
  }

  /**
   * Takes a message out, waiting for it if need be.
   *
   * @throws {TimeoutError} `RECV_TIMEOUT`, when the deadline passes
   */
  async take(
    from: number,
    key: string,
    options: WaitOptions & { timeoutMs: number },
  ): Promise<unknown> {
    if (this.#closed) throw this.#closed;
    options.signal?.throwIfAborted();
    const sender = this.#senders[from]!;
    const unread = sender.unread.get(key);
    if (unread) {
      sender.unread.delete(key);
      sender.unreadBytes -= unread.weight;
      return unread.value;
    }
    if (sender.gone) throw sender.gone;
    return await this.#wait(sender, from, key, options);
  }

  /** Rejects every wait, drops what is unread and takes nothing more. @param error why */
  close(error: Error): void {
    if (this.#closed) return;
    this.#closed = error;
    for (const sender of this.#senders) {
      sender.unread.clear();
      sender.unreadBytes = 0;
      rejectAll(sender, error);
    }
  }

  /** Rejects every wait for one rank; what it sent before can still be taken. @param error why */
  markGone(rank: number, error: Error): void {
    const sender = this.#senders[rank]!;
    sender.gone ??= error;
    rejectAll(sender, error);
  }

  #wait(
    sender: Sender,
    from: number,
    key: string,
    options: WaitOptions & { timeoutMs: number },
  ): Promise<unknown> {
    const wait = new Wait<unknown>(options, (elapsedMs) =>
      new TimeoutError(
        "RECV_TIMEOUT",
        `Cannot receive key ${JSON.stringify(key)} from rank ${from}: nothing came within ` +
          `${elapsedMs} ms; check that rank ${from} runs and sends this key`,
        { rank: from, key, elapsedMs },
      ));
    const waits = sender.waits.get(key);
    if (waits) waits.push(wait);
    else sender.waits.set(key, [wait]);
    wait.whenSettled(() => {
      const left = sender.waits.get(key);
      const at = left?.indexOf(wait) ?? -1;
      if (at === -1) return; // it was resolved, and taken out before
      left!.splice(at, 1);
      if (left!.length === 0) sender.waits.delete(key);
    });
    return wait.promise;
  }
}

function rejectAll(sender: Sender, error: Error): void {
  for (const wait of [...sender.waits.values()].flat()) wait.reject(error);
}
