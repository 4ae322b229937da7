/**
 * Large values cut into frames: copied, so that what becomes of them later is not sent, into
 * buffers that are used again once they are acknowledged. Fresh memory would cost more than the copy.
 *
 * @module
 */

import { FRAME_BYTES } from "../../wire/frames.ts";
import { BYTES, MAX_HEAD_BYTES, sizeOfHead, writeHead } from "../../wire/heads.ts";

/** How much memory is kept for the next value, in buffers of one frame. */
const MAX_KEPT = (16 * 1024 * 1024) / FRAME_BYTES;

/** The buffers of one link. */
export class Pieces {
  readonly #frameBytes: number;
  #free: Uint8Array[] = [];

  /** @param frameBytes how large a frame is at most, without its head */
  constructor(frameBytes: number = FRAME_BYTES) {
    this.#frameBytes = frameBytes;
  }

  /**
   * Cuts bytes into frames.
   *
   * @param bytes what to copy
   * @param append takes each frame, head and all, to be given back when it is not needed any more
   */
  cut(bytes: Uint8Array, append: (frame: Uint8Array) => void): void {
    for (let at = 0; at < bytes.byteLength; at += this.#frameBytes) {
      const piece = bytes.subarray(at, at + this.#frameBytes);
      const frame = this.frame(piece.byteLength);
      frame.set(piece, frame.byteLength - piece.byteLength);
      append(frame);
    }
  }

  /** @returns a frame for so many bytes, which has its head, and room for them behind that */
  frame(length: number): Uint8Array {
    const buffer = this.#free.pop() ?? new Uint8Array(MAX_HEAD_BYTES + this.#frameBytes);
    writeHead(buffer, 0, BYTES, length);
    return buffer.subarray(0, sizeOfHead(length) + length);
  }

  /** Takes a frame back, to use its buffer again. */
  giveBack(frame: Uint8Array): void {
    if (this.#free.length < MAX_KEPT) this.#free.push(new Uint8Array(frame.buffer));
  }

  /** Lets go of what is kept. */
  clear(): void {
    this.#free = [];
  }
}
