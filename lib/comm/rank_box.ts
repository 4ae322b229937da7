/**
 * What one rank sent that was not read, and what a `recv` waits for from it.
 *
 * @module
 */

import type { Wait } from "./wait.ts";

/** What a message takes besides its value and its key, so that a flood of tiny ones is bounded. */
const ENTRY_BYTES = 64;

interface Unread {
  value: unknown;
  /** What it counts against the limit. */
  weight: number;
}

/** What becomes of one rank's messages here, for people. */
export interface MailboxView {
  /** What a `recv` waits for. */
  pending: { key: string; waitedMs: number }[];
  /** How many messages no `recv` has asked for, and how many bytes they take. */
  unread: { messages: number; bytes: number };
}

/** One rank's part of a mailbox. */
export class RankBox {
  /** Why nothing more will come, when the rank has left. */
  gone: Error | undefined;
  /** The key of the message that found no room last; undefined once one has. */
  refused: string | undefined;
  /** How many messages were delivered or taken out. */
  moves = 0;
  /** What the unread messages weigh. */
  unreadBytes = 0;
  /** Messages that no `recv` has asked for yet, by key. */
  readonly #unread: Map<string, Unread> = new Map();
  /** The waits for each key, in the order in which they began; never an empty list. */
  readonly #waits: Map<string, Wait<unknown>[]> = new Map();
  /** The keys of what is unread or waited for, by the context that they are of. */
  readonly #byContext: Map<string, Set<string>> = new Map();

  /** The wait for a key that began first; undefined when there is none. */
  firstWait(key: string): Wait<unknown> | undefined {
    return this.#waits.get(key)?.[0];
  }

  /** Whether anything is waited for. */
  get isWaitedFor(): boolean {
    return this.#waits.size > 0;
  }

  /** Whether a message under that key was not read. */
  has(key: string): boolean {
    return this.#unread.has(key);
  }

  /** The keys of the messages that were not read, in the order in which they came. */
  keys(): string[] {
    return [...this.#unread.keys()];
  }

  /** Holds a message. */
  put(key: string, value: unknown, weight: number): void {
    this.#unread.set(key, { value, weight });
    this.unreadBytes += weight;
    this.moves++;
    this.#note(key);
  }

  /** Takes a message out. @returns undefined when there is none; its value may be anything */
  take(key: string): { value: unknown } | undefined {
    const unread = this.#unread.get(key);
    if (unread === undefined) return undefined;
    this.#unread.delete(key);
    this.unreadBytes -= unread.weight;
    this.moves++;
    this.#forget(key);
    return unread;
  }

  /** Adds a wait, until it is settled. */
  add(key: string, wait: Wait<unknown>): void {
    const others = this.#waits.get(key);
    const waits = others ?? [wait];
    if (others) others.push(wait);
    else {
      this.#waits.set(key, waits);
      this.#note(key);
    }
    wait.whenSettled(() => {
      if (waits.length > 1) return void waits.splice(waits.indexOf(wait), 1);
      this.#waits.delete(key);
      this.#forget(key);
    });
  }

  /** Rejects every wait. */
  rejectAll(error: Error): void {
    for (const wait of [...this.#waits.values()].flat()) wait.reject(error);
  }

  /** Drops every message. */
  dropAll(): void {
    for (const key of this.keys()) this.take(key);
  }

  /** Calls back with the size of each unread message of a context. */
  eachUnread(prefix: string, callback: (bytes: number) => void): void {
    for (const key of this.#byContext.get(prefix) ?? []) {
      const weight = this.#unread.get(key)?.weight;
      if (weight !== undefined) callback(weight - weigh(key, 0));
    }
  }

  /** Rejects the waits of a context, and drops its messages. @returns whether there were any */
  clear(prefix: string, error: Error): boolean {
    const keys = this.#byContext.get(prefix);
    if (keys === undefined) return false;
    for (const key of [...keys]) {
      this.take(key);
      for (const wait of [...this.#waits.get(key) ?? []]) wait.reject(error);
    }
    return true;
  }

  /** A key whose first wait began so long ago; undefined when there is none. */
  keyWaitedFor(waitedMs: number): string | undefined {
    return [...this.#waits].find(([, [first]]) => first!.elapsedMs >= waitedMs)?.[0];
  }

  /** What waits here, on both sides. */
  view(): MailboxView {
    const pending = [...this.#waits].flatMap(([key, list]) =>
      list.map(({ elapsedMs }) => ({ key, waitedMs: elapsedMs }))
    );
    return { pending, unread: { messages: this.#unread.size, bytes: this.unreadBytes } };
  }

  #note(key: string): void {
    const prefix = prefixOf(key);
    const keys = this.#byContext.get(prefix);
    if (keys === undefined) this.#byContext.set(prefix, new Set([key]));
    else keys.add(key);
  }

  /** Nothing is under a key any more: no message is where a `recv` waits. */
  #forget(key: string): void {
    const prefix = prefixOf(key);
    const keys = this.#byContext.get(prefix);
    keys?.delete(key);
    if (keys?.size === 0) this.#byContext.delete(prefix);
  }
}

/**
 * @param key of a message
 * @returns the beginning of it that is its outermost context's, `@name:`; empty when it has none
 */
export function prefixOf(key: string): string {
  return key.startsWith("@") ? key.slice(0, key.indexOf(":") + 1) : "";
}

/** @returns what a message counts against the limit */
export function weigh(key: string, bytes: number): number {
  return bytes + 2 * key.length + ENTRY_BYTES;
}
