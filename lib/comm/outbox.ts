/**
 * What waits to be sent to one peer: one message at a time, each tried again until it is delivered,
 * refused or out of time. How a message travels is the `attempt`'s affair.
 *
 * @module
 */

import { sleep } from "../timing.ts";
import type { Payload } from "../wire/message.ts";
import type { WaitOptions } from "./communicator.ts";
import type { Deadlines } from "./deadlines.ts";
import { Backoff, RetryLater } from "./retry.ts";
import { sendTimeout } from "./send_timeout.ts";
import { Wait } from "./wait.ts";

const MAX_DELAY_MS = 1_000;

/** A message on its way to one peer. */
export interface Outgoing extends Payload {
  /** The key. */
  key: string;
  /** Its place among the messages to this peer, from 1: the same in every attempt. */
  seq: number;
}

interface Pending {
  message: Outgoing;
  wait: Wait<number>;
  /** Whether an attempt is being made at this moment. */
  underway: boolean;
  lastError?: unknown;
}

/** Whose outbox it is, and how messages leave it. */
export interface OutboxOptions {
  /** The peer's rank. */
  rank: number;
  /** Watches the time of sends. */
  deadlines: Deadlines;
  /** Delivers one message; throws {@linkcode RetryLater} when it may be tried again. */
  attempt: (message: Outgoing, signal: AbortSignal) => Promise<void>;
  /** Is called before each further attempt. */
  onRetry: () => void;
}

/** The queue of messages to one peer. */
export class Outbox {
  readonly #options: OutboxOptions;
  /** The first one is being sent. */
  readonly #queue: Pending[] = [];
  #seq = 0;
  #closed: Error | undefined;

  /** @param options whose it is */
  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /**
   * @returns how many bytes the message has, once the peer holds it
   * @throws {TimeoutError} `SEND_TIMEOUT`, whose cause is what the last attempt met
   */
  async send(
    key: string,
    payload: Payload,
    options: WaitOptions & { timeoutMs: number },
  ): Promise<number> {
    if (this.#closed) throw this.#closed;
    const { rank, deadlines } = this.#options;
    const pending: Pending = {
      message: { key, seq: ++this.#seq, ...payload },
      wait: new Wait<number>(
        options,
        deadlines,
        (elapsedMs) => sendTimeout(rank, key, elapsedMs, pending.lastError),
      ),
      underway: false,
    };
    this.#queue.push(pending);
    if (this.#queue.length === 1) void this.#run();
    else pending.wait.whenSettled(() => this.#drop(pending));
    return await pending.wait.promise;
  }

  /** Rejects all that is not delivered, and every later send. @param error why */
  close(error: Error): void {
    this.#closed ??= error;
    for (const { wait } of [...this.#queue]) wait.reject(error);
  }

  /** The same, but an attempt that is being made may still succeed. @param error why */
  finish(error: Error): void {
    this.#closed ??= error;
    for (const { wait, underway } of [...this.#queue]) if (!underway) wait.reject(error);
  }

  async #run(): Promise<void> {
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      await this.#deliver(next);
      this.#queue.shift();
    }
  }

  /** Takes one that was given up before its turn out of the queue, and its payload with it. */
  #drop(pending: Pending): void {
    const at = this.#queue.indexOf(pending);
    if (at > 0) this.#queue.splice(at, 1);
  }

  /** Tries until the wait is settled, one way or the other. */
  async #deliver(pending: Pending): Promise<void> {
    const { message, wait } = pending;
    if (wait.settled) return;
    const stop = new AbortController();
    const backoff = new Backoff();
    let delivered = false;
    // Aborting a request that has ended costs as much as a tenth of making it.
    wait.whenSettled(() => delivered || stop.abort());
    while (!wait.settled) {
      try {
        pending.underway = true;
        await this.#options.attempt(message, stop.signal);
        delivered = true;
        wait.resolve(message.bytes);
      } catch (error) {
        pending.underway = false;
        if (!(error instanceof RetryLater)) wait.reject(error);
        else if (this.#closed) wait.reject(this.#closed);
        if (wait.settled) return;
        const { cause, afterMs } = error as RetryLater;
        pending.lastError = cause;
        await sleep(Math.max(afterMs, backoff.next(MAX_DELAY_MS)), stop.signal);
        if (!wait.settled) this.#options.onRetry();
      }
    }
  }
}
