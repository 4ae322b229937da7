import fc from "fast-check";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { SerializationError } from "../lib/errors.ts";
import { decodeCbor, encodeCbor, PART_BYTES } from "../lib/wire/cbor.ts";
import { MAX_DEPTH } from "../lib/wire/place.ts";
import { fromHex, toHex } from "./helpers/hex.ts";
import { assertSame } from "./helpers/same.ts";
import { LEAVES, NEST, nested, refusal, UNSENDABLE } from "./helpers/unsendable.ts";
import { sendable } from "./helpers/values.ts";

const refuseHex = (digits: string) => refusal(() => decodeCbor(fromHex(digits)));

for (const [name, value, says, inside = ""] of UNSENDABLE) {
  test(`${name} cannot be encoded, and the error says where it is`, () => {
    const at = (around: unknown) => refusal(() => encodeCbor(around)).message;
    assert.match(at(value), says);
    assert.ok(at(value).includes(`at value${inside}:`), at(value));
    const nested = at({ rows: [1n, 2, {}, { f: value }] });
    assert.ok(nested.includes(`at value.rows[3].f${inside}:`), nested);
    assert.ok(at(new Map([[1, 1], [2, value]])).includes(`at value[1]${inside}:`));
    assert.ok(at(new Map([[value, 1]])).includes(`at value[0]${inside}:`));
    assert.ok(at(new Set([1, 2, value])).includes(`at value[2]${inside}:`));
  });
}

test("a value that is refused leaves no parts behind, and the next one encodes", () => {
  const parts = [new Uint8Array(1)];
  refusal(() => encodeCbor([new Uint8Array(PART_BYTES), () => {}], parts));
  assert.is(parts.length, 1);
  assert.is(toHex(encodeCbor([1])), "8101");
});

for (const [name, around] of NEST) {
  test(`${name} nest as deep as allowed and no deeper`, () => {
    for (const leaf of LEAVES) {
      const value = nested(around, MAX_DEPTH, leaf);
      assertSame(decodeCbor(encodeCbor(value)), value);
      assert.match(refusal(() => encodeCbor(around(value))).message, /nested deeper than 1000/);
    }
    const far = nested(around, 100_000, 1);
    assert.match(refusal(() => encodeCbor(far)).message, /nested deeper than 1000/);
  });
}

const SHELLS: [name: string, open: string, close: string][] = [
  ["arrays", "81", ""],
  ["indefinite arrays", "9f", "ff"],
  ["objects", "a16161", ""],
  ["indefinite objects", "bf6161", "ff"],
  ["Map values", "d90103a100", ""],
  ["Map keys", "d90103a1", "00"],
  ["Sets", "d9010281", ""],
];

for (const [name, open, close] of SHELLS) {
  test(`the bytes of ${name} may nest as deep as what encodes and no deeper`, () => {
    const bytes = (depth: number) => fromHex(open.repeat(depth) + "00" + close.repeat(depth));
    decodeCbor(bytes(MAX_DEPTH));
    for (const depth of [MAX_DEPTH + 1, 100_000]) {
      assert.match(refusal(() => decodeCbor(bytes(depth))).message, /nested deeper than 1000/);
    }
    refuseHex(open.repeat(100_000));
  });
}

