/**
 * What one party sends another in one session: a stream of bytes that goes on over one request
 * after the other. The first is finite, and tells whether and how the peer answers. Then one
 * request stays open for as long as it can; where a gateway keeps bytes back until a request has
 * ended, finite requests go on.
 *
 * @module
 */

import { isRefused, NetworkError } from "../../errors.ts";
import { Bell, sleep } from "../../timing.ts";
import type { FramedMessage } from "../../wire/frames.ts";
import type { WaitOptions } from "../communicator.ts";
import { RetryLater } from "../retry.ts";
import { sendTimeout } from "../send_timeout.ts";
import type { Wait } from "../wait.ts";
import { type Attempt, type AttemptOptions, JsonOnly, TooLarge } from "./attempt.ts";
import type { LinkContext, LinkKind } from "./context.ts";
import { Patience, TICK_MS } from "./patience.ts";
import { Pending, SentMessage } from "./pending.ts";
import { Segment, SegmentSize } from "./segment.ts";
import type { LinkStream } from "./stream.ts";
import { Streaming } from "./streaming.ts";
import { Trouble } from "./trouble.ts";
import { Way } from "./way.ts";

/** For how many ticks a link is kept that nobody needs. */
const IDLE_TICKS = 5;
/** How long a request may take to end by itself once its link is closed. */
const CLOSE_MS = 500;
/** How long a peer that has left may take to acknowledge what it took. */
const FINISH_MS = 2_500;

/** The sending end of a link. */
export class Link {
  readonly #context: LinkContext;
  readonly #stream: LinkStream;
  readonly #segmentSize: SegmentSize = new SegmentSize();
  readonly #trouble: Trouble;
  readonly #patience: Patience;
  readonly #bell: Bell = new Bell();
  readonly #end: AbortController = new AbortController();
  readonly #pending: Pending;
  readonly #way: Way = new Way();
  readonly #attemptOptions: AttemptOptions;
  #kind: LinkKind = "none";
  #running: Promise<void> | undefined;
  #attempt: Attempt | undefined;
  #openedAt: number | undefined;
  #streams = 0;
  #idleTicks = 0;
  #closed: Error | undefined;

