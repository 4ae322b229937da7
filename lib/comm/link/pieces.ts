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
  #free: Uint8Array[] = [];

  /**
   * Cuts bytes into frames.
   *
   * @param bytes what to copy
   * @param append takes each frame, head and all, to be given back when it is not needed any more
   */
  cut(bytes: Uint8Array, append: (frame: Uint8Array) => void): void {
    for (let at = 0; at < bytes.byteLength; at += FRAME_BYTES) {
      const piece = bytes.subarray(at, at + FRAME_BYTES);
      const buffer = this.#free.pop() ?? new Uint8Array(MAX_HEAD_BYTES + FRAME_BYTES);
      const size = sizeOfHead(piece.byteLength) + piece.byteLength;
      buffer.set(piece, writeHead(buffer, 0, BYTES, piece.byteLength));
      append(buffer.subarray(0, size));
    }
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
