/**
 * Bytes of a known length that come in pieces. No I/O.
 *
 * @module
 */

/** A buffer that is filled from its beginning; it has memory only for what has come. */
export class Assembly {
  /** The buffer: whole once {@linkcode Assembly.whole} says so. */
  readonly bytes: Uint8Array;
  #filled = 0;

  /** @param length how many bytes will come */
  constructor(length: number) {
    // Systems give memory to a large buffer page by page, as it is written: a length is no cost.
    this.bytes = new Uint8Array(length);
  }

  /** Whether all has come. */
  get whole(): boolean {
    return this.#filled === this.bytes.byteLength;
  }

  /** Copies in what there is room for. @returns how many bytes that was */
  append(bytes: Uint8Array): number {
    const piece = bytes.subarray(0, this.bytes.byteLength - this.#filled);
    this.bytes.set(piece, this.#filled);
    this.#filled += piece.byteLength;
    return piece.byteLength;
  }
}
