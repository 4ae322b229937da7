/**
 * Heads, acknowledgements and frames byte by byte, and what no party sends. No I/O.
 *
 * @module
 */

import process from "node:process";
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { AckReader, encodeAck } from "../lib/comm/link/acks.ts";
import { IncomingStream } from "../lib/comm/link/incoming.ts";
import { type ErrorCode, NetworkError, PartyError } from "../lib/errors.ts";
import { encodeCbor, PART_BYTES } from "../lib/wire/cbor.ts";
import { HEARTBEAT, MAX_FRAME_BYTES } from "../lib/wire/frames.ts";
import { BYTES, headArgument, headSize, sizeOfHead, UINT, writeHead } from "../lib/wire/heads.ts";
import { MAX_KEY_LENGTH } from "../lib/wire/message.ts";
import { concat, frameOf, frameWith, headOf, largeMessage } from "./helpers/hand_frames.ts";
import { HOSTILE_FRAMES } from "./helpers/hostile_frames.ts";

const MIB = 1024 * 1024;
const LIMITS = [0, 23, 24, 2 ** 8, 2 ** 16, 2 ** 32, 2 ** 53 - 1]
  .flatMap((limit) => [limit - 1, limit, limit + 1])
  .filter((argument) => argument >= 0 && argument < 2 ** 53);

test("a head of any argument is the shortest, and read again", () => {
  const argument = fc.oneof(fc.maxSafeNat(), fc.constantFrom(...LIMITS));
  const property = fc.property(argument, fc.constantFrom(UINT, BYTES), (argument, major) => {
    const bytes = new Uint8Array(12).fill(0xee);
    const end = writeHead(bytes, 1, major, argument);
    const size = headSize(bytes[1]!, major);
    assert.is(end, 1 + size);
    assert.is(sizeOfHead(argument), size);
    assert.is(headArgument(bytes, 1, size), argument);
    assert.is(bytes[0]! & bytes[end]!, 0xee, "wrote around it");
    const longest = size === 1 ? 23 : 2 ** (4 * (size - 1)) - 1; // of the next shorter head
    assert.ok(size === 1 ? argument <= longest : size === 2 ? argument > 23 : argument > longest);
  });
  fc.assert(property, { numRuns: 2_000, examples: LIMITS.map((limit) => [limit, BYTES]) });
});

test("what begins with another type, or has no definite argument, is no head", () => {
  for (let first = 0; first < 256; first++) {
    for (const major of [UINT, BYTES]) {
      const expected = (first & 0xe0) === major && (first & 31) < 28;
      assert.is(headSize(first, major) > 0, expected, `byte ${first}`);
    }
  }
});

test("heads that are longer than need be are read", () => {
  for (const size of [1, 2, 4, 8] as const) {
    assert.is(headArgument(headOf(BYTES, 7, size), 0, 1 + size), 7);
    assert.is(new AckReader().read(headOf(UINT, 7, size)), 7);
  }
});

test("acknowledgements are read over any cuts", () => {
  const cut = fc.tuple(fc.array(fc.maxSafeNat(), { maxLength: 20 }), fc.array(fc.nat({ max: 9 })));
  fc.assert(fc.property(cut, ([places, sizes]) => {
    const reader = new AckReader();
    const bytes = concat(...places.map(encodeAck));
    const ends = places.map((_, at) => concat(...places.slice(0, at + 1).map(encodeAck)).length);
    for (let at = 0, turn = 0; at < bytes.byteLength; turn++) {
      const next = Math.min(bytes.byteLength, at + (sizes[turn] ?? 5));
      const whole = ends.findLastIndex((end) => end > at && end <= next);
      const chunk = bytes.slice(at, next);
      assert.is(reader.read(chunk), places[whole]);
      chunk.fill(0xee); // the reader may not have kept it
      at = next;
    }
  }));
});

test("what is no acknowledgement is of no party", () => {
  for (const bytes of [[0x40], [0x20], [0x1c], [0x1f], [0x05, 0x61, 0x61], [0xff]]) {
    const read = () => new AckReader().read(Uint8Array.from(bytes));
    assert.throws(read, (error: Error) => error instanceof NetworkError);
  }
  const page = new TextEncoder().encode("<html>");
  assert.throws(() => new AckReader().read(page), (error: Error) => error instanceof NetworkError);
});

/** Pushes bytes in chunks of a size. @returns the messages, and what it threw */
function take(bytes: Uint8Array, chunkBytes = Infinity, maxMessageBytes = MIB) {
  const messages: [key: string, value: unknown][] = [];
  let announced = 0;
  const stream = new IncomingStream({
    admits: (_, bytes) => (announced += bytes) >= 0,
    deliver: (key, value) => messages.push([key, value]) > 0,
    acknowledge: (place) => assert.ok(place >= 0),
  }, maxMessageBytes);
  try {
    for (let at = 0; at < bytes.byteLength; at = stream.taken) {
      stream.push(at, bytes.subarray(at, at + chunkBytes));
    }
  } catch (error) {
    return { messages, announced, error };
  }
  return { messages, announced, error: undefined };
}

