/**
 * One request of a link, from its first byte to its last acknowledgement.
 *
 * @module
 */

import { describeError, NetworkError, PartyError } from "../../errors.ts";
import { RetryLater } from "../retry.ts";
import type { LinkStream } from "./stream.ts";

/**
 * Makes a request to the peer's end of a link.
 *
 * @param place where its body begins in the stream
 * @param body the bytes from there on
 * @returns the answer, when it is one of a link
 * @throws {RetryLater} when the request may be made again
 */
export type Request = (
  place: number,
  body: Uint8Array | ReadableStream<Uint8Array>,
  signal: AbortSignal,
) => Promise<Response>;

/** The peer has no links. */
export class JsonOnly extends Error {}

/** A gateway takes no body of that size. */
export class TooLarge extends Error {}

/** Where a request begins, how it is made, and who hears of its acknowledgements. */
export interface AttemptOptions {
  /** The stream that it carries a part of. */
  stream: LinkStream;
  /** Makes the request. */
  request: Request;
  /** Hears of every place that is acknowledged. */
  onAcknowledged: (place: number) => void;
  /** Tells what to acknowledge to the peer along with what is sent to it; undefined for nothing. */
  takeDue: () => number | undefined;
}

/** A request that is under way. */
export abstract class Attempt {
  protected readonly stream: LinkStream;
  readonly #request: Request;
  readonly #onAcknowledged: (place: number) => void;
  readonly #stop: AbortController = new AbortController();
  #cut: (error: Error) => void = () => {};
  #answer: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #acks = 0;
  #silentTicks = 0;

  /** @param options what it carries, and how */
  constructor({ stream, request, onAcknowledged }: AttemptOptions) {
    this.stream = stream;
    this.#request = request;
    this.#onAcknowledged = onAcknowledged;
  }

  /** How many acknowledgements came. */
  get acks(): number {
    return this.#acks;
  }

  /** How many ticks an acknowledgement has been due for. */
  get silentTicks(): number {
    return this.#silentTicks;
  }

  /**
   * Makes the request.
   *
   * @returns resolves once the peer has answered all that it will
   * @throws {RetryLater} when the connection broke, or the request may be made again
   */
  abstract run(): Promise<void>;

  /** Says that there is more to send. */
  abstract wake(): void;

  /** Says that something was acknowledged, so that more may be on its way. */
  goOn(): void {}

  /** Ends the request as soon as may be. @param error what `run` rejects with if it has to */
  abstract end(error: Error): void;

  /** Counts time. @param needed whether anybody needs the link at present */
  tick(_needed: boolean): void {
    const due = this.#acks === 0 || this.stream.acknowledged < this.stream.sent;
    this.#silentTicks = due ? this.#silentTicks + 1 : 0;
  }

  /** Ends the request at once. @param error what `run` rejects with */
  cut(error: Error): void {
    this.#cut(error);
    this.#hangUp();
  }

  /** Carries a body, whose first byte is at a place of the stream, to the peer. */
  protected async exchange(
    place: number,
    body: Uint8Array | ReadableStream<Uint8Array>,
  ): Promise<void> {
    // Not left to the request alone: on Deno it does not hear of its signal while packets are lost.
    const cut = new Promise<never>((_, reject) => this.#cut = reject);
    const answered = this.#readAnswer(place, body);
    answered.catch(() => {}); // what comes after a cut is of no account
    await Promise.race([answered, cut]);
    // A peer may have said all that it will while the request goes on.
    if (body instanceof ReadableStream) this.#hangUp();
    if (this.#acks === 0) throw new NetworkError("the answer holds no acknowledgement");
  }

  async #readAnswer(
    place: number,
    body: Uint8Array | ReadableStream<Uint8Array>,
  ): Promise<void> {
    const response = await this.#request(place, body, this.#stop.signal);
    const acks = this.stream.answer(place);
    try {
      if (isShort(response)) {
        await this.#take(acks.read(new Uint8Array(await response.arrayBuffer())));
      } else if (response.body !== null) {
        const reader = this.#answer = response.body.getReader();
        for (let next = await reader.read(); !next.done; next = await reader.read()) {
          const taken = this.#take(acks.read(next.value));
          if (taken !== undefined) await taken;
        }
      }
    } catch (cause) {
      this.#answer?.cancel().catch(() => {});
      if (cause instanceof PartyError || cause instanceof RetryLater) throw cause;
      const why = `the connection broke: ${describeError(cause)}`;
      throw new RetryLater(new NetworkError(why, { cause }));
    }
  }

  /** On Deno, an answer whose `Response` was collected as garbage hears of its signal no more. */
  #hangUp(): void {
    this.#stop.abort();
    this.#answer?.cancel().catch(() => {});
  }

  #take(place: number | undefined | Promise<number | undefined>): Promise<void> | undefined {
    if (place instanceof Promise) return place.then((read) => this.#take(read));
    if (place === undefined) return undefined;
    this.#acks++;
    this.#silentTicks = 0;
    this.#onAcknowledged(place);
    return undefined;
  }
}

/** Whether an answer is so short that it comes at once, which is read much faster as one. */
function isShort({ headers }: Response): boolean {
  const length = headers.get("content-length");
  return length !== null && Number(length) < 512;
}
