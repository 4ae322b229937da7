/**
 * The sender's end of a link, without I/O: one stream of bytes, kept from the first byte that the
 * receiver has not acknowledged, so that it can be sent again from there.
 *
 * @module
 */

import { NetworkError } from "../../errors.ts";
import { Pieces } from "./pieces.ts";

interface Chunk {
  /** The place of its first byte in the stream. */
  start: number;
  bytes: Uint8Array;
  /** Whether the bytes are in a buffer that is used again. */
  isPiece: boolean;
}

/** Chunks below this size are put together when they are read. */
const SMALL_BYTES = 16 * 1024;
/** What small chunks are put together to, at most. */
const BATCH_BYTES = 64 * 1024;

/** A stream of bytes that is read from any place that is not acknowledged. */
export class OutgoingStream {
  /** From the one that holds the first byte that is not acknowledged. */
  #chunks: Chunk[] = [];
  /** How many of the chunks, from the first, are acknowledged: they are dropped now and then. */
  #dropped = 0;
  /** Where the last read ended: the next one mostly begins there. */
  #cursor = 0;
  readonly #pieces: Pieces = new Pieces();
  #acknowledged = 0;
  #end = 0;
  #sent = 0;
  #resent = 0;

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

  /** How many bytes were read again. */
  get resent(): number {
    return this.#resent;
  }

  /** Appends bytes, which must not change any more. */
  append(bytes: Uint8Array): void {
    this.#push(bytes, false);
  }

  /** Appends a large value, copied, in frames. */
  appendLarge(bytes: Uint8Array): void {
    this.#pieces.cut(bytes, (frame) => this.#push(frame, true));
  }

  /** Takes the last bytes away again. @param place where they begin: none of them was read yet */
  truncate(place: number): void {
    for (let last = this.#chunks.at(-1); last !== undefined; last = this.#chunks.at(-1)) {
      if (last.start < place) break;
      this.#chunks.pop();
    }
    this.#cursor = Math.min(this.#cursor, this.#chunks.length);
    this.#end = place;
  }

  /** Lets go of memory that was kept to be used again. */
  rest(): void {
    this.#pieces.clear();
  }

  /**
   * Notes an acknowledgement; one that says less than an earlier one is of no account.
   *
   * @param place up to where the receiver holds the bytes
   * @throws {NetworkError} when nothing was sent there yet, so that no party says so
   */
  acknowledge(place: number): void {
    if (place > this.#sent) {
      throw new NetworkError(
        `place ${place} is acknowledged, and only ${this.#sent} bytes were sent`,
      );
    }
    if (place <= this.#acknowledged) return;
    this.#acknowledged = place;
    for (let chunk = this.#chunks[this.#dropped]; chunk !== undefined;) {
      if (chunk.start + chunk.bytes.byteLength > place) break;
      if (chunk.isPiece) this.#pieces.giveBack(chunk.bytes);
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
      let bytes = first.bytes;
      if (!first.isPiece && bytes.byteLength < SMALL_BYTES) bytes = this.#batch(index);
      read = bytes.subarray(place - start, place - start + maxBytes);
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

  #push(bytes: Uint8Array, isPiece: boolean): void {
    this.#chunks.push({ start: this.#end, bytes, isPiece });
    this.#end += bytes.byteLength;
  }

  /** The index of the chunk that holds the byte at a place; that of the place after the last one. */
  #find(place: number): number {
    let index = Math.max(this.#cursor, this.#dropped);
    if ((this.#chunks[index]?.start ?? 0) > place) index = this.#dropped;
    for (let chunk = this.#chunks[index]; chunk !== undefined; chunk = this.#chunks[++index]) {
      if (place < chunk.start + chunk.bytes.byteLength) break;
    }
    return index;
  }

  /** Puts small chunks together into one, from an index on. @returns its bytes */
  #batch(index: number): Uint8Array {
    const first = this.#chunks[index]!;
    let [size, end] = [first.bytes.byteLength, index + 1];
    for (; end < this.#chunks.length; end++) {
      const { isPiece, bytes: { byteLength } } = this.#chunks[end]!;
      if (isPiece || byteLength >= SMALL_BYTES || size + byteLength > BATCH_BYTES) break;
      size += byteLength;
    }
    if (end === index + 1) return first.bytes;
    const bytes = new Uint8Array(size);
    const batch = { start: first.start, bytes, isPiece: false };
    for (const chunk of this.#chunks.splice(index, end - index, batch)) {
      bytes.set(chunk.bytes, chunk.start - first.start);
    }
    return bytes;
  }
}

const NOTHING = new Uint8Array();
