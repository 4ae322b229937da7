/**
 * Frames of a link made by hand: as other languages may make them, and as no party does.
 *
 * @module
 */

import { encodeCbor } from "../../lib/wire/cbor.ts";
import { BYTES, sizeOfHead, writeHead } from "../../lib/wire/heads.ts";

/** @returns the arrays as one */
export function concat(...arrays: Uint8Array[]): Uint8Array {
  const all = new Uint8Array(arrays.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.byteLength;
  }
  return all;
}

/** @returns the head of an item: the shortest, or one with an argument of so many bytes */
export function headOf(major: number, argument: number, argumentBytes?: 1 | 2 | 4 | 8): Uint8Array {
  if (argumentBytes === undefined) {
    const head = new Uint8Array(sizeOfHead(argument));
    writeHead(head, 0, major, argument);
    return head;
  }
  const head = new Uint8Array(1 + argumentBytes);
  head[0] = major | (24 + Math.log2(argumentBytes));
  let rest = argument;
  for (let at = argumentBytes; at > 0; at--, rest = Math.floor(rest / 256)) head[at] = rest % 256;
  return head;
}

/** @returns a frame with any content */
export function frameOf(content: Uint8Array, argumentBytes?: 1 | 2 | 4 | 8): Uint8Array {
  return concat(headOf(BYTES, content.byteLength, argumentBytes), content);
}

/** @returns a frame whose content is a value in CBOR */
export function frameWith(content: unknown): Uint8Array {
  return frameOf(encodeCbor(content));
}

/** What refers to a part of a message by its index, below 24: tag `"PART"`. */
export function partReference(index: number): Uint8Array {
  return Uint8Array.of(0xda, 0x50, 0x41, 0x52, 0x54, index);
}

/** @returns the array of a message's parts, as the value that refers to them */
export function listOfParts(count: number): Uint8Array {
  return concat(
    headOf(0x80, count),
    ...Array.from({ length: count }, (_, index) => partReference(index)),
  );
}

/**
 * A large message as any party may cut it: its value is the list of its parts.
 *
 * @param key its key
 * @param parts what it holds
 * @param pieceBytes the sizes of the frames that follow the first, over and over; 0 is a heartbeat
 */
export function largeMessage(
  key: string,
  parts: readonly Uint8Array[],
  pieceBytes: readonly number[],
): Uint8Array[] {
  const value = listOfParts(parts.length);
  const bytes = concat(value, ...parts);
  const lengths = parts.map(({ byteLength }) => byteLength);
  const frames = [frameWith([key, value.byteLength, lengths])];
  for (let at = 0, turn = 0; at < bytes.byteLength; turn++) {
    const piece = bytes.subarray(at, at + pieceBytes[turn % pieceBytes.length]!);
    frames.push(frameOf(piece));
    at += piece.byteLength;
  }
  return frames;
}