const HOSTILE: [name: string, digits: string[]][] = [
  ["nothing", [""]],
  ["two items", ["0000", "8080", "a0ff", "8101ff"]],
  ["a huge array", ["9affffffff", "9b000fffffffffffff00", "9bffffffffffffffff", "9a05f5e100f6f6"]],
  ["a huge map", [
    "baffffffff",
    "bb000fffffffffffff6161",
    "bbffffffffffffffff",
    "ba05f5e100616101",
  ]],
  ["a huge byte string", ["5affffffff", "5b000fffffffffffff00", "5bffffffffffffffff"]],
  ["a huge text", ["7affffffff", "7b000fffffffffffff61", "7bffffffffffffffff"]],
  ["huge content of a tag", ["c25b000fffffffffffff00", "d9010382baffffffff", "d901029affffffff"]],
  [
    "tags without end",
    ["c0", "c1", "c2", "d90102", "d90103", "d856"].map((t) => t.repeat(100_000)),
  ],
  ["a tag in a tag", [
    "c1c11a514b67b0",
    "c2c240",
    "d84ed84ed84e40",
    "d90102d9010280",
    "d856d84040",
  ]],
  ["tags without content", ["c0", "c2", "d90102", "d90103", "81c1", "9fc1ff", "9fd90103ff"]],
  ["an unknown tag", [
    "c400",
    "d81800",
    "d9010000",
    "d9ffff00",
    "daffffffff00",
    "dbffffffffffffffff00",
  ]],
  ["a tag of big-endian arrays", ["d8414401020304", "d85248" + "00".repeat(8)]],
  ["a reserved length", ["1c", "1f", "3d", "5c", "7e", "9c", "bd", "dc", "df", "fc", "fd", "fe"]],
  ["a simple value without a meaning", ["e0", "f3", "f800", "f8ff", "f817"]],
  ["text or bytes in pieces", ["5f4101ff", "7f6161ff"]],
  ["a break out of place", [
    "ff",
    "81ff",
    "a1ff",
    "a161ff",
    "a16161ff",
    "bf6161ff",
    "bf616101ff00",
  ]],
  ["a break in a definite array in another", ["9f81ff", "9f8200ffff", "bf61618100ff61ff"]],
  ["text that is not UTF-8", ["61ff", "62c328", "64f8888080", "63eda080", "a161ff01"]],
  ["long text that is not UTF-8", ["7840" + "61".repeat(63) + "ff", "7840ef" + "61".repeat(63)]],
  ["a key that is no text", ["a10001", "a14001", "a1f601", "a18001", "a1c24001"]],
  ["a key twice", ["a2616101616102", "bf616101616102ff", "d90103a200010002"]],
  ["the key __proto__ twice", ["a2695f5f70726f746f5f5f01695f5f70726f746f5f5f02"]],
  ["an integer that is cut", [
    "18",
    "1900",
    "1a000000",
    "1b00000000000000",
    "f900",
    "fa00",
    "fb00",
  ]],
];

for (const [name, all] of HOSTILE) {
  test(`${name} is refused`, () => {
    for (const digits of all) {
      refuseHex(digits);
      refuseHex("82f6" + digits);
    }
  });
}

const CONTENTS: [tag: string, ...contents: string[]][] = [
  ["c0", "00", "40", "f6", "60", "636e6f77", "6a323032342d30312d3331"],
  [
    "c0",
    ...[
      "2024-02-30T00:00:00Z",
      "2024-01-31T24:00:00Z",
      "2024-01-31T00:00:60Z",
      "2024-01-31T00:00:00",
      "2024-01-31T00:00:00+25:00",
      "-000000-01-31T00:00:00Z",
      "+999999-01-31T00:00:00Z",
    ].map((date) => toHex(encodeCbor(date))),
  ],
  ["c1", "60", "40", "f6", "80", "fb7ff0000000000000", "fb7e37e43c8800759c", "1b0020000000000000"],
  ["c2", "00", "60", "80", "f6"],
  ["c3", "00", "60", "80", "f6"],
  ["d840", "00", "60", "80", "810001"],
  ["d845", "00", "4101", "43010203", "820102"],
  ["d856", "00", "4101", "4400000000"],
  ["d90102", "00", "40", "a0", "f6", "6161"],
  ["d90103", "00", "40", "80", "f6", "818200"],
  [
    "d90106",
    "00",
    "60",
    "80",
    "40",
    "4122",
    "4130",
    "425b5d",
    "44225c7522",
    "4322ff22",
    "43efbbbf",
  ],
];

test("malformed content of a known tag is refused", () => {
  for (const [tag, ...contents] of CONTENTS) {
    for (const content of contents) refuseHex(tag + content);
  }
});

test("__proto__ is a key like any other, in objects and in Maps", () => {
  const proto = "695f5f70726f746f5f5f";
  const value = decodeCbor(fromHex(`a1${proto}a1617801`)) as Record<string, unknown>;
  assert.equal(Object.keys(value), ["__proto__"]);
  assert.is(Object.getPrototypeOf(value), Object.prototype);
  assert.is(value.x, undefined);
  assertSame(
    decodeCbor(fromHex(`d90103a1${proto}a1617801`)),
    new Map([["__proto__", { x: 1 }]]),
  );
});

