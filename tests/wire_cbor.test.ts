import fc from "fast-check";
import { Buffer } from "node:buffer";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { decodeCbor, encodeCbor, PART_BYTES } from "../lib/wire/cbor.ts";
import { fromHex, toHex } from "./helpers/hex.ts";
import { assertSame } from "./helpers/same.ts";
import { ARRAY_CLASSES, plain, sendable, text } from "./helpers/values.ts";

const roundTrip = (value: unknown) => decodeCbor(encodeCbor(value));
const decodeHex = (digits: string) => decodeCbor(fromHex(digits));

test("any supported value survives exactly, and its bytes are stable", () => {
  fc.assert(
    fc.property(sendable, (value) => {
      const encoded = encodeCbor(value);
      const decoded = decodeCbor(encoded);
      assertSame(decoded, value);
      assert.is(toHex(encodeCbor(decoded)), toHex(encoded));
    }),
    { numRuns: 1_000 },
  );
  fc.assert(fc.property(plain, (value) => assertSame(roundTrip(value), value)), { numRuns: 500 });
});

test("the bytes are a plain Uint8Array, and stay as they are", () => {
  const kept = [1, 2, "x".repeat(200), { a: "y".repeat(300) }, [], new Uint8Array(1_000)];
  const all = kept.map((value) => encodeCbor(value));
  for (let count = 0; count < 100; count++) encodeCbor(["z".repeat(count)]);
  all.forEach((bytes, at) => {
    assert.is(Object.getPrototypeOf(bytes), Uint8Array.prototype);
    assertSame(decodeCbor(bytes), kept[at]);
    assertSame(decodeCbor(Buffer.from(bytes)), kept[at]);
  });
});

test("what is decoded does not share the bytes that it came from", () => {
  for (const bytes of [encodeCbor(Uint8Array.of(1, 2)), Buffer.from(fromHex("420102"))]) {
    const value = decodeCbor(bytes);
    bytes.fill(0);
    assertSame(value, Uint8Array.of(1, 2));
  }
});

// Appendix A of RFC 8949, where this form is the only one; then the others by their registrations.
const WRITTEN: [digits: string, value: unknown][] = [
  ["00", 0],
  ["0a", 10],
  ["17", 23],
  ["1818", 24],
  ["1903e8", 1_000],
  ["1a000f4240", 1_000_000],
  ["1b000000e8d4a51000", 1_000_000_000_000],
  ["1b001fffffffffffff", Number.MAX_SAFE_INTEGER],
  ["20", -1],
  ["3863", -100],
  ["3903e7", -1_000],
  ["3b001ffffffffffffe", Number.MIN_SAFE_INTEGER],
  ["fb3ff199999999999a", 1.1],
  ["fbc010666666666666", -4.1],
  ["fb7e37e43c8800759c", 1.0e300],
  ["fb8000000000000000", -0],
  ["fb43b0000000000000", 2 ** 60],
  ["fb7ff0000000000000", Infinity],
  ["fbfff0000000000000", -Infinity],
  ["fb7ff8000000000000", NaN],
  ["f4", false],
  ["f5", true],
  ["f6", null],
  ["f7", undefined],
  ["60", ""],
  ["6449455446", "IETF"],
  ["62225c", '"\\'],
  ["62c3bc", "\u00fc"],
  ["64f0908591", "\ud800\udd51"],
  ["63efbbbf", "\ufeff"],
  ["63efbfbd", "\ufffd"],
  ["80", []],
  ["8301820203820405", [1, [2, 3], [4, 5]]],
  [
    "98190102030405060708090a0b0c0d0e0f101112131415161718181819",
    Array.from({ length: 25 }, (_, at) => at + 1),
  ],
  ["a0", {}],
  ["a26161016162820203", { a: 1, b: [2, 3] }],
  ["a2616201616102", { b: 1, a: 2 }],
  ["826161a161626163", ["a", { b: "c" }]],
  ["c240", 0n],
  ["c24105", 5n],
  ["c249010000000000000000", 18446744073709551616n],
  ["c340", -1n],
  ["c34104", -5n],
  ["c349010000000000000000", -18446744073709551617n],
  ["c07818323031332d30332d32315432303a30343a30302e3030305a", new Date("2013-03-21T20:04:00Z")],
  ["c1fb7ff8000000000000", new Date(NaN)],
  ["d9010283010203", new Set([1, 2, 3])],
  ["d90103a201616102f6", new Map<unknown, unknown>([[1, "a"], [2, null]])],
  ["40", new Uint8Array()],
  ["4401020304", Uint8Array.of(1, 2, 3, 4)],
  ["d8444101", Uint8ClampedArray.of(1)],
  ["d845420102", Uint16Array.of(0x0201)],
  ["d8464401020304", Uint32Array.of(0x04030201)],
  ["d847480102030405060708", BigUint64Array.of(0x0807060504030201n)],
  ["d84841ff", Int8Array.of(-1)],
  ["d84d42feff", Int16Array.of(-2)],
  ["d84e44feffffff", Int32Array.of(-2)],
  ["d84f48feffffffffffffff", BigInt64Array.of(-2n)],
  ["d855440000c03f", Float32Array.of(1.5)],
  ["d85648000000000000f83f", Float64Array.of(1.5)],
  ["d9010648225c756438303022", "\ud800"],
  ["a1d9010648225c75646330302201", { "\udc00": 1 }],
];

