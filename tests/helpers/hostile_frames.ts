/**
 * What no party sends on a link, and the code that it is refused with.
 *
 * @module
 */

import type { ErrorCode } from "../../lib/errors.ts";
import { HEARTBEAT, MAX_FRAME_BYTES } from "../../lib/wire/frames.ts";
import { BYTES } from "../../lib/wire/heads.ts";
import { MAX_KEY_LENGTH } from "../../lib/wire/message.ts";
import { concat, frameOf, frameWith, headOf, listOfParts } from "./hand_frames.ts";

/** Bytes that no party sends. */
export interface HostileFrames {
  /** What is wrong with them. */
  name: string;
  bytes: Uint8Array;
  /** How they are refused. */
  code: ErrorCode;
}

const bytesOf = (...bytes: number[]) => Uint8Array.from(bytes);

const MALFORMED: [name: string, bytes: Uint8Array][] = [
  ["an integer below 0", bytesOf(0x20)],
  ["an acknowledgement whose size is reserved", bytesOf(0x1c)],
  ["an acknowledgement without a definite size", bytesOf(0x1f)],
  ["a frame that is text", bytesOf(0x61, 0x61)],
  ["a frame that is an array", bytesOf(0x82, 0x61, 0x61, 1)],
  ["a frame that is tagged", bytesOf(0xc2, 0x41, 1)],
  ["a frame without a definite length", bytesOf(0x5f, 0x41, 1, 0xff)],
  ["a frame whose length is reserved", bytesOf(0x5c)],
  ["the end of nothing", bytesOf(0xff)],
  ["HTTP in place of frames", new TextEncoder().encode("POST / HTTP/1.1\r\n\r\n")],
  ["a frame that is a byte too long", headOf(BYTES, MAX_FRAME_BYTES + 1)],
  ["a frame that never ends", headOf(BYTES, 2 ** 53 - 1)],
  ["a frame of all there is", concat(bytesOf(0x5b), new Uint8Array(8).fill(0xff))],
  ["a message without a value", frameWith(["k"])],
  ["a message of nothing", frameWith([])],
  ["a message of four", frameWith(["k", 1, [], 1])],
  ["a message that is a map", frameWith({ 0: "k", 1: 1 })],
  ["a message that is text", frameWith("k")],
  ["a message that is null", frameWith(null)],
  ["a key that is a number", frameWith([1, 1])],
  ["a key that is null", frameWith([null, 1])],
  ["a key that is bytes", frameWith([bytesOf(107), 1])],
  ["an empty key", frameWith(["", 1])],
  ["a key that is too long", frameWith(["k".repeat(MAX_KEY_LENGTH + 1), 1])],
  ["an empty key of a large message", frameWith(["", 1, []])],
  ["a length of 0", frameWith(["k", 0, []])],
  ["a length below 0", frameWith(["k", -1, []])],
  ["a length that is no whole number", frameWith(["k", 1.5, []])],
  ["a length that is NaN", frameWith(["k", NaN, []])],
  ["a length that is no number", frameWith(["k", "1", []])],
  ["a length that is a bigint", frameWith(["k", 1n, []])],
  ["a length that is 2 to the power of 53", frameWith(["k", 2 ** 53, []])],
  ["a part of length 0", frameWith(["k", 1, [0]])],
  ["a part of a length below 0", frameWith(["k", 10, [20, -5]])],
  ["a part without a length", frameWith(["k", 1, [null]])],
  ["lengths that are no array", frameWith(["k", 1, { length: 0 }])],
  ["lengths that are bytes", frameWith(["k", 1, bytesOf(1)])],
  ["too many parts", frameWith(["k", 1, new Array(10_001).fill(1)])],
  [
    "a piece that is longer than its message",
    concat(frameWith(["k", 3, []]), frameOf(bytesOf(0x61, 0x61, 1, 1))),
  ],
];

/** What is in the bytes of a frame, or of a value, is no value. */
const NO_VALUES: [name: string, bytes: Uint8Array][] = [
  ["a frame that is not CBOR", frameOf(bytesOf(0xff))],
  ["a frame of two items", frameOf(bytesOf(0x82, 0x61, 0x6b, 1, 1))],
  ["a frame that breaks off", frameOf(bytesOf(0x82, 0x61, 0x6b, 0x19, 1))],
  ["a value with an unknown tag", frameOf(bytesOf(0x82, 0x61, 0x6b, 0xda, 9, 9, 9, 9, 1))],
  ["a value with a key twice", frameOf(bytesOf(0x82, 0x61, 0x6b, 0xa2, 0x61, 97, 1, 0x61, 97, 2))],
  ["a value that is nested without end", frameOf(new Uint8Array(200_000).fill(0x81))],
  [
    "a value that declares a huge array",
    frameOf(bytesOf(0x82, 0x61, 0x6b, 0x9a, 255, 255, 255, 255)),
  ],
  [
    "a value that declares huge bytes",
    frameOf(bytesOf(0x82, 0x61, 0x6b, 0x5b, 0, 0, 255, 255, 255, 255, 255, 255)),
  ],
  [
    "a part that is not referred to",
    concat(frameWith(["k", 1, [2]]), frameOf(bytesOf(0x01, 7, 7))),
  ],
  ["a part that is referred to twice", large(concat(bytesOf(0x82), ...twice()), [2], [7, 7])],
  ["a part that there is not", large(listOfParts(2), [2], [7, 7])],
  ["a part in a message without parts", frameOf(concat(bytesOf(0x82, 0x61, 0x6b), twice()[0]!))],
  ["a large value that is not CBOR", large(bytesOf(0xff), [], [])],
];

const TOO_LARGE: [name: string, bytes: Uint8Array][] = [
  ["a value of more than a message may have", frameWith(["k", 2 ** 40, []])],
  ["a value of 2 to the power of 53, less one", frameWith(["k", 2 ** 53 - 1, []])],
  ["parts of more than a message may have", frameWith(["k", 1, new Array(10_000).fill(2 ** 52)])],
];

function twice(): Uint8Array[] {
  const reference = listOfParts(1).slice(1);
  return [reference, reference];
}

function large(value: Uint8Array, lengths: number[], rest: number[]): Uint8Array {
  const pieces = frameOf(concat(value, Uint8Array.from(rest)));
  return concat(frameWith(["k", value.byteLength, lengths]), HEARTBEAT, pieces);
}

/** All of it; with a limit of 1 MiB for a message. */
export const HOSTILE_FRAMES: readonly HostileFrames[] = [
  ...MALFORMED.map(([name, bytes]) => ({ name, bytes, code: "INVALID_REQUEST" as const })),
  ...NO_VALUES.map(([name, bytes]) => ({ name, bytes, code: "SERIALIZATION" as const })),
  ...TOO_LARGE.map(([name, bytes]) => ({ name, bytes, code: "PAYLOAD_TOO_LARGE" as const })),
];
