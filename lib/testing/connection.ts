/**
 * The connection that one request goes over, as far as faults need one: what breaks it breaks the
 * request's body for the receiver and the answer for the sender.
 *
 * @module
 */

/** Bytes that are on their way. */
export type ByteStream = ReadableStream<Uint8Array<ArrayBuffer>>;

/** What happens to the chunks of one direction; without it they pass as they are. */
export interface Flow {
  /** Cuts a chunk into those that are passed on instead. */
  split?(chunk: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>[];
  /** Waits before a chunk is passed on. */
  pause?(): Promise<void>;
  /**
   * Hears of each chunk before it is passed on, and says how many of its bytes are; undefined loses
   * it, and fewer bytes than it has end the flow there, without an end that the other side sees.
   */
  take?(chunk: Uint8Array<ArrayBuffer>): number | undefined;
  /** Hears of the end before it is passed on; false keeps it from the other side. */
  atEnd?(): boolean;
  /** Is called when whoever reads it wants no more. */
  onCancel?(reason: unknown): void;
}

/** What one request and its answer go over. */
export class Connection {
  readonly #broken = new AbortController();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #release: () => void = () => {};
  /** Rejects when the connection breaks. */
  readonly #breaks: Promise<never>;

  /** @param caller gives the request up when it aborts */
  constructor(caller?: AbortSignal | null) {
    const giveUp = () => this.break(caller!.reason);
    caller?.addEventListener("abort", giveUp);
    this.#release = () => caller?.removeEventListener("abort", giveUp);
    this.#breaks = new Promise((_, reject) => this.onBreak(reject));
    this.#breaks.catch(() => {}); // it may be that nobody waits just then
    if (caller?.aborted) giveUp();
  }

  /** Aborts when the connection breaks, with what both sides see as its reason. */
  get signal(): AbortSignal {
    return this.#broken.signal;
  }

  /** Breaks the connection, for good. @param error what both sides see */
  break(error: unknown): void {
    this.end();
    this.#broken.abort(error);
  }

  /** Calls back after the time, unless the connection breaks or ends before. */
  after(ms: number, callback: () => void): void {
    if (ms !== Infinity && !this.signal.aborted) this.#timers.add(setTimeout(callback, ms));
  }

  /** Ends it in peace: neither the caller nor what was to come `after` a time breaks it now. */
  end(): void {
    this.#release();
    this.#release = () => {};
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  /** Calls back when the connection breaks, or at once when it is broken. */
  onBreak(callback: (error: unknown) => void): void {
    if (this.signal.aborted) callback(this.signal.reason);
    else this.signal.addEventListener("abort", () => callback(this.signal.reason), { once: true });
  }

  /** @returns settles as the promise does; rejects when the connection breaks first */
  async orBreak<T>(promise: Promise<T>): Promise<T> {
    return await Promise.race([this.#breaks, promise]);
  }

  /**
   * Passes a stream on, at the pace of the one who reads it.
   *
   * @param source what is passed on; cancelled when the connection breaks
   * @param flow what happens to it on the way
   */
  relay(source: ByteStream, flow: Flow = {}): ByteStream {
    const reader = source.getReader();
    let waiting: Uint8Array<ArrayBuffer>[] = [];
    let stopped = false;
    const next = async (): Promise<Uint8Array<ArrayBuffer> | undefined> => {
      while (waiting.length === 0) {
        const { done, value } = await reader.read();
        if (done) return undefined;
        waiting = flow.split?.(value) ?? [value];
      }
      await flow.pause?.();
      return waiting.shift();
    };
    const pull = async (controller: ReadableStreamDefaultController): Promise<void> => {
      for (let passed = false; !passed;) {
        // What has stopped waits for the break, which is to come.
        const chunk = stopped ? await this.#breaks : await next();
        if (this.signal.aborted) return;
        if (chunk === undefined) {
          stopped = flow.atEnd?.() === false;
          if (stopped) continue;
          controller.close();
          return;
        }
        const taken = flow.take === undefined ? chunk.byteLength : flow.take(chunk);
        if (taken === undefined) continue;
        stopped = taken < chunk.byteLength;
        passed = taken > 0 || !stopped;
        if (passed) controller.enqueue(chunk.subarray(0, taken));
      }
    };
    return new ReadableStream({
      start: (controller) =>
        this.onBreak(async (error) => {
          void reader.cancel(error).catch(() => {}); // it may have failed by itself
          // Node's fetch, which hears of the break as well, cancels the body of its request, and
          // ends the process when that has failed by then.
          await Promise.resolve();
          controller.error(error);
        }),
      pull,
      cancel: async (reason) => {
        flow.onCancel?.(reason);
        if (!this.signal.aborted) await reader.cancel(reason);
      },
    }, { highWaterMark: 0 });
  }

  /** Reads a stream to its end, for nothing. */
  async drain(source: ByteStream | null): Promise<void> {
    if (source === null) return;
    const reader = this.relay(source).getReader();
    while (!(await reader.read()).done);
  }
}