for (const { name, bytes, code } of HOSTILE_FRAMES) {
  test(`${name} is refused with ${code}, however it is cut`, () => {
    for (const chunkBytes of [1, 2, 7, 4_096, Infinity]) {
      const { error, messages } = take(concat(frameWith(["good", 1]), bytes), chunkBytes);
      assert.instance(error, PartyError);
      assert.is((error as PartyError).code, code, String(error));
      assert.ok((error as Error).message.length < 500);
      assert.equal(messages, [["good", 1]]);
    }
  });
}

test("what is a little odd, and can be understood, is taken", () => {
  const longest = "k".repeat(MAX_KEY_LENGTH);
  const content = encodeCbor([longest, 1]);
  const bytes = concat(
    HEARTBEAT,
    frameOf(new Uint8Array(), 8),
    frameOf(content, 8),
    frameWith([longest, 3, []]),
    frameOf(Uint8Array.of(0x82), 4),
    HEARTBEAT,
    frameOf(Uint8Array.of(1, 2)),
  );
  for (const chunkBytes of [1, 2, 7, Infinity]) {
    const { error, messages } = take(bytes, chunkBytes);
    assert.is(error, undefined);
    assert.equal(messages, [[longest, 1], [longest, [1, 2]]]);
  }
});

for (const limit of [100, 1_000, 100_000]) {
  test(`a message of more than ${limit} bytes is too large, in one frame or in many`, () => {
    const code = ({ error }: ReturnType<typeof take>) => (error as PartyError | undefined)?.code;
    // The value takes a list of one part, 1 + 6 bytes, besides.
    const large = (bytes: number) =>
      concat(...largeMessage("k", [new Uint8Array(bytes)], [40_000]));
    assert.is(code(take(large(limit - 7), Infinity, limit)), undefined);
    const announced = take(large(limit - 6), Infinity, limit);
    assert.is(code(announced), "PAYLOAD_TOO_LARGE");
    assert.is(announced.announced, 0, "it was asked for room");
    const one = (bytes: number) => {
      const rest = bytes - encodeCbor(["k", new Uint8Array(bytes)]).byteLength;
      return frameWith(["k", new Uint8Array(bytes + rest)]);
    };
    assert.is(code(take(one(limit), Infinity, limit)), undefined);
    assert.is(code(take(one(limit + 1), Infinity, limit)), "PAYLOAD_TOO_LARGE");
  });
}

test("a length that no memory holds is too large, whatever the limit", () => {
  for (const lengths of [[2 ** 52, []], [10, [2 ** 46]], [10, [2 ** 53 - 1, 1]]] as const) {
    const { error } = take(frameWith(["k", ...lengths]), Infinity, Infinity);
    assert.instance(error, PartyError);
    assert.is((error as PartyError).code, "PAYLOAD_TOO_LARGE");
  }
});

test("lengths that are only declared take no memory", () => {
  const before = process.memoryUsage().rss;
  const streams = Array.from({ length: 50 }, (_, at) => {
    const delivery = { admits: () => true, deliver: () => true, acknowledge: () => {} };
    const stream = new IncomingStream(delivery, 2 ** 31);
    const declared = [
      frameWith(["k", 2 ** 30, [2 ** 29]]),
      headOf(BYTES, MAX_FRAME_BYTES),
      Uint8Array.of(1),
    ];
    if (at % 2 === 0) declared.shift();
    stream.push(0, concat(...declared));
    return stream;
  });
  const grown = process.memoryUsage().rss - before;
  assert.ok(grown < 100 * MIB, `${streams.length} streams took ${grown} bytes`);
});

test("random bytes are refused with a PartyError, or not yet a frame", () => {
  const noise = fc.uint8Array({ maxLength: 100 });
  const anything = fc.oneof(
    noise,
    noise.map((content) => frameOf(content)),
    noise.map((content) => frameOf(concat(Uint8Array.of(0x82, 0x61, 0x6b), content))),
    noise.map((content) => concat(frameWith(["k", content.length + 1, []]), frameOf(content))),
    fc.anything().map((value) => {
      try {
        return frameWith(value);
      } catch {
        return HEARTBEAT; // it has no form
      }
    }),
  );
  const sequence = fc.array(anything, { maxLength: 4 }).map((frames) => concat(...frames));
  fc.assert(
    fc.property(sequence, fc.integer({ min: 1, max: 50 }), (bytes, chunkBytes) => {
      const { error, messages } = take(bytes, chunkBytes);
      if (error !== undefined) assert.instance(error, PartyError);
      assert.ok(messages.every(([key]) => key.length > 0 && key.length <= MAX_KEY_LENGTH));
      const whole = take(bytes);
      assert.is((whole.error as { code?: ErrorCode })?.code, (error as PartyError)?.code);
      assert.is(whole.messages.length, messages.length);
    }),
    { numRuns: 3_000 },
  );
});

test("no message has more parts than its receiver takes", () => {
  const parts: Uint8Array[] = [];
  encodeCbor(new Array(10_010).fill(new Uint8Array(PART_BYTES)), parts);
  assert.is(parts.length, 10_000);
});

test.run();
