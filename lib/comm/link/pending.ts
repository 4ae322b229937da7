/**
 * The messages of a link that are not acknowledged yet, in the order of the stream. No I/O.
 *
 * @module
 */

import type { Wait } from "../wait.ts";

interface Message {
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

  /** Adds the latest message. @param end the place in the stream after it */
  add(end: number, bytes: number, wait: Wait<number>): void {
    this.#messages.push({ end, bytes, wait });
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

  /** Rejects all of them. */
  reject(error: Error): void {
    for (const { wait } of this.#messages.splice(0)) wait.reject(error);
  }

  /** Gives all of them away. */
  takeAll(): Wait<number>[] {
    return this.#messages.splice(0).map(({ wait }) => wait);
  }
}