  /** @param context whose link it is, and to whom */
  constructor(context: LinkContext) {
    this.#context = context;
    this.#stream = context.stream;
    this.#trouble = new Trouble(context.rank, context.session);
    this.#patience = new Patience(context.rank, context.session);
    this.#pending = new Pending(context.onAcknowledged);
    this.#attemptOptions = {
      stream: this.#stream,
      request: context.request,
      onAcknowledged: (place) => this.acknowledge(place),
      takeDue: context.takeDue,
    };
  }

  /** How messages travel at present. */
  get kind(): LinkKind {
    return this.#kind;
  }

  /** When the latest request began, on the clock of `performance.now()`. */
  get openedAt(): number | undefined {
    return this.#openedAt;
  }

  /** How often the stream went on in another streaming request. */
  get resumes(): number {
    return Math.max(0, this.#streams - 1);
  }

  /** How many bytes were sent more than once. */
  get bytesResent(): number {
    return this.#stream.resent;
  }

  /**
   * Sends a message.
   *
   * @returns how many bytes it has, once the receiver holds it
   */
  send(
    key: string,
    { first, rest, bytes }: FramedMessage,
    options: WaitOptions & { timeoutMs: number },
  ): Promise<number> {
    if (this.#closed) return Promise.reject(this.#closed);
    const message = new SentMessage(
      options,
      this.#context.deadlines,
      (elapsedMs) =>
        sendTimeout(this.#context.rank, key, elapsedMs, this.#trouble.why(this.#way.isGreeted)),
    );
    message.start = this.#stream.end;
    this.#stream.append(first);
    for (const part of rest) this.#stream.appendLarge(part);
    message.end = this.#stream.end;
    message.bytes = bytes;
    this.#pending.add(message);
    if (options.signal !== undefined) message.whenSettled(() => this.#dropGivenUp());
    this.wake();
    return message.promise;
  }

  /** Says that there is something to send, or a `recv` that waits for the peer. */
  wake(): void {
    this.#idleTicks = 0;
    if (this.#running === undefined) this.#start();
    else if (this.#attempt !== undefined) this.#attempt.wake();
    else this.#bell.ring();
  }

  /** Gives away what the peer was to be sent. @returns the stream, and a wait for each message */
  takeOver(): { stream: LinkStream; waits: Wait<number>[] } {
    return { stream: this.#stream, waits: this.#pending.takeAll() };
  }

  /** Rejects what is not acknowledged, and ends. @param error why */
  close(error: Error): void {
    this.#closed ??= error;
    this.#pending.reject(error);
    this.#end.abort();
    this.#bell.ring();
    this.#attempt?.end(error);
    this.#cutAfter(CLOSE_MS, error);
  }

  /**
   * The same for a peer that has left: what it took before may still be acknowledged.
   *
   * @param error why
   */
  finish(error: Error): void {
    if (this.#attempt === undefined) return this.close(error);
    this.#closed ??= error;
    this.#cutAfter(FINISH_MS, error);
  }

  /** Resolves once no request is under way any more, after it was closed. */
  async ended(): Promise<void> {
    await this.#running;
  }

  /** How long ago the latest request began, in milliseconds. */
  get #openMs(): number {
    return performance.now() - (this.#openedAt ?? -Infinity);
  }

  /** What was given up before it was sent needs no memory any more. */
  #dropGivenUp(): void {
    const place = this.#pending.dropGivenUp(this.#stream.begun);
    if (place !== undefined) this.#stream.truncate(place);
  }

  #cutAfter(ms: number, error: Error): void {
    if (this.#running === undefined) return this.#pending.reject(error);
    const timer = setTimeout(() => this.#attempt?.cut(error), ms);
    void this.#running.finally(() => clearTimeout(timer));
  }

  get #isNeeded(): boolean {
    return this.#unacknowledged || this.#context.isWaitedFor();
  }

  get #unacknowledged(): boolean {
    return !this.#stream.isDone;
  }

  #start(): void {
    if (this.#closed !== undefined || this.#kind === "json") return;
    const ticks = setInterval(() => this.#tick(), TICK_MS);
    this.#running = this.#run().finally(() => {
      clearInterval(ticks);
      this.#running = undefined;
      this.#stream.rest();
      this.#segmentSize.rest();
      if (this.#closed !== undefined) this.#pending.reject(this.#closed);
      else if (this.#unacknowledged) this.#start();
    });
  }

  /** Makes one request after the other, for as long as they are of use. */
  async #run(): Promise<void> {
    while (this.#closed === undefined && (this.#unacknowledged || this.#idleTicks < IDLE_TICKS)) {
      try {
        if (!this.#way.isOpen) await this.#sendSegment();
        else if (this.#isNeeded) await this.#stay();
        else await this.#bell.heard(TICK_MS); // a connection is not kept for nobody
      } catch (error) {
        if (!(await this.#recover(error))) return;
      } finally {
        this.#attempt = undefined;
      }
    }
  }

  async #travel(attempt: Attempt): Promise<void> {
    this.#attempt = attempt;
    this.#openedAt = performance.now();
    await attempt.run();
  }

  async #sendSegment(): Promise<void> {
    if (this.#way.keepsToSegments) this.#kind = "segments";
    if (this.#way.isGreeted && !this.#unacknowledged && this.#trouble.last === undefined) {
      await this.#bell.heard(TICK_MS);
      if (this.#closed !== undefined) return;
      // Who only waits for the peer asks now and then whether it is there.
      const asks = this.#context.isWaitedFor() && this.#openMs >= TICK_MS;
      if (!this.#unacknowledged && !asks) return;
    }
    await this.#travel(new Segment(this.#attemptOptions, this.#segmentSize));
    this.#way.greet();
    if (this.#kind === "none") this.#kind = "segments";
  }

  async #stay(): Promise<void> {
    this.#streams++;
    this.#segmentSize.rest();
    this.#way.stream();
    const streaming = new Streaming(this.#attemptOptions);
    await this.#travel(streaming);
    if (streaming.keptBack) this.#way.avoidStreams();
  }

  /** @returns whether to go on, after a while */
  async #recover(error: unknown): Promise<boolean> {
    if (this.#closed !== undefined) return false;
    this.#stream.retreat();
    if (error instanceof JsonOnly) return await this.#meetJsonOnly();
    if (!(error instanceof RetryLater && isRefused(error.cause))) this.#way.loseAnswer();
    if (this.#attempt instanceof Streaming) {
      if (error instanceof TooLarge) {
        this.#way.avoidStreams();
        return true;
      }
      if (this.#attempt.acks === 0) this.#way.doubt();
      this.#way.streamBroke();
    } else if (this.#segmentSize.shrink(error)) return true;
    return await this.#pause(error);
  }

  /** An answer of a server without links: of the peer, or of a gateway whose peer is away. */
  async #meetJsonOnly(): Promise<boolean> {
    const { rank, onJsonOnly } = this.#context;
    if (!this.#way.isJsonOnly() || this.#kind !== "none") {
      const why = `rank ${rank} answers as if it had no links, which it may have`;
      return await this.#pause(new RetryLater(new NetworkError(why, { rank })));
    }
    this.#kind = "json";
    onJsonOnly();
    return false;
  }

  async #pause(met: unknown): Promise<boolean> {
    const { isMet, onFailure, onRetry, distrust } = this.#context;
    const error = distrust === undefined ? met : distrust(met);
    try {
      if (!(error instanceof RetryLater)) throw error;
      const delayMs = this.#trouble.note(error, isMet(), performance.now());
      await sleep(delayMs, this.#end.signal);
      if (this.#closed === undefined) onRetry();
      return this.#closed === undefined;
    } catch (fatal) {
      this.#closed ??= fatal as Error;
      this.#pending.reject(this.#closed);
      onFailure(fatal);
      return false;
    }
  }

  /**
   * Takes an acknowledgement, from the answer to a request or from the link of the other direction.
   *
   * @param place up to where the peer holds the stream
   */
  acknowledge(place: number): void {
    const held = this.#stream.acknowledge(place);
    this.#patience.renew();
    this.#trouble.clear();
    if (this.#attempt instanceof Streaming && !this.#attempt.keptBack) this.#kind = "streaming";
    this.#pending.acknowledge(held);
    this.#attempt?.goOn();
  }

  #tick(): void {
    const needed = this.#isNeeded;
    this.#way.tick();
    this.#idleTicks = needed ? 0 : this.#idleTicks + 1;
    const attempt = this.#attempt;
    if (attempt === undefined) return;
    attempt.tick(needed);
    const error = this.#patience.tick(attempt, this.#context.isMet());
    if (error !== undefined) attempt.cut(error);
  }
}
