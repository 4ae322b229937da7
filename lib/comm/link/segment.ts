/**
 * A finite request of a link: its bytes are there when it begins, and one acknowledgement ends it.
 *
 * @module
 */

import { Attempt, type AttemptOptions, TooLarge } from "./attempt.ts";

const MAX_BYTES = 8 * 1024 * 1024;
/** A link begins with less: the peer may not be there yet. */
const FIRST_BYTES = 64 * 1024;
/** Connections that break do not make segments smaller than this; a gateway that says 413 does. */
const [MIN_BYTES_AFTER_BREAKS, MIN_BYTES] = [64 * 1024, 1_024];

const NOTHING = new Uint8Array();

/** How large the segments of a link are: as large as they get through. */
export class SegmentSize {
  #bytes = FIRST_BYTES;
  #maxBytes = MAX_BYTES;
  /** The size of the last one that broke; 0 once one as large got through. */
  #brokenBytes = 0;
  #buffer: Uint8Array = NOTHING;

  /** How many bytes the next segment may have. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Where to put a segment together that lies in several pieces. @param size how many bytes */
  bufferOf(size: number): Uint8Array {
    if (this.#buffer.byteLength < size) this.#buffer = new Uint8Array(size);
    return this.#buffer.subarray(0, size);
  }

  /** Notes a segment that got through. @param size how many bytes it had */
  grow(size: number): void {
    if (size < this.#bytes) return;
    if (this.#bytes >= this.#brokenBytes) this.#brokenBytes = 0;
    this.#bytes = Math.min(this.#bytes * 4, this.#maxBytes);
  }

  /** Lets go of the buffer: it is not needed for now, or the request may still read from it. */
  rest(): void {
    this.#buffer = NOTHING;
  }

  /**
   * Notes a segment that did not get through.
   *
   * @param error what it met; a gateway may well end a connection on which it gets too much
   * @returns whether a smaller one is to be tried at once
   */
  shrink(error: unknown): boolean {
    this.rest();
    if (error instanceof TooLarge) {
      if (this.#bytes <= MIN_BYTES) return false;
      this.#maxBytes = this.#bytes = this.#bytes / 2;
      return true;
    }
    const broken = this.#bytes;
    this.#bytes = Math.max(broken / 2, Math.min(broken, MIN_BYTES_AFTER_BREAKS));
    // A second time, with none as large between: it was the size.
    if (this.#brokenBytes >= broken) this.#maxBytes = this.#bytes;
    this.#brokenBytes = broken;
    return false;
  }
}

/** A request with a segment of a stream. */
export class Segment extends Attempt {
  readonly #size: SegmentSize;

  /** @param size how many bytes it takes along at most, and where to put them together */
  constructor(options: AttemptOptions, size: SegmentSize) {
    super(options);
    this.#size = size;
  }

  /** {@inheritDoc Attempt.run} */
  override async run(): Promise<void> {
    const place = this.stream.acknowledged;
    const { bytes: maxBytes } = this.#size;
    for (let ready; (ready = this.stream.prepare(place, maxBytes)) !== undefined;) await ready;
    const bytes = this.stream.readAll(place, maxBytes, (size) => this.#size.bufferOf(size));
    await this.exchange(place, bytes);
    this.#size.grow(bytes.byteLength);
  }

  /** What comes now is for the next segment. */
  override wake(): void {}

  /** {@inheritDoc Attempt.end} */
  override end(error: Error): void {
    this.cut(error);
  }
}
