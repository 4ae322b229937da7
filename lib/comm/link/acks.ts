/**
 * What comes back on a link: a CBOR sequence of unsigned integers, each the place up to which the
 * receiver holds the stream. No I/O.
 *
 * @module
 */

import { NetworkError } from "../../errors.ts";
import { headArgument, headSize, sizeOfHead, UINT, writeHead } from "../../wire/heads.ts";

/** @param place up to where the stream is held @returns the acknowledgement */
export function encodeAck(place: number): Uint8Array {
  const bytes = new Uint8Array(sizeOfHead(place));
  writeHead(bytes, 0, UINT, place);
  return bytes;
}

/** Reads acknowledgements that come in pieces. */
export class AckReader {
  #rest: Uint8Array = NOTHING;

  /**
   * @param chunk the next bytes of the answer
   * @returns the last acknowledgement that is whole by now; undefined when none is
   * @throws {NetworkError} when the answer is of no party
   */
  read(chunk: Uint8Array): number | undefined {
    const bytes = this.#rest.byteLength === 0 ? chunk : join(this.#rest, chunk);
    let [at, last]: [number, number | undefined] = [0, undefined];
    while (at < bytes.byteLength) {
      const size = headSize(bytes[at]!, UINT);
      if (size === 0) throw new NetworkError(`byte ${bytes[at]} begins no acknowledgement`);
      if (at + size > bytes.byteLength) break;
      last = headArgument(bytes, at, size);
      at += size;
    }
    this.#rest = at === bytes.byteLength ? NOTHING : bytes.slice(at);
    return last;
  }
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.byteLength + second.byteLength);
  bytes.set(first);
  bytes.set(second, first.byteLength);
  return bytes;
}

const NOTHING: Uint8Array = new Uint8Array();
