/**
 * The sender's end of a link, without I/O: one stream of bytes, kept from the first byte that the
 * receiver has not acknowledged, so that it can be sent again from there.
 *
 * @module
 */

import { NetworkError } from "../../errors.ts";
import { SMALL_BYTES } from "../../wire/frames.ts";
import { AckReader } from "./acks.ts";
import { Pieces } from "./pieces.ts";
import type { LinkStream } from "./stream.ts";

/**
 * What is in a chunk: small messages, of which more may be copied in behind; a frame of a large
 * value, in a buffer of {@linkcode Pieces}; or something else.
 */
type Kind = "batch" | "piece" | "other";

interface Chunk {
  /** The place of its first byte in the stream. */
  start: number;
  /** The place after its last one. */
  end: number;
  /** What holds its bytes, from the first one on. */
  bytes: Uint8Array;
  kind: Kind;
}

/** How large batches are, the more the more of them wait. */
const [MIN_BATCH_BYTES, MAX_BATCH_BYTES] = [4 * 1024, 64 * 1024];

/** A stream of bytes that is read from any place that is not acknowledged. */
export class OutgoingStream implements LinkStream {
  /** From the one that holds the first byte that is not acknowledged. */
  #chunks: Chunk[] = [];
  /** How many of the chunks, from the first, are acknowledged: they are dropped now and then. */
  #dropped = 0;
  /** Where the last read ended: the next one mostly begins there. */
  #cursor = 0;
  /** The buffer of the latest batch that was acknowledged, for the next one. */
  #spare: Uint8Array | undefined;
  readonly #pieces: Pieces;
  #acknowledged = 0;
  #end = 0;
  #sent = 0;
  #resent = 0;

  /** @param pieces cuts large values, and keeps buffers for them */
  constructor(pieces: Pieces = new Pieces()) {
    this.#pieces = pieces;
  }

  /** The place after the last byte. */
  get end(): number {
    return this.#end;
  }

  /** The place up to which the receiver holds the bytes. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** The place up to which bytes were read at least once. */
  get sent(): number {
    return this.#sent;
  }

  /** {@inheritDoc LinkStream.begun} */
  get begun(): number {
    return this.#sent;
  }

  /** How many bytes were read again. */
  get resent(): number {
    return this.#resent;
  }

  /** {@inheritDoc LinkStream.isDone} */
  get isDone(): boolean {
    return this.#acknowledged >= this.#end;
  }

  /** {@inheritDoc LinkStream.hasMore} */
  hasMore(place: number): boolean {
    return this.#end > place;
  }

  /** {@inheritDoc LinkStream.prepare} */
  prepare(): undefined {}

  /** {@inheritDoc LinkStream.answer} */
  answer(): AckReader {
    return new AckReader();
  }

  /** {@inheritDoc LinkStream.retreat} */
  retreat(): void {}

  /** Appends bytes: copied below {@linkcode SMALL_BYTES}; others must not change any more. */
  append(bytes: Uint8Array): void {
    const { byteLength } = bytes;
    if (byteLength >= SMALL_BYTES) return this.#push(bytes, byteLength, "other");
    const last = this.#chunks.at(-1);
    const filled = this.#end - (last?.start ?? 0);
    if (last?.kind === "batch" && filled + byteLength <= last.bytes.byteLength) {
      last.bytes.set(bytes, filled);
      last.end = this.#end += byteLength;
    } else {
      const batch = this.#newBatch(last);
      batch.set(bytes);
      this.#push(batch, byteLength, "batch");
    }
  }

  /** Appends a large value, copied, in frames. */
  appendLarge(bytes: Uint8Array): void {
    this.#pieces.cut(bytes, (frame) => this.#push(frame, frame.byteLength, "piece"));
  }

  /** Appends a frame of the stream's own pieces, whose buffer is used again once it is acknowledged. */
  appendFrame(frame: Uint8Array): void {
    this.#push(frame, frame.byteLength, "piece");
  }

  /** Takes the last bytes away again. @param place where they begin: none of them was read yet */
  truncate(place: number): void {
    for (let last = this.#chunks.at(-1); last !== undefined; last = this.#chunks.at(-1)) {
      last.end = Math.min(last.end, place);
      if (last.start < place) break;
      this.#chunks.pop();
    }
    this.#cursor = Math.min(this.#cursor, this.#chunks.length);
    this.#end = place;
  }

