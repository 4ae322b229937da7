/**
 * A message in its JSON form: the body of `POST /sessions/{s}/comm/send`, with the value as Base64
 * of the UTF-8 text of its JSON form.
 *
 * @module
 */

import { base64, v } from "../deps.ts";
import { SerializationError } from "../errors.ts";
import { Rank } from "../schema.ts";
import { decodeJson, encodeJson } from "./json.ts";

/** The longest key of a message, in UTF-16 code units. */
export const MAX_KEY_LENGTH = 1_024;

/**
 * A message as it travels: the body of `comm/send`. `boot` and `seq` come together, or, from a simple
 * sender, not at all.
 */
export interface MessageBody {
  /** The sender's rank. */
  from_rank: number;
  /** The receiver's rank. */
  to_rank: number;
  /** The key, of 1 to 1024 UTF-16 code units. */
  key: string;
  /** Base64 of the value's JSON form. */
  data: string;
  /** Names the sender's lifetime in the session: 1 to 64 letters, digits, `_` or `-`. */
  boot?: string;
  /** The message's number among those from this sender to this receiver, from 1. */
  seq?: number;
}

/** Names the lifetime of one party in one session. */
export const Boot = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9_-]{1,64}$/, "use 1 to 64 letters, digits, '_' or '-'"),
);

const KEY_LENGTH = `use 1 to ${MAX_KEY_LENGTH} characters`;
const NO_SEQ = "use a whole number from 1";

/** What a {@linkcode MessageBody} is checked against. */
export const MessageSchema: v.GenericSchema<unknown, MessageBody> = v.pipe(
  v.strictObject({
    from_rank: Rank,
    to_rank: Rank,
    key: v.pipe(
      v.string(),
      v.minLength(1, KEY_LENGTH),
      v.maxLength(MAX_KEY_LENGTH, KEY_LENGTH),
    ),
    data: v.string(),
    boot: v.optional(Boot),
    seq: v.optional(v.pipe(v.number(), v.safeInteger(NO_SEQ), v.minValue(1, NO_SEQ))),
  }),
  v.check(
    ({ boot, seq }) => (boot === undefined) === (seq === undefined),
    "boot and seq come together",
  ),
);

/** A value on its way: its text and how many bytes it has before Base64. */
export interface Payload {
  /** Base64 of the JSON form. */
  data: string;
  /** The bytes of the JSON form. */
  bytes: number;
}

const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * @param value any value that has a JSON form
 * @returns its payload
 * @throws {SerializationError} when it has none, naming the path
 */
export function encodePayload(value: unknown): Payload {
  const bytes = utf8Encoder.encode(encodeJson(value));
  return { data: base64.encode(bytes), bytes: bytes.byteLength };
}

/**
 * @param data Base64 of a JSON form
 * @returns the value, and how many bytes its JSON form has
 * @throws {SerializationError} when the data is not canonical Base64, UTF-8 or a JSON form
 */
export function decodePayload(data: string): { value: unknown; bytes: number } {
  let bytes: Uint8Array;
  let text: string;
  try {
    bytes = base64.decode(data);
  } catch {
    // What the library throws may quote the data.
    throw new SerializationError(
      `Cannot decode ${data.length} characters of data as Base64: use the standard alphabet, ` +
        `padding and no line breaks`,
    );
  }
  try {
    text = utf8Decoder.decode(bytes);
  } catch (cause) {
    throw new SerializationError(`Cannot decode ${bytes.byteLength} bytes of data as UTF-8`, {
      cause,
    });
  }
  return { value: decodeJson(text), bytes: bytes.byteLength };
}
