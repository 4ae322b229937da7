/**
 * Bytes that are told from any others of their length, and soon.
 *
 * @module
 */

/** What is known of bytes. */
export interface ByteSum {
  length: number;
  sum: number;
}

/** @param length a multiple of 4 @param seed other bytes for each */
export function patternBytes(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(length / 4);
  let word = Math.imul(seed + 1, 0x9e3779b1);
  for (let at = 0; at < words.length; at++) {
    words[at] = word;
    word = Math.imul(word, 0x2c9277b5) + 0xac564b05;
  }
  return new Uint8Array(words.buffer);
}

/** @returns a sum in which each byte and its place count */
export function sumBytes(bytes: Uint8Array): ByteSum {
  const { buffer, byteOffset, byteLength } = byteAligned(bytes);
  const words = new Uint32Array(buffer, byteOffset, byteLength / 4);
  let sum = 0;
  for (let at = 0; at < words.length; at++) sum = (Math.imul(sum, 31) + words[at]!) | 0;
  return { length: byteLength, sum };
}

/** @returns whether a value is the bytes of a pattern */
export function isPattern(value: unknown, length: number, seed?: number): boolean {
  if (!(value instanceof Uint8Array) || value.byteLength !== length) return false;
  return sumBytes(value).sum === sumBytes(patternBytes(length, seed)).sum;
}

function byteAligned(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
}
