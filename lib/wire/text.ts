/**
 * CBOR text, written in place: the key of every message is one, and many a value.
 *
 * @module
 */

import { MAX_HEAD_BYTES, TEXT, writeHead } from "./heads.ts";

/** What a UTF-16 code unit takes in UTF-8, at most. */
const MAX_UNIT_BYTES = 3;
const utf8 = new TextEncoder();

/**
 * Writes a text.
 *
 * @param bytes where to write it; what lies behind the place there may be overwritten
 * @param at its place there
 * @param text the text
 * @returns the place after it; -1 when there is not surely room, or it has lone surrogates
 */
export function writeText(bytes: Uint8Array, at: number, text: string): number {
  const { length } = text;
  if (at + MAX_HEAD_BYTES + MAX_UNIT_BYTES * length > bytes.byteLength) return -1;
  let to = writeHead(bytes, at, TEXT, length);
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    if (code >= 0x80) return writeUtf8(bytes, at, text);
    bytes[to++] = code;
  }
  return to;
}

function writeUtf8(bytes: Uint8Array, at: number, text: string): number {
  if (!text.isWellFormed()) return -1;
  const encoded = utf8.encode(text);
  const to = writeHead(bytes, at, TEXT, encoded.byteLength);
  bytes.set(encoded, to);
  return to + encoded.byteLength;
}
