/**
 * The messages of a link that are not acknowledged yet, in the order of the stream. No I/O.
 *
 * @module
 */

import type { Wait } from "../wait.ts";

interface Message {
  /** Where it begins in the stream. */
  start: number;
  /** The place in the stream after it. */
  end: number;
  bytes: number;
  wait: Wait<number>;
}

/** Who waits for the acknowledgement of what. */
export class Pending {
  readonly #messages: Message[] = [];
  readonly #onAcknowledged: (ms: number) => void;

  /** @param onAcknowledged hears how long each message took, in milliseconds */
  constructor(onAcknowledged: (ms: number) => void) {
    this.#onAcknowledged = onAcknowledged;
  }

  /** Adds the latest message: where it begins in the stream, the place after it, and its size. */
  add(start: number, end: number, bytes: number, wait: Wait<number>): void {
    this.#messages.push({ start, end, bytes, wait });
  }

  /** Resolves the messages that are whole at the receiver. @param place up to where it holds them */
  acknowledge(place: number): void {
    const now = performance.now();
    let done = 0;
    for (; done < this.#messages.length; done++) {
      const { end, bytes, wait } = this.#messages[done]!;
      if (end > place) break;
      this.#onAcknowledged(now - wait.startedAt);
      wait.resolve(bytes);
    }
    this.#messages.splice(0, done);
  }

  /**
   * Takes the latest messages out that were given up before any of their bytes was sent.
   *
   * @param sent up to where the stream was sent
   * @returns the place in the stream where the first of them began; undefined when there is none
   */
  dropGivenUp(sent: number): number | undefined {
    let start: number | undefined;
    for (let last = this.#messages.at(-1); last?.wait.settled; last = this.#messages.at(-1)) {
      if (last.start < sent) break;
      start = last.start;
      this.#messages.pop();
    }
    return start;
  }

  /** Rejects all of them. */
  reject(error: Error): void {
    for (const { wait } of this.#messages.splice(0)) wait.reject(error);
  }

  /** Gives all of them away. */
  takeAll(): Wait<number>[] {
    return this.#messages.splice(0).map(({ wait }) => wait);
  }
}
