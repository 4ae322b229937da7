/**
 * What the CBOR tags of values that JSON lacks mean: their numbers, and their contents as values.
 *
 * @module
 */

import type { TagDecodeControl, TagDecoder } from "../deps.ts";
import { SerializationError } from "../errors.ts";
import { typedArrayFromBytes } from "./typed_array.ts";

const HEX_DIGITS = new TextEncoder().encode("0123456789abcdef");
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A date and time as text. */
export const DATE_TEXT_TAG = 0;
/** A date and time as seconds since 1970. */
export const DATE_SECONDS_TAG = 1;
/** A bigint from 0, as big-endian bytes. */
export const BIGINT_TAG = 2;
/** A bigint below 0: the bytes are those of `-1n - it`. */
export const NEGATIVE_BIGINT_TAG = 3;
/** A Set, as an array. */
export const SET_TAG = 258;
/** A Map, as a map with keys of any kind. */
export const MAP_TAG = 259;
/** Text that UTF-8 does not hold, as the bytes of its JSON form. */
export const JSON_TEXT_TAG = 262;
/** A part of the message outside the item, by its index; `"PART"` in ASCII, registered by nobody. */
export const PART_TAG = 0x5041_5254;

/** The tags of RFC 8746, of little-endian bytes, by the class of the typed array. */
export const ARRAY_TAGS: Readonly<Record<string, number>> = {
  Uint8Array: 64,
  Uint8ClampedArray: 68,
  Uint16Array: 69,
  Uint32Array: 70,
  BigUint64Array: 71,
  Int8Array: 72,
  Int16Array: 77,
  Int32Array: 78,
  BigInt64Array: 79,
  Float16Array: 84,
  Float32Array: 85,
  Float64Array: 86,
};

/** Whether a tag is one of {@linkcode ARRAY_TAGS}; this range has no other that is known. */
export function isArrayTag(tag: number): boolean {
  return tag >= 64 && tag <= 86;
}

/** Makes values of the contents of tags; all but {@linkcode PART_TAG}, which depends on a message. */
export const TAG_DECODERS: Readonly<Record<number, TagDecoder>> = {
  [DATE_TEXT_TAG]: (content) => dateFromText(content()) ?? malformed(DATE_TEXT_TAG),
  [DATE_SECONDS_TAG]: (content) => dateFromSeconds(content()) ?? malformed(DATE_SECONDS_TAG),
  [BIGINT_TAG]: (content) => bigintFromBytes(content()) ?? malformed(BIGINT_TAG),
  [NEGATIVE_BIGINT_TAG]: (content) =>
    ~(bigintFromBytes(content()) ?? malformed(NEGATIVE_BIGINT_TAG)),
  [SET_TAG]: (content) => {
    const items = content();
    return Array.isArray(items) ? new Set(items) : malformed(SET_TAG);
  },
  [MAP_TAG]: (content) => {
    const entries = content.entries();
    const map = new Map(entries);
    return map.size === entries.length ? map : malformed(MAP_TAG);
  },
  [JSON_TEXT_TAG]: (content) => textFromJson(content()) ?? malformed(JSON_TEXT_TAG),
  ...Object.fromEntries(
    Object.entries(ARRAY_TAGS).map(([kind, tag]) => [tag, (content: TagDecodeControl) => {
      const bytes = content();
      const array = bytes instanceof Uint8Array ? typedArrayFromBytes(kind, bytes) : undefined;
      return array ?? malformed(tag);
    }]),
  ),
};

/** @throws {SerializationError} always */
export function malformed(tag: number): never {
  throw new SerializationError(`Cannot decode the malformed content of CBOR tag ${tag}`);
}

/**
 * @param natural a bigint from 0
 * @returns its big-endian bytes, as few as possible: none for 0
 */
export function bytesOfBigint(natural: bigint): Uint8Array {
  // By way of hexadecimal, this takes linear time; shifting each byte out would take quadratic time.
  const hex = natural === 0n ? "" : natural.toString(16);
  const bytes = new Uint8Array((hex.length + 1) >> 1);
  for (let at = bytes.length - 1, end = hex.length; at >= 0; at--, end -= 2) {
    bytes[at] = parseInt(hex.slice(Math.max(0, end - 2), end), 16);
  }
  return bytes;
}

function bigintFromBytes(bytes: unknown): bigint | undefined {
  if (!(bytes instanceof Uint8Array)) return undefined;
  const digits = new Uint8Array(2 * bytes.length);
  for (let at = 0; at < bytes.length; at++) {
    digits[2 * at] = HEX_DIGITS[bytes[at]! >> 4]!;
    digits[2 * at + 1] = HEX_DIGITS[bytes[at]! & 15]!;
  }
  return BigInt(`0x0${utf8.decode(digits)}`);
}

/** RFC 3339, and the years beyond that `toISOString` writes. */
const DATE =
  /^((?:\d{4}|[+-]\d{6})-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** What is finer than a millisecond is dropped: a Date does not hold it. */
function dateFromText(text: unknown): Date | undefined {
  const clock = typeof text === "string" ? DATE.exec(text)?.[1] : undefined;
  if (clock === undefined) return undefined;
  const date = new Date(text as string);
  const local = new Date(`${clock}Z`);
  if (Number.isNaN(date.getTime()) || Number.isNaN(local.getTime())) return undefined;
  // The engine takes the 30th of February for the 1st of March.
  return local.toISOString().startsWith(clock) ? date : undefined;
}

function dateFromSeconds(seconds: unknown): Date | undefined {
  if (typeof seconds !== "number") return undefined;
  const date = new Date(Math.round(seconds * 1_000));
  return Number.isNaN(date.getTime()) && !Number.isNaN(seconds) ? undefined : date;
}

function textFromJson(bytes: unknown): string | undefined {
  if (!(bytes instanceof Uint8Array)) return undefined;
  const text: unknown = JSON.parse(utf8.decode(bytes));
  return typeof text === "string" ? text : undefined;
}
