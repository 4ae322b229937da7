/**
 * Where messages wait for their `recv`, and a `recv` for its message: one place a sender and key.
 *
 * @module
 */

import { PartyError, TimeoutError } from "../errors.ts";
import type { WaitOptions } from "./communicator.ts";
import type { Deadlines } from "./deadlines.ts";
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
  /** The keys of what is unread or waited for, by the context that they are of. */
  byContext: Map<string, Set<string>>;
  /** Messages that no `recv` has asked for yet, by key. */
  unread: Map<string, Unread>;
  unreadBytes: number;
  /** The waits for each key, in the order in which they began; never an empty list. */
  waits: Map<string, Wait<unknown>[]>;
  /** Why nothing more will come, when the rank has left. */
  gone: Error | undefined;
  /** The key of the message that found no room last; undefined once one has. */
  refused: string | undefined;
  /** How many messages were delivered or taken out. */
  moves: number;
}

/** What becomes of one rank's messages here, for people. */
export interface MailboxView {
  /** What a `recv` waits for. */
  pending: { key: string; waitedMs: number }[];
  /** How many messages no `recv` has asked for, and how many bytes they take. */
  unread: { messages: number; bytes: number };
}

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
  readonly #senders: Sender[];
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
    this.#senders = Array.from({ length: worldSize }, () => ({
      byContext: new Map(),
      unread: new Map(),
      unreadBytes: 0,
      waits: new Map(),
      gone: undefined,
      refused: undefined,
      moves: 0,
    }));
  }

  /**
   * Says whether there is room for a message, or a `recv` that waits for it.
   *
   * @param bytes how many bytes the encoded value has; with the key, and 64 bytes besides, it counts
   * against the limit while it is unread
   */
  admits(from: number, key: string, bytes: number): boolean {
    const sender = this.#senders[from]!;
    // One that is larger than the whole box has to get in all the same, when it is alone.
    if (
      sender.waits.has(key) || sender.unreadBytes === 0 || sender.unread.has(key) ||
      sender.unreadBytes + weigh(key, bytes) <= this.#maxBytes
    ) {
      sender.refused = undefined;
      return true;
    }
    sender.refused = key;
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
    const sender = this.#senders[from]!;
    const wait = sender.waits.get(key)?.[0];
    if (wait) {
      sender.refused = undefined;
      sender.moves++;
      return wait.resolve(value); // which takes it out
    }
    if (!this.admits(from, key, bytes)) {
      throw new PartyError(
        "MAILBOX_FULL",
        `Cannot hold ${weigh(key, bytes)} bytes more from rank ${from}: ${sender.unreadBytes} of ` +
          `${this.#maxBytes} bytes wait unread; try again once they are received`,
        { rank: from, key },
      );
    }
    if (sender.unread.has(key)) {
      throw new PartyError(
        "DUPLICATE_KEY",
        `Cannot take key ${JSON.stringify(key)} from rank ${from}: its last message is still ` +
          `unread; use a key of its own for each message, such as newId() gives`,
        { rank: from, key },
      );
    }
    const weight = weigh(key, bytes);
    sender.unread.set(key, { value, weight });
    sender.unreadBytes += weight;
    sender.moves++;
    note(sender, key);
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
    const sender = this.#senders[from]!;
    const unread = sender.unread.get(key);
    if (unread) {
      remove(sender, key, unread);
      if (sender.refused !== undefined) this.#events.onRoom(from);
      return Promise.resolve(unread.value);
    }
    if (sender.gone) throw sender.gone;
    const wait = this.#wait(sender, from, key, options);
    if (sender.refused !== undefined) this.#events.onRoom(from);
    this.#events.onWait(from);
    return wait.promise;
  }

  /** How many messages of a rank were delivered or taken out, since the beginning. */
  moves(rank: number): number {
    return this.#senders[rank]!.moves;
  }

  /** Whether a `recv` waits for a rank. */
  isWaitedFor(rank: number): boolean {
    return this.#senders[rank]!.waits.size > 0;
  }

  /** Rejects every wait, drops what is unread and takes nothing more. @param error why */
  close(error: Error): void {
    if (this.#closed) return;
    this.#closed = error;
    for (const sender of this.#senders) {
      for (const [key, unread] of sender.unread) remove(sender, key, unread);
      rejectAll(sender, error);
    }
  }

  /** Calls back with the sender and the size of each unread message of a context. */
  eachUnread(prefix: string, callback: (from: number, bytes: number) => void): void {
    for (const [from, { byContext, unread }] of this.#senders.entries()) {
      for (const key of byContext.get(prefix) ?? []) {
        const weight = unread.get(key)?.weight;
        if (weight !== undefined) callback(from, weight - weigh(key, 0));
      }
    }
  }

  /**
   * Rejects the waits for all keys of a context, and drops what is unread.
   *
   * @param prefix what the context's keys begin with, as {@linkcode prefixOf} has it
   * @param error why
   */
  clear(prefix: string, error: Error): void {
    for (const [rank, sender] of this.#senders.entries()) {
      const keys = sender.byContext.get(prefix);
      if (keys === undefined) continue;
      for (const key of [...keys]) {
        const unread = sender.unread.get(key);
        if (unread !== undefined) remove(sender, key, unread);
        for (const wait of [...sender.waits.get(key) ?? []]) wait.reject(error);
      }
      if (sender.refused !== undefined) this.#events.onRoom(rank);
    }
  }

  /** Rejects every wait for one rank; what it sent before can still be taken. @param error why */
  markGone(rank: number, error: Error): void {
    const sender = this.#senders[rank]!;
    sender.gone ??= error;
    rejectAll(sender, error);
  }

  /**
   * What keeps a rank's messages from being read: unread ones fill the mailbox, and the one that a
   * `recv` waits for is behind them.
   *
   * @param waitedMs for how long the `recv` has to have waited, in milliseconds
   * @returns the deadlock; undefined when there is none
   */
  deadlock(rank: number, waitedMs: number): PartyError | undefined {
    const { refused, unread, unreadBytes, waits } = this.#senders[rank]!;
    const [awaited] = [...waits].find(([, [first]]) => first!.elapsedMs >= waitedMs) ?? [];
    if (refused === undefined || awaited === undefined) return undefined;
    const keys = [...unread.keys()];
    const named = keys.slice(0, 5).map((key) => JSON.stringify(key)).join(", ");
    return new PartyError(
      "MAILBOX_FULL",
      `Cannot receive key ${JSON.stringify(awaited)} from rank ${rank}: ${keys.length} unread ` +
        `messages before it fill the mailbox with ${unreadBytes} of ${this.#maxBytes} bytes, under ` +
        `${named}${keys.length > 5 ? " and others" : ""}; receive them, or raise maxMailboxBytes`,
      { rank, key: awaited },
    );
  }

  /** What waits here for a rank, and from it. */
  view(rank: number): MailboxView {
    const { waits, unread, unreadBytes } = this.#senders[rank]!;
    const pending = [...waits].flatMap(([key, list]) =>
      list.map(({ elapsedMs }) => ({ key, waitedMs: elapsedMs }))
    );
    return { pending, unread: { messages: unread.size, bytes: unreadBytes } };
  }

  #wait(
    sender: Sender,
    from: number,
    key: string,
    options: WaitOptions & { timeoutMs: number },
  ): Wait<unknown> {
    const wait = new Wait<unknown>(options, this.#deadlines, (elapsedMs) =>
      new TimeoutError(
        "RECV_TIMEOUT",
        `Cannot receive key ${JSON.stringify(key)} from rank ${from}: nothing came within ` +
          `${elapsedMs} ms; check that rank ${from} runs and sends this key`,
        { rank: from, key, elapsedMs },
      ));
    const others = sender.waits.get(key);
    const waits = others ?? [wait];
    if (others) others.push(wait);
    else {
      sender.waits.set(key, waits);
      note(sender, key);
    }
    wait.whenSettled(() => {
      if (waits.length > 1) return void waits.splice(waits.indexOf(wait), 1);
      sender.waits.delete(key);
      forget(sender, key);
    });
    return wait;
  }
}

/**
 * @param key of a message
 * @returns the beginning of it that is its outermost context's, `@name:`; empty when it has none
 */
export function prefixOf(key: string): string {
  return key.startsWith("@") ? key.slice(0, key.indexOf(":") + 1) : "";
}

function note({ byContext }: Sender, key: string): void {
  const prefix = prefixOf(key);
  const keys = byContext.get(prefix);
  if (keys === undefined) byContext.set(prefix, new Set([key]));
  else keys.add(key);
}

/** Nothing is under a key any more: no message is where a `recv` waits. */
function forget({ byContext }: Sender, key: string): void {
  const prefix = prefixOf(key);
  const keys = byContext.get(prefix);
  keys?.delete(key);
  if (keys?.size === 0) byContext.delete(prefix);
}

function remove(sender: Sender, key: string, { weight }: Unread): void {
  sender.unread.delete(key);
  sender.unreadBytes -= weight;
  sender.moves++;
  forget(sender, key);
}

function weigh(key: string, bytes: number): number {
  return bytes + 2 * key.length + ENTRY_BYTES;
}

function rejectAll(sender: Sender, error: Error): void {
  for (const wait of [...sender.waits.values()].flat()) wait.reject(error);
}
