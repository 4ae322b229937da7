/**
 * What a sealed link carries, as bytes. Forth, a CBOR sequence of byte strings: the first message of
 * the handshake, and records, each sealed with its number in the stream. Back, on an answer, byte
 * strings as well: the second message, if the request began at the first byte, and acknowledgements.
 * Places, and what is acknowledged, count these outer bytes; the bytes within the records, one after
 * the other, are a stream as links without keys have it. No I/O.
 *
 * An acknowledgement holds its index, of 8 bytes, and, sealed with that, three unsigned integers: the
 * place up to which records were opened and taken, that up to which the frames in them were, and how
 * many bytes came of the next record, which may be anybody's while it is not whole.
 *
 * @module
 */

import { BYTES, headArgument, headSize, sizeOfHead, UINT, writeHead } from "../../../wire/heads.ts";

/** How much longer than its plaintext a record is, without its head. */
export const TAG_BYTES = 16;
/** How long a record may be: a frame of a large value with all heads, and some more. */
export const MAX_RECORD_BYTES = 384 * 1024;
/** How long a message of a handshake may be. */
export const MAX_HANDSHAKE_BYTES = 4_096;
/** What a sealed farewell is. */
export const SEALED_MEDIA_TYPE = "application/octet-stream";
/** Far more than a farewell has. */
export const MAX_FAREWELL_BYTES = 16 * 1024;
/** How long an acknowledgement may be. */
export const MAX_ACK_BYTES = 64;
/** How long the index before an acknowledgement is. */
const INDEX_BYTES = 8;

/** @returns a byte string of CBOR */
export function byteString(...parts: Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.byteLength;
  const bytes = emptyByteString(length);
  let at = bytes.byteLength - length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}

/** @returns a byte string of CBOR that is still to be filled */
export function emptyByteString(length: number): Uint8Array {
  const bytes = new Uint8Array(sizeOfHead(length) + length);
  writeHead(bytes, 0, BYTES, length);
  return bytes;
}

/**
 * @param bytes begin with a byte string
 * @param maxBytes how long it may be
 * @returns where its content begins and ends; undefined when its head is not there in whole; null when
 * there is none, or it is longer
 */
export function readByteString(
  bytes: Uint8Array,
  at: number,
  maxBytes: number,
): [start: number, end: number] | undefined | null {
  if (at >= bytes.byteLength) return undefined;
  const size = headSize(bytes[at]!, BYTES);
  if (size === 0) return null;
  if (at + size > bytes.byteLength) return undefined;
  const length = headArgument(bytes, at, size);
  return length > maxBytes ? null : [at + size, at + size + length];
}

/** What an acknowledgement says. */
export type Places = [outer: number, inner: number, begun: number];

/** @returns an acknowledgement before it is sealed */
export function encodePlaces(places: Places): Uint8Array {
  const [outer, inner, begun] = places;
  const bytes = new Uint8Array(sizeOfHead(outer) + sizeOfHead(inner) + sizeOfHead(begun));
  writeHead(bytes, writeHead(bytes, writeHead(bytes, 0, UINT, outer), UINT, inner), UINT, begun);
  return bytes;
}

/** @returns what was encoded so; undefined when the bytes hold anything else */
export function decodePlaces(bytes: Uint8Array): Places | undefined {
  const places: number[] = [];
  for (let at = 0; at < bytes.byteLength;) {
    const size = headSize(bytes[at]!, UINT);
    if (size === 0 || at + size > bytes.byteLength) return undefined;
    places.push(headArgument(bytes, at, size));
    at += size;
  }
  return places.length === 3 ? places as Places : undefined;
}

/** @returns an index as it stands before an acknowledgement */
export function encodeIndex(index: number): Uint8Array {
  const bytes = new Uint8Array(INDEX_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, index / 2 ** 32);
  view.setUint32(4, index); // its low 32 bits
  return bytes;
}

/** @returns an acknowledgement's index, and what is sealed with it; undefined when it is too short */
export function splitAck(bytes: Uint8Array): [index: number, sealed: Uint8Array] | undefined {
  if (bytes.byteLength < INDEX_BYTES + TAG_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, INDEX_BYTES);
  return [view.getUint32(0) * 2 ** 32 + view.getUint32(4), bytes.subarray(INDEX_BYTES)];
}

/** @returns all that a body holds, or its first bytes @param maxBytes how many of them at most */
export async function readUpTo(
  maxBytes: number,
  body: ReadableStream<Uint8Array>,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(maxBytes);
  let size = 0;
  for await (const chunk of body) {
    const piece = chunk.subarray(0, maxBytes - size);
    bytes.set(piece, size);
    size += piece.byteLength;
    if (size === maxBytes) break;
  }
  return bytes.subarray(0, size);
}
