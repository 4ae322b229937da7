/**
 * A request of a link that stays open: bytes go out on it as they come, and are acknowledged on its
 * answer meanwhile.
 *
 * @module
 */

import { NetworkError } from "../../errors.ts";
import { HEARTBEAT } from "../../wire/frames.ts";
import { RetryLater } from "../retry.ts";
import { encodeAck } from "./acks.ts";
import { Attempt, type AttemptOptions } from "./attempt.ts";

/** How much is handed to the network at once. */
const CHUNK_BYTES = 1024 * 1024;
/**
 * How much may be on its way without an acknowledgement. The network does not see to it: Deno's
 * server reads all of a request into memory, at a growing cost, once its answer has begun.
 */
const WINDOW_BYTES = 8 * 1024 * 1024;
/**
 * Times in ticks of a second, which a process that was busy has not seen, and so does not count: for
 * how long nothing may be acknowledged on a new request before it is ended, and then cut; and after
 * how long one that is quiet says that it is there, or ends as nobody needs it.
 */
const [DOUBT_TICKS, CUT_TICKS, QUIET_TICKS, IDLE_TICKS] = [2, 4, 5, 5];
/** Gateways end requests of some minutes, and Node those of five: when to be ahead of them. */
const [RENEW_TICKS, EXPIRE_TICKS] = [60, 200];

/** A request that ends only when there is a reason to. */
export class Streaming extends Attempt {
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  readonly #takeDue: () => number | undefined;
  #place: number;
  /** Whether the network asked for bytes and has none yet. */
  #wanted = false;
  #flushing = false;
  /** Whether it waits for bytes that are being sealed. */
  #awaited = false;
  #ended = false;
  #keptBack = false;
  #openTicks = 0;
  #quietTicks = 0;
  #idleTicks = 0;

  /** @param options the stream, which goes on from its last acknowledgement */
  constructor(options: AttemptOptions) {
    super(options);
    this.#takeDue = options.takeDue;
    this.#place = this.stream.acknowledged;
  }

  /** Whether bytes were acknowledged only once the request was ended: a gateway keeps them back. */
  get keptBack(): boolean {
    return this.#keptBack;
  }

  /** {@inheritDoc Attempt.run} */
  override async run(): Promise<void> {
    const place = this.#place;
    // Node sends not even the head of a request before it has a first byte of the body.
    if (!this.stream.hasMore(place)) this.stream.append(HEARTBEAT);
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => {
        this.#wanted = true;
        this.#flush();
      },
      cancel: () => {
        this.#ended = true;
      },
    }, { highWaterMark: 0 });
    let byPeer = false;
    await this.exchange(place, body).finally(() => {
      byPeer = !this.#ended;
      this.end(); // to be aborted is not enough on Deno, whose server would wait for more
    });
    // Else a peer that ends each request would be sent one after the other.
    if (byPeer && this.stream.acknowledged === place) {
      throw new RetryLater(new NetworkError("the peer ended the request"));
    }
  }

  /** All that is there by the end of this turn goes out together. */
  override wake(): void {
    this.#idleTicks = 0;
    if (this.#flushing || !this.#wanted) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  /** {@inheritDoc Attempt.goOn} */
  override goOn(): void {
    this.#flush();
  }

  /** {@inheritDoc Attempt.end} */
  override end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#controller.close();
  }

  /** {@inheritDoc Attempt.tick} */
  override tick(needed: boolean): void {
    super.tick(needed);
    this.#openTicks++;
    this.#idleTicks = needed ? 0 : this.#idleTicks + 1;
    if (this.silentTicks > 0) {
      this.#quietTicks = 0;
      if (this.acks <= 1) this.#doubt();
      else if (this.#openTicks >= EXPIRE_TICKS) this.end();
      return;
    }
    if (this.#idleTicks >= IDLE_TICKS || this.#openTicks >= RENEW_TICKS) return this.end();
    if (++this.#quietTicks >= QUIET_TICKS) {
      this.stream.append(HEARTBEAT);
      this.wake();
    }
  }

  /** Nothing was acknowledged yet. */
  #doubt(): void {
    if (this.silentTicks >= CUT_TICKS) {
      this.#keptBack = false;
      this.cut(new RetryLater(new NetworkError("no acknowledgement came")));
    } else if (this.silentTicks >= DOUBT_TICKS) {
      this.#keptBack = true;
      this.end();
    }
  }

  #flush(): void {
    if (this.#ended || !this.#wanted || !this.stream.hasMore(this.#place)) return;
    if (this.#place - this.stream.acknowledged >= WINDOW_BYTES) return;
    const due = this.acks > 1 ? this.#takeDue() : undefined;
    if (due !== undefined) this.stream.append(encodeAck(due));
    const ready = this.stream.prepare(this.#place, 1);
    const bytes = this.stream.read(this.#place, CHUNK_BYTES);
    if (bytes.byteLength === 0) return this.#flushOnce(ready);
    this.#wanted = false;
    this.#quietTicks = 0;
    this.#place += bytes.byteLength;
    this.#controller.enqueue(bytes);
  }

  /** What there is to send is not ready yet. */
  #flushOnce(ready: Promise<void> | undefined): void {
    if (this.#awaited || ready === undefined) return;
    this.#awaited = true;
    ready.then(() => {
      this.#awaited = false;
      this.#flush();
    }, (error) => this.cut(error));
  }
}
