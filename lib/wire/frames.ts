/**
 * What a link carries: a CBOR sequence (RFC 8742) of unsigned integers, which acknowledge what came
 * on the link of the other direction, and of byte strings, the frames. A frame holds
 *
 * - nothing: a heartbeat;
 * - `[key, value]`: a message;
 * - `[key, length of the value, [length of each part]]`: a large message begins. The bytes of the
 *   value and of its parts follow, cut into frames of their own at any place.
 *
 * @module
 */

import { PartyError } from "../errors.ts";
import { encodeCbor, MAX_PARTS, writeCbor } from "./cbor.ts";
import { BYTES, sizeOfHead, writeHead } from "./heads.ts";
import { MAX_KEY_LENGTH } from "./message.ts";
import { writeText } from "./text.ts";

/** How large a frame is made, without its head. */
export const FRAME_BYTES = 256 * 1024;
/** How large a frame may be, without its head. */
export const MAX_FRAME_BYTES = 1024 * 1024;

/** The frame that says only that its sender is there. */
export const HEARTBEAT: Uint8Array = Uint8Array.of(BYTES);

/** A message as the bytes of a link. */
export interface FramedMessage {
  /**
   * The first frame, which is all of a message that is not large. Below {@linkcode SMALL_BYTES} it
   * is there only until the next message is framed.
   */
  first: Uint8Array;
  /** What follows in frames of its own, of a large message: not copied yet. */
  rest: Uint8Array[];
  /** How many bytes the message takes; of a large one, the value alone. */
  bytes: number;
}

/** Frames below this size are put together where the one before them was. */
export const SMALL_BYTES = 4 * 1024;

/** Fresh memory for each small message would cost more than the rest of its way. */
const scratch = new Uint8Array(SMALL_BYTES - 1);

/** How long the head of a small frame is at most. */
const MAX_SMALL_HEAD_BYTES = sizeOfHead(SMALL_BYTES);

const NO_PARTS: Uint8Array[] = [];

/** An array of two, and of three, items. */
const [PAIR, TRIPLE] = [0x82, 0x83];

/**
 * @param key the message's key
 * @param value its value
 * @returns the message's frames
 * @throws {SerializationError} when the value cannot be sent, naming the path
 */
export function frameMessage(key: string, value: unknown): FramedMessage {
  const small = frameSmall(key, value);
  if (small !== undefined) return small;
  const parts: Uint8Array[] = [];
  const encodedKey = encodeCbor(key);
  const encoded = encodeCbor(value, parts);
  let bytes = 1 + encodedKey.byteLength + encoded.byteLength;
  if (parts.length === 0 && bytes < FRAME_BYTES) {
    return { first: joinFrame(PAIR, encodedKey, encoded), rest: [], bytes };
  }
  bytes = encoded.byteLength;
  const lengths = encodeCbor([encoded.byteLength, parts.map((part) => part.byteLength)]);
  // What follows the head of an array of two stands as well behind the first of an array of three.
  const first = joinFrame(TRIPLE, encodedKey, lengths.subarray(1));
  for (const part of parts) bytes += part.byteLength;
  return { first, rest: [encoded, ...parts], bytes };
}

/** @returns the message; undefined when it is not small, or cannot be sent */
function frameSmall(key: string, value: unknown): FramedMessage | undefined {
  const from = MAX_SMALL_HEAD_BYTES;
  scratch[from] = PAIR;
  const afterKey = writeText(scratch, from + 1, key);
  const end = afterKey < 0 ? -1 : writeCbor(value, scratch, afterKey);
  if (end < 0) return undefined;
  const bytes = end - from;
  const start = from - sizeOfHead(bytes);
  writeHead(scratch, start, BYTES, bytes);
  return { first: scratch.subarray(start, end), rest: NO_PARTS, bytes };
}

/** Writes the head of a frame, an array's head and its items. */
function joinFrame(array: number, first: Uint8Array, rest: Uint8Array): Uint8Array {
  const length = 1 + first.byteLength + rest.byteLength;
  const frame = new Uint8Array(sizeOfHead(length) + length);
  let at = writeHead(frame, 0, BYTES, length);
  frame[at++] = array;
  frame.set(first, at);
  frame.set(rest, at + first.byteLength);
  return frame;
}

/** What a frame said, once decoded. */
export type Frame =
  | { key: string; value: unknown }
  /** A large message begins; the first length is that of its value. */
  | { key: string; lengths: number[] };

/**
 * @param content what a frame that is no heartbeat decoded to
 * @returns the frame
 * @throws {PartyError} `INVALID_REQUEST` when no party makes such a frame
 */
export function checkFrame(content: unknown): Frame {
  if (Array.isArray(content) && isKey(content[0])) {
    const [key, second, third] = content;
    if (content.length === 2) return { key, value: second };
    if (content.length === 3 && Array.isArray(third) && third.length <= MAX_PARTS) {
      const lengths = [second, ...third];
      if (lengths.every(isLength)) return { key, lengths };
    }
  }
  throw new PartyError(
    "INVALID_REQUEST",
    "Cannot take a frame that is neither [key, value] nor [key, length, [lengths]]",
  );
}

function isKey(key: unknown): key is string {
  return typeof key === "string" && key.length > 0 && key.length <= MAX_KEY_LENGTH;
}

function isLength(length: unknown): length is number {
  return Number.isSafeInteger(length) && (length as number) > 0;
}
