/**
 * The tokens of a CBOR item, for `cborg` to make a value of, with what it lets pass refused: depth,
 * a break where a map's value belongs, tags in tags, and text that is not UTF-8.
 *
 * @module
 */

import { Token, Tokenizer, Type } from "../deps.ts";
import { SerializationError } from "../errors.ts";
import { isArrayTag, PART_TAG } from "./cbor_tags.ts";
import { MAX_DEPTH } from "./place.ts";

const NO_TAG = -1;
/**
 * How many items a value may have: one byte of CBOR may be an object of a hundred bytes. This many
 * objects take a gigabyte or so.
 */
const MAX_ITEMS = 10_000_000;
const NOT_UTF8 = "\ufffd";
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const TOKENIZER_OPTIONS = { allowBigInt: true };

/** Reads the tokens of one item. */
export class CborReader {
  readonly #tokens: Tokenizer;
  /** The containers around, outermost first: how many items each still lacks, as `#left` does. */
  readonly #around: number[] = [];
  /**
   * How many items the innermost container still lacks. That of an indefinite array is infinite,
   * that of an indefinite map negative, and even where a key belongs.
   */
  #left = 1;
  #count = 0;
  /** The number of the tag whose content comes next. */
  #tag: number = NO_TAG;

  /** @param bytes an encoded item */
  constructor(bytes: Uint8Array) {
    // The library cuts byte strings out with slice(), which does not copy on Node's Buffer.
    const { buffer, byteOffset, byteLength } = bytes;
    this.#tokens = new Tokenizer(new Uint8Array(buffer, byteOffset, byteLength), TOKENIZER_OPTIONS);
  }

  /** @returns how many bytes were read */
  pos(): number {
    return this.#tokens.pos();
  }

  /** @returns whether all bytes were read */
  done(): boolean {
    return this.#tokens.done();
  }

  /** @returns the next token @throws {SerializationError} for one that may not be here */
  next(): Token {
    const token = this.#tokens.next();
    const { type } = token;
    if (++this.#count > MAX_ITEMS) {
      throw new SerializationError(
        `Cannot take a value of more than ${MAX_ITEMS} items: send typed arrays, or send in parts`,
      );
    }
    if (type === Type.tag) return this.#enterTag(token);
    this.#tag = NO_TAG;
    if (type === Type.break) {
      this.#leaveIndefinite();
    } else {
      this.#left--;
      if (type === Type.array) this.#enter(token.value);
      else if (type === Type.map) this.#enter(token.value === Infinity ? -2 : 2 * token.value);
    }
    while (this.#left === 0 && this.#around.length > 0) this.#left = this.#around.pop()!;
    if (type === Type.string) return this.#checkText(token);
    // The library's one empty byte string would be the same key twice in a Map.
    return type === Type.bytes && token.value.length === 0
      ? new Token(Type.bytes, new Uint8Array(0), token.encodedLength)
      : token;
  }

  #enter(items: number): void {
    if (this.#around.length >= MAX_DEPTH) {
      throw new SerializationError(
        `Cannot take a value nested deeper than ${MAX_DEPTH}, at byte ${this.pos()}: flatten it`,
      );
    }
    this.#around.push(this.#left);
    this.#left = items;
  }

  #leaveIndefinite(): void {
    const left = this.#left;
    if (left !== Infinity && (left >= 0 || left % 2 !== 0)) throw this.#malformed("a break");
    this.#left = this.#around.pop()!;
  }

  #enterTag(token: Token): Token {
    const within = this.#tag;
    const isArrayOfPart = token.value === PART_TAG && isArrayTag(within);
    if (within !== NO_TAG && !isArrayOfPart) throw this.#malformed("a tag in a tag");
    this.#tag = Number(token.value);
    return token;
  }

  /** The library puts U+FFFD for what is not UTF-8, and leaves out a leading U+FEFF. */
  #checkText(token: Token): Token {
    const { data } = this.#tokens;
    const end = this.pos();
    const start = end - token.encodedLength!;
    const minor = data[start]! & 31;
    const first = start + (minor < 24 ? 1 : 1 + 2 ** (minor - 24));
    const maybeMark = first < end && data[first] === 0xef;
    // Both are so rare that decoding these texts again costs less than decoding all here.
    if (!maybeMark && !token.value.includes(NOT_UTF8)) return token;
    try {
      const text = utf8.decode(data.subarray(first, end));
      return new Token(Type.string, text, token.encodedLength);
    } catch {
      throw this.#malformed("text that is not UTF-8");
    }
  }

  #malformed(what: string): SerializationError {
    return new SerializationError(
      `Cannot decode CBOR with ${what} at byte ${this.pos() - 1}: see RFC 8949`,
    );
  }
}