for (const [digits, value] of WRITTEN) {
  test(`${digits.slice(0, 30)} is what a value is written as`, () => {
    assert.is(toHex(encodeCbor(value)), digits);
    assertSame(decodeHex(digits), value);
  });
}

const READ: [digits: string, value: unknown][] = [
  ["1b0020000000000000", 2n ** 53n],
  ["1bffffffffffffffff", 18446744073709551615n],
  ["3b001fffffffffffff", -(2n ** 53n)],
  ["3bffffffffffffffff", -18446744073709551616n],
  ["1800", 0],
  ["1b0000000000000001", 1],
  ["f90000", 0],
  ["f98000", -0],
  ["f93c00", 1],
  ["f93e00", 1.5],
  ["f97bff", 65504],
  ["f90001", 5.960464477539063e-8],
  ["f9c400", -4],
  ["f97c00", Infinity],
  ["f9fc00", -Infinity],
  ["f97e00", NaN],
  ["f97e01", NaN],
  ["fa47c35000", 100_000],
  ["fa7f7fffff", 3.4028234663852886e38],
  ["fa7fc00000", NaN],
  ["c24101", 1n],
  ["c2420001", 1n],
  ["c074323031332d30332d32315432303a30343a30305a", new Date("2013-03-21T20:04:00Z")],
  [
    "c0781e323031332d30332d32315432313a30343a30302e353030392b30313a3030",
    new Date("2013-03-21T20:04:00.5Z"),
  ],
  ["c11a514b67b0", new Date("2013-03-21T20:04:00Z")],
  ["c1fb41d452d9ec200000", new Date("2013-03-21T20:04:00.5Z")],
  ["c120", new Date(-1_000)],
  ["9fff", []],
  ["9f018202039f0405ffff", [1, [2, 3], [4, 5]]],
  ["83018202039f0405ff", [1, [2, 3], [4, 5]]],
  ["bf61610161629f0203ffff", { a: 1, b: [2, 3] }],
  ["bfff", {}],
  ["d901029f0102ff", new Set([1, 2])],
  ["d90103bf01a0ff", new Map([[1, {}]])],
  ["d84043010203", Uint8Array.of(1, 2, 3)],
  ["63efbbbf", "\ufeff"],
  ["a163efbbbf01", { "\ufeff": 1 }],
  ["d9010643226122", "a"],
];

for (const [digits, value] of READ) {
  test(`${digits.slice(0, 30)} is read, as other languages write it`, () => {
    assertSame(decodeHex(digits), value);
  });
}

test("float16 arrays are read, and written, where the runtime has them", () => {
  const { Float16Array } = globalThis as unknown as { Float16Array?: typeof Float32Array };
  if (Float16Array === undefined) {
    assert.throws(() => decodeHex("d85442003e"), /tag 84/);
  } else {
    assertSame(decodeHex("d85442003e"), Float16Array.of(1.5));
    assert.is(toHex(encodeCbor(Float16Array.of(1.5))), "d85442003e");
  }
});

test("every typed array has a buffer of its own, wherever it lies in the bytes", () => {
  for (const Class of ARRAY_CLASSES) {
    const { buffer } = Uint8Array.from({ length: 64 }, (_, at) => 255 - at);
    const view = new Class(buffer as ArrayBuffer, 16, 24 / Class.BYTES_PER_ELEMENT);
    for (let shift = 0; shift < 9; shift++) {
      const [, back] = roundTrip(["x".repeat(shift), view]) as [string, typeof view];
      assertSame(back, view);
      assert.is(back.byteOffset, 0);
      assert.is(back.buffer.byteLength, 24, "no more than the view was sent");
    }
    assertSame(roundTrip(new Class(0)), new Class(0));
  }
});

test("a Buffer arrives as the Uint8Array that it is", () => {
  assertSame(roundTrip(Buffer.from([1, 2, 255])), Uint8Array.of(1, 2, 255));
  assertSame(roundTrip(Buffer.alloc(100_000)), new Uint8Array(100_000));
});