  /** Lets go of memory that was kept to be used again. */
  rest(): void {
    this.#spare = undefined;
    this.#pieces.clear();
  }

  /**
   * Notes an acknowledgement; one that says less than an earlier one is of no account.
   *
   * @param place up to where the receiver holds the bytes
   * @returns the same
   * @throws {NetworkError} when nothing was sent there yet, so that no party says so
   */
  acknowledge(place: number): number {
    if (place > this.#sent) {
      throw new NetworkError(
        `place ${place} is acknowledged, and only ${this.#sent} bytes were sent`,
      );
    }
    if (place > this.#acknowledged) this.#drop(place);
    return place;
  }

  #drop(place: number): void {
    this.#acknowledged = place;
    for (let chunk = this.#chunks[this.#dropped]; chunk !== undefined;) {
      if (chunk.end > place) break;
      if (chunk.kind === "piece") this.#pieces.giveBack(chunk.bytes);
      if (chunk.kind === "batch") this.#spare = chunk.bytes;
      chunk.bytes = NOTHING; // the memory is not needed any more, however long the list is kept
      chunk = this.#chunks[++this.#dropped];
    }
    if (this.#dropped > 64 && this.#dropped * 2 > this.#chunks.length) {
      this.#chunks.splice(0, this.#dropped);
      this.#cursor = Math.max(0, this.#cursor - this.#dropped);
      this.#dropped = 0;
    }
  }

  /**
   * Reads what lies at a place, and notes it as sent.
   *
   * @param place not behind the end; in place of what is acknowledged, and so not kept any more, come
   * zeros, which the receiver skips
   * @param maxBytes how much at most
   * @returns the bytes, mostly fewer than there are; none at the end of the stream
   */
  read(place: number, maxBytes: number): Uint8Array {
    const index = this.#find(place);
    const first = this.#chunks[index];
    const start = first?.start ?? this.#end;
    let read: Uint8Array;
    if (place < start) {
      read = new Uint8Array(Math.min(start - place, maxBytes));
    } else if (first === undefined) {
      return NOTHING;
    } else {
      this.#cursor = index;
      read = first.bytes.subarray(place - start, Math.min(first.end, place + maxBytes) - start);
    }
    const end = place + read.byteLength;
    this.#resent += Math.max(0, Math.min(this.#sent, end) - place);
    this.#sent = Math.max(this.#sent, end);
    return read;
  }

  /**
   * Reads as {@linkcode OutgoingStream.read} does, but all that there is, as one.
   *
   * @param maxBytes how much at most
   * @param bufferOf gives a buffer of a size to put it together, when it is in several chunks
   */
  readAll(
    place: number,
    maxBytes: number,
    bufferOf: (size: number) => Uint8Array,
  ): Uint8Array {
    const size = Math.min(this.#end - place, maxBytes);
    const first = this.read(place, size);
    if (first.byteLength === size) return first;
    const bytes = bufferOf(size);
    bytes.set(first);
    for (let at = first.byteLength; at < size;) {
      const read = this.read(place + at, size - at);
      bytes.set(read, at);
      at += read.byteLength;
    }
    return bytes;
  }

  #push(bytes: Uint8Array, length: number, kind: Kind): void {
    const start = this.#end;
    this.#end += length;
    this.#chunks.push({ start, end: this.#end, bytes, kind });
  }

  /** @param last the chunk before */
  #newBatch(last: Chunk | undefined): Uint8Array {
    const spare = this.#spare;
    this.#spare = undefined;
    if (spare !== undefined) return spare;
    const size = last?.kind === "batch" ? 4 * last.bytes.byteLength : 0;
    return new Uint8Array(Math.min(Math.max(size, MIN_BATCH_BYTES), MAX_BATCH_BYTES));
  }

  /** The index of the chunk that holds the byte at a place; that of the place after the last one. */
  #find(place: number): number {
    let index = Math.max(this.#cursor, this.#dropped);
    if ((this.#chunks[index]?.start ?? 0) > place) index = this.#dropped;
    for (let chunk = this.#chunks[index]; chunk !== undefined; chunk = this.#chunks[++index]) {
      if (place < chunk.end) break;
    }
    return index;
  }
}

const NOTHING = new Uint8Array();
