/**
 * The binary form of a value: CBOR (RFC 8949), with typed arrays by RFC 8746. Plain values are what
 * they are in CBOR; whatever it lacks has a tag:
 *
 * | value | form |
 * | --- | --- |
 * | a number | an integer where it is one that a number holds exactly; float64 otherwise, and `-0` |
 * | text | text; tag 262 with the bytes of its JSON form when it has lone surrogates |
 * | an object | a map with keys of text, in their order |
 * | `bigint` | tag 2 or 3, a bignum, however small |
 * | `Date` | tag 0 with `2024-01-31T00:00:00.000Z`; tag 1 with NaN for an invalid one |
 * | `Map`, `Set` | tag 259 with a map, tag 258 with an array |
 * | `Uint8Array` | a byte string |
 * | another typed array | its tag of RFC 8746 with a byte string, little-endian |
 * | a part of a message | tag 1346458196 (`"PART"`) with its index, in place of a byte string |
 *
 * Other languages may write the same value in other ways, of which these are read as well: shorter
 * floats, indefinite arrays and maps (not text or bytes), tag 64, dates by tag 1, and integers that
 * a number does not hold, which become a bigint. A time finer than a millisecond is cut to that.
 *
 * @module
 */

import {
  encode,
  encodeInto,
  type EncodeOptions,
  objectToTokens,
  Token,
  tokensToObject,
  Type,
  type TypeEncoder,
} from "../deps.ts";
import { SerializationError } from "../errors.ts";
import { CborReader } from "./cbor_reader.ts";
import {
  ARRAY_TAGS,
  BIGINT_TAG,
  bytesOfBigint,
  DATE_SECONDS_TAG,
  DATE_TEXT_TAG,
  JSON_TEXT_TAG,
  malformed,
  MAP_TAG,
  NEGATIVE_BIGINT_TAG,
  PART_TAG,
  SET_TAG,
  TAG_DECODERS,
} from "./cbor_tags.ts";
import { hasFields, pack } from "./pack.ts";
import { MAX_DEPTH } from "./place.ts";
import { writeText } from "./text.ts";
import { bytesOf, isTypedArray, kindOf, type TypedArray } from "./typed_array.ts";

/** Typed arrays from this many bytes on are parts, where parts are wanted. */
export const PART_BYTES: number = 64 * 1024;
/** How many parts a message may have; further typed arrays are in its form, whatever their size. */
export const MAX_PARTS = 10_000;

type Around = Parameters<TypeEncoder>[3];
type Tokens = NonNullable<ReturnType<TypeEncoder>>;

interface Options extends EncodeOptions {
  parts?: Uint8Array[] | undefined;
}

/**
 * For each type that the library tells apart: its tokens; null, for the library to encode it; or an
 * error for what no party could make a value of again.
 */
const TYPE_ENCODERS: Record<string, TypeEncoder> = {
  number: (value: number) => Object.is(value, -0) ? new Token(Type.float, value) : null,
  bigint: (value: bigint) =>
    value >= 0n
      ? tagged(BIGINT_TAG, new Token(Type.bytes, bytesOfBigint(value)))
      : tagged(NEGATIVE_BIGINT_TAG, new Token(Type.bytes, bytesOfBigint(~value))),
  string: (text: string) => text.isWellFormed() ? null : tagged(JSON_TEXT_TAG, jsonBytes(text)),
  Array: (items: unknown[], _type, _options, around) => {
    check(Object.getPrototypeOf(items) === Array.prototype && !hasFields(items));
    checkDepth(around);
    return null;
  },
  Object: (value: object, type, options, around) => {
    if (isTypedArray(value)) return encodeTypedArray(value, type, options);
    const prototype = Object.getPrototypeOf(value);
    check(prototype === Object.prototype || prototype === null);
    check(Object.getOwnPropertySymbols(value).length === 0);
    checkDepth(around);
    return null;
  },
  Date: (date: Date) => {
    check(Object.getPrototypeOf(date) === Date.prototype);
    return Number.isNaN(date.getTime())
      ? tagged(DATE_SECONDS_TAG, new Token(Type.float, NaN))
      : tagged(DATE_TEXT_TAG, new Token(Type.string, date.toISOString()));
  },
  Map: (map: Map<unknown, unknown>, _type, options, around) => {
    check(Object.getPrototypeOf(map) === Map.prototype);
    checkDepth(around);
    const tokens = objectToTokens([...map].flat(), options, around);
    const items = Array.isArray(tokens) ? tokens[1]! : [];
    return tagged(MAP_TAG, new Token(Type.map, map.size), items);
  },
  Set: (set: Set<unknown>, _type, options, around) => {
    check(Object.getPrototypeOf(set) === Set.prototype);
    return tagged(SET_TAG, objectToTokens([...set], options, around));
  },
  ...Object.fromEntries(Object.keys(ARRAY_TAGS).map((kind) => [kind, encodeTypedArray])),
  Uint8Array: (array: Uint8Array, type, options) =>
    isPart(array, options) ? encodeTypedArray(array, type, options) : null,
  // The library would encode these, by itself or as a class of its own.
  ...Object.fromEntries(["ArrayBuffer", "DataView", "Tagged"].map((type) => [type, refuse])),
};

