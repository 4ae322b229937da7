/**
 * The messages of a link that are not acknowledged yet, in the order of the stream. No I/O.
 *
 * @module
 */

import { Wait } from "../wait.ts";

/** A message of a stream, and who waits for its acknowledgement. */
export class SentMessage extends Wait<number> {
  /** Where it begins in the stream. */
  start = 0;
  /** The place in the stream after it. */
  end = 0;
  /** How many bytes it has. */
  bytes = 0;
}

/** Who waits for the acknowledgement of what. */
export class Pending {
  readonly #messages: SentMessage[] = [];
  readonly #onAcknowledged: (ms: number) => void;

  /** @param onAcknowledged hears how long each message took, in milliseconds */
  constructor(onAcknowledged: (ms: number) => void) {
    this.#onAcknowledged = onAcknowledged;
  }

  /** Adds the latest message. */
  add(message: SentMessage): void {
    this.#messages.push(message);
  }

  /** Resolves the messages that are whole at the receiver. @param place up to where it holds them */
  acknowledge(place: number): void {
    const now = performance.now();
    let done = 0;
    for (; done < this.#messages.length; done++) {
      const message = this.#messages[done]!;
      if (message.end > place) break;
      this.#onAcknowledged(now - message.startedAt);
      message.resolve(message.bytes);
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
    for (let last = this.#messages.at(-1); last?.settled; last = this.#messages.at(-1)) {
      if (last.start < sent) break;
      start = last.start;
      this.#messages.pop();
    }
    return start;
  }

  /** Rejects all of them. */
  reject(error: Error): void {
    for (const message of this.#messages.splice(0)) message.reject(error);
  }

  /** Gives all of them away. */
  takeAll(): Wait<number>[] {
    return this.#messages.splice(0);
  }
}