test("a value that is cut anywhere is refused", () => {
  const value = {
    text: ["a\ufeff", "\ud800", "é".repeat(40)],
    numbers: [1, -1, 2 ** 20, 1.5, -0, 5n, -(2n ** 70n), undefined, null, true],
    more: new Map<unknown, unknown>([[new Set([1]), new Date(0)], [new Date(NaN), {}]]),
    arrays: [Uint8Array.of(1), Float64Array.of(1, 2), BigInt64Array.of(1n)],
  };
  const bytes = encodeCbor(value);
  for (let end = 0; end < bytes.byteLength; end++) {
    refusal(() => decodeCbor(bytes.subarray(0, end)));
  }
  assertSame(decodeCbor(bytes), value);
});

const [FIRST, SECOND] = ["da5041525400", "da5041525401"];

test("each part is referred to once, and fits", () => {
  const part = (length: number) => new Uint8Array(length);
  const refuseParts = (digits: string, ...parts: Uint8Array[]) =>
    refusal(() => decodeCbor(fromHex(digits), parts));
  assertSame(decodeCbor(fromHex(`82${SECOND}d856${FIRST}`), [part(8), part(3)]), [
    part(3),
    new Float64Array(1),
  ]);
  refuseParts("00", part(1));
  refuseParts(FIRST);
  refusal(() => decodeCbor(fromHex(FIRST)));
  refuseParts(SECOND, part(1));
  refuseParts(FIRST, part(1), part(1));
  refuseParts(`82${FIRST}${FIRST}`, part(1));
  refuseParts(`82${FIRST}${FIRST}`, part(1), part(1));
  for (const length of [1, 7, 9]) refuseParts(`d856${FIRST}`, part(length));
  for (const index of ["20", "60", "40", "f6", "f93e00", "c240", "1bffffffffffffffff"]) {
    refuseParts("da50415254" + index, part(1));
  }
  for (const tag of ["c0", "c1", "c2", "c3", "d90102", "d90103", "d90106", "da50415254"]) {
    refuseParts(tag + FIRST, part(1));
    refuseParts(tag.repeat(100_000), part(1));
  }
  refuseParts(`a1${FIRST}00`, part(1));
});

test("a part of a larger buffer is copied rather than misread", () => {
  const parts = [new Uint8Array(24).fill(9, 3, 11).subarray(3, 11)];
  const array = decodeCbor(fromHex(`d847${FIRST}`), parts) as BigUint64Array;
  assertSame(array, BigUint64Array.of(0x0909090909090909n));
});

test("any bytes decode to a value that encodes again, or are a SerializationError", () => {
  const pieces = fc.constantFrom(
    ...[
      "80",
      "81",
      "82",
      "9f",
      "a1",
      "a2",
      "bf",
      "ff",
      "00",
      "20",
      "f6",
      "f7",
      "6161",
      "6162",
      "40",
    ],
    ...["48" + "0102030405060708", "c0", "c1", "c2", "c3", "d845", "d856", "d90102", "d90103"],
    ...["d90106", "43226122", "f97e00", "1bffffffffffffffff", "fb8000000000000000", "60", FIRST],
    ...["d90103a10102", "d9010280", "695f5f70726f746f5f5f"],
  );
  const mutated = fc.tuple(sendable, fc.nat(), fc.nat(255)).map(([value, at, byte]) => {
    const bytes = encodeCbor(value);
    bytes[at % bytes.byteLength] = byte;
    return bytes;
  });
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 20 }),
    fc.array(pieces, { maxLength: 12 }).map((all) => fromHex(all.join(""))),
    mutated,
  );
  const before = Reflect.ownKeys(Object.prototype);
  let decoded = 0;
  fc.assert(
    fc.property(anything, (bytes) => {
      const parts = [new Uint8Array(8)];
      for (const given of [undefined, parts]) {
        let value: unknown;
        try {
          value = decodeCbor(bytes, given);
        } catch (error) {
          assert.instance(error, SerializationError);
          continue;
        }
        decoded++;
        assertSame(decodeCbor(encodeCbor(value)), value);
      }
    }),
    { numRuns: 5_000 },
  );
  assert.ok(decoded > 500, String(decoded));
  assert.equal(Reflect.ownKeys(Object.prototype), before);
});

test("what is refused takes no memory for what it declares", () => {
  const before = process.memoryUsage().rss;
  for (const [, all] of HOSTILE) {
    for (const digits of all.filter((text) => text.length < 100)) {
      for (let count = 0; count < 20; count++) refuseHex(digits);
    }
  }
  assert.ok(process.memoryUsage().rss - before < 100e6);
});

test.run();