const ENCODE: EncodeOptions = {
  float64: true,
  mapSorter: undefined, // none, not the library's own
  typeEncoders: TYPE_ENCODERS,
};

const DECODE = { rejectDuplicateMapKeys: true, tags: TAG_DECODERS };

const NO_PARTS: Map<unknown, Uint8Array> = new Map();

const utf8 = new TextEncoder();

/**
 * Turns a value into its binary form.
 *
 * @param value any value that has a JSON form
 * @param parts takes the bytes of each typed array of {@linkcode PART_BYTES} or more, in order, not
 * copied; the form refers to them. All are in the form when left out
 * @returns one CBOR item
 * @throws {SerializationError} for a function, symbol, cycle or class instance, also of a class that
 * extends Array, Date, Map or Set, naming its path
 */
export function encodeCbor(value: unknown, parts?: Uint8Array[]): Uint8Array {
  const before = parts?.length;
  try {
    const options: Options = parts === undefined ? ENCODE : { ...ENCODE, parts };
    const { buffer, byteOffset, byteLength } = encode(value, options);
    return new Uint8Array(buffer, byteOffset, byteLength); // it may have been a Buffer
  } catch (cause) {
    if (parts !== undefined) parts.length = before!;
    pack(value, [], []); // throws as well, and knows the path
    throw new SerializationError("Cannot encode the value as CBOR", { cause });
  }
}

/**
 * Turns a value into its binary form, in place, when it is small. A value that cannot be sent does
 * not throw here, but in {@linkcode encodeCbor}.
 *
 * @param value as for {@linkcode encodeCbor}
 * @param bytes where to write it
 * @param at its place there
 * @returns the place after it; -1 when it is to be encoded by itself
 */
export function writeCbor(value: unknown, bytes: Uint8Array, at: number): number {
  if (typeof value === "string") return writeText(bytes, at, value);
  const room = bytes.byteLength - at;
  if (ArrayBuffer.isView(value) && value.byteLength >= room) return -1;
  if (Array.isArray(value) && value.length >= room) return -1; // an item takes a byte at least
  try {
    return at + encodeInto(value, bytes.subarray(at), ENCODE).written;
  } catch {
    return -1;
  }
}

/**
 * Turns the binary form back into the value.
 *
 * @param bytes one CBOR item
 * @param parts what the item's references mean, in order: each is all of its buffer, and becomes
 * part of the value without a copy
 * @returns the value; a key such as `__proto__` in it is data
 * @throws {SerializationError} when the bytes are not one whole item, or it has a tag of another
 * kind, content that does not fit its tag, a key twice, or does not use each part once
 */
export function decodeCbor(bytes: Uint8Array, parts?: readonly Uint8Array[]): unknown {
  const left = parts === undefined ? NO_PARTS : new Map(parts.entries());
  try {
    const reader = new CborReader(bytes);
    if (reader.done()) throw new SerializationError("Cannot decode no bytes as CBOR");
    const value: unknown = tokensToObject(reader, left.size === 0 ? DECODE : decodeParts(left));
    if (reader.done() && left.size === 0) return value;
  } catch (cause) {
    if (cause instanceof SerializationError) throw cause;
    // What the library throws may quote what it met, such as a key that is there twice.
    throw new SerializationError(`Cannot decode ${bytes.byteLength} bytes as CBOR`);
  }
  throw new SerializationError(
    `Cannot decode ${bytes.byteLength} bytes as CBOR: more follow the item, or parts that it does ` +
      `not refer to`,
  );
}

/** @param left the parts by their indices, each removed when the item refers to it */
function decodeParts(left: Map<unknown, Uint8Array>): typeof DECODE {
  const decodePart = (content: () => unknown) => {
    const index = content();
    const part = left.get(index) ?? malformed(PART_TAG);
    left.delete(index);
    return part;
  };
  return { ...DECODE, tags: { ...TAG_DECODERS, [PART_TAG]: decodePart } };
}

function tagged(tag: number, ...content: Tokens[]): Tokens {
  return [new Token(Type.tag, tag), ...content];
}

function jsonBytes(text: string): Token {
  return new Token(Type.bytes, utf8.encode(JSON.stringify(text)));
}

function encodeTypedArray(array: TypedArray, _type: string, options: Options): Tokens {
  const kind = kindOf(array);
  const bytes = bytesOf(array);
  const content = isPart(array, options)
    ? tagged(PART_TAG, new Token(Type.uint, options.parts!.push(bytes) - 1))
    : new Token(Type.bytes, bytes);
  if (kind === "Uint8Array") return content;
  check(Object.hasOwn(ARRAY_TAGS, kind));
  return tagged(ARRAY_TAGS[kind]!, content);
}

function isPart(array: TypedArray, options: Options): boolean {
  const { parts } = options;
  return parts !== undefined && parts.length < MAX_PARTS && array.byteLength >= PART_BYTES;
}

/** @param around the containers around, which the library links from the innermost on */
function checkDepth(around: Around): void {
  let depth = 0;
  for (let at = around; at !== undefined; at = at.parent) depth++;
  check(depth < MAX_DEPTH);
}

function check(holds: boolean): void {
  if (!holds) refuse();
}

/** What it says is seen by nobody: {@linkcode encodeCbor} has the error that names the path. */
function refuse(): never {
  throw new TypeError("the value has no binary form");
}