test("a bigint of any size and sign survives", () => {
  for (const bits of [0n, 1n, 7n, 8n, 63n, 64n, 1_000n, 1_000_000n]) {
    for (const value of [2n ** bits, -(2n ** bits), 2n ** bits - 1n]) {
      assertSame(roundTrip(value), value);
    }
  }
});

test("a Date survives, at either end of time and when it is invalid", () => {
  for (const ms of [0, -1, 8.64e15, -8.64e15, NaN, -62_198_755_200_000]) {
    assertSame(roundTrip(new Date(ms)), new Date(ms));
  }
});

test("text of any length survives in UTF-16, with lone surrogates and byte order marks", () => {
  fc.assert(fc.property(text, fc.nat(70), (value, more) => {
    for (const long of [value, "\ufeff" + value, value + "a".repeat(more)]) {
      assertSame(roundTrip({ [long]: [long] }), { [long]: [long] });
    }
  }));
});

test("keys that mean something to JavaScript are data", () => {
  const value = Object.fromEntries(
    ["__proto__", "constructor", "hasOwnProperty", "toJSON", "then", "$partyline", "10", "9"]
      .map((key) => [key, { [key]: [key] }]),
  );
  const back = roundTrip(value) as Record<string, unknown>;
  assertSame(back, value);
  assert.is(Object.getPrototypeOf(back), Object.prototype);
  assert.ok(Object.hasOwn(back, "__proto__"));
});

test("empty arrays of bytes are keys of their own", () => {
  const map = new Map([[new Uint8Array(), 1], [new Uint8Array(), 2]]);
  assertSame(roundTrip(map), map);
  assertSame(roundTrip(new Set(map.keys())), new Set(map.keys()));
});

test("an object without a prototype, holes and shared objects arrive as in the JSON form", () => {
  const bare = Object.assign(Object.create(null), { a: 1n, toString: "data" });
  assertSame(roundTrip({ bare }), { bare: { a: 1n, toString: "data" } });
  // deno-lint-ignore no-sparse-arrays
  assertSame(roundTrip([1, , 3]), [1, undefined, 3]);
  const shared = { rows: [1, 2] };
  const value = [shared, { shared }, new Map([[shared, shared]]), new Set([shared])];
  assertSame(roundTrip(value), value);
});

test("encoding leaves its input as it is", () => {
  const frozen = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
    const inside = value instanceof Map ? [...value].flat() : Object.values(value);
    for (const child of value instanceof Set ? value : inside) frozen(child);
    return Object.freeze(value);
  };
  fc.assert(fc.property(sendable, (value) => {
    const before = toHex(encodeCbor(value));
    encodeCbor(frozen(value)); // a write to it would throw
    assert.is(toHex(encodeCbor(value)), before);
  }));
});

const large = fc.record({
  Class: fc.constantFrom(...ARRAY_CLASSES),
  extra: fc.constantFrom(-8, 0, 8),
  fill: fc.nat(255),
}).map(({ Class, extra, fill }) => {
  const bytes = new Uint8Array(PART_BYTES + extra + 8).fill(fill);
  return new Class(bytes.buffer, 8, (PART_BYTES + extra) / Class.BYTES_PER_ELEMENT);
});

test("large typed arrays are parts, in order, and all values survive with them", () => {
  const items = fc.array(fc.oneof(large, sendable), { maxLength: 4 });
  fc.assert(
    fc.property(items, sendable, (list, more) => {
      const value = { list, map: new Map<unknown, unknown>([[list, new Set(list)], [1, more]]) };
      const parts: Uint8Array[] = [];
      const encoded = encodeCbor(value, parts);
      const isPart = (item: unknown) => ArrayBuffer.isView(item) && item.byteLength >= PART_BYTES;
      assert.is(parts.length, 3 * list.filter(isPart).length);
      assertSame(decodeCbor(encoded, parts), value);
      assertSame(decodeCbor(encodeCbor(value)), value);
    }),
    { numRuns: 50 },
  );
});

test("a part is never copied", () => {
  const floats = new Float64Array(PART_BYTES / 8).fill(1.5);
  const parts: Uint8Array[] = [];
  const encoded = encodeCbor([floats, bytesOf(floats)], parts);
  assert.is(toHex(encoded), "82" + "d856da5041525400" + "da5041525401");
  assert.is(parts[0]!.buffer, floats.buffer);
  const [first, second] = decodeCbor(encoded, parts) as [Float64Array, Uint8Array];
  assertSame(first, floats);
  assert.is(first.buffer, parts[0]!.buffer);
  assert.is(second, parts[1]);
  assert.is(encodeCbor([floats]).byteLength, PART_BYTES + 8, "nothing is a part unless wanted");
});

function bytesOf(array: Float64Array): Uint8Array {
  return new Uint8Array(array.buffer);
}

test.run();
