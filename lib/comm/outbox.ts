/**
 * What waits to be sent to one peer: one message at a time, each tried again until it is delivered,
 * refused or out of time. How a message travels is the `attempt`'s affair.
 *
 * @module
 */

import { describeError, NetworkError, TimeoutError } from "../errors.ts";
import { sleep } from "../timing.ts";
import type { Payload } from "../wire/message.ts";
import type { WaitOptions } from "./communicator.ts";
import { Wait } from "./wait.ts";

const FIRST_DELAY_MS = 20;
const MAX_DELAY_MS = 1_000;

/** A message on its way to one peer. */
export interface Outgoing extends Payload {
  /** The key. */
  key: string;
  /** Its place among the messages to this peer, from 1: the same in every attempt. */
  seq: number;
}

/** Thrown by an attempt that may be made again. */
export class RetryLater extends Error {
  /** How long to wait at least, in milliseconds; the outbox's own delay may be longer. */
  readonly afterMs: number | undefined;

  /**
   * @param cause what the attempt met
   * @param afterMs how long the peer wants to be left alone, in milliseconds
   */
  constructor(cause: Error, afterMs?: number) {
    super(cause.message, { cause });
    this.afterMs = afterMs;
  }
}

interface Pending {
  message: Outgoing;
  wait: Wait<void>;
  /** Whether an attempt is being made at this moment. */
  underway: boolean;
  lastError?: unknown;
}

/** The queue of messages to one peer. */
export class Outbox {
  readonly #rank: number;
  readonly #attempt: (message: Outgoing, signal: AbortSignal) => Promise<void>;
  readonly #onRetry: () => void;
  /** The first one is being sent. */
  readonly #queue: Pending[] = [];
  #seq = 0;
  #closed: Error | undefined;

  /**
   * @param rank the peer's
   * @param attempt delivers one message; throws {@linkcode RetryLater} when it may be tried again
   * @param onRetry is called before each further attempt
   */
  constructor(
    rank: number,
    attempt: (message: Outgoing, signal: AbortSignal) => Promise<void>,
    onRetry: () => void,
  ) {
    this.#rank = rank;
    this.#attempt = attempt;
    this.#onRetry = onRetry;
  }

  /**
   * @returns resolves when the peer holds the message
   * @throws {TimeoutError} `SEND_TIMEOUT`, whose cause is what the last attempt met
   */
  async send(
    key: string,
    payload: Payload,
    options: WaitOptions & { timeoutMs: number },
  ): Promise<void> {
    if (this.#closed) throw this.#closed;
    const pending: Pending = {
      message: { key, seq: ++this.#seq, ...payload },
      wait: new Wait<void>(options, (elapsedMs) => this.#timeoutError(pending, elapsedMs)),
      underway: false,
    };
    this.#queue.push(pending);
    if (this.#queue.length === 1) void this.#run();
    else pending.wait.whenSettled(() => this.#drop(pending));
    await pending.wait.promise;
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
    let delivered = false;
    // Aborting a request that has ended costs as much as a tenth of making it.
    wait.whenSettled(() => delivered || stop.abort());
    for (let delayMs = FIRST_DELAY_MS; !wait.settled; delayMs *= 2) {
      try {
        pending.underway = true;
        await this.#attempt(message, stop.signal);
        delivered = true;
        wait.resolve();
      } catch (error) {
        pending.underway = false;
        if (!(error instanceof RetryLater)) wait.reject(error);
        else if (this.#closed) wait.reject(this.#closed);
        if (wait.settled) return;
        pending.lastError = (error as RetryLater).cause;
        // Half of the delay is random, so that parties that wait for one peer do not come together.
        const backoffMs = Math.min(delayMs, MAX_DELAY_MS) * (0.5 + Math.random() / 2);
        await sleep(Math.max((error as RetryLater).afterMs ?? 0, backoffMs), stop.signal);
        if (!wait.settled) this.#onRetry();
      }
    }
  }

  #timeoutError({ message, lastError }: Pending, elapsedMs: number): TimeoutError {
    const cause = lastError ??
      new NetworkError("no answer came", { rank: this.#rank, key: message.key });
    const why = describeError(cause);
    return new TimeoutError(
      "SEND_TIMEOUT",
      `Cannot send key ${
        JSON.stringify(message.key)
      } to rank ${this.#rank}: not delivered within ` +
        `${elapsedMs} ms (${why}); check that rank ${this.#rank} runs and has created the session`,
      { cause, rank: this.#rank, key: message.key, elapsedMs },
    );
  }
}
