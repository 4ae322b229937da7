import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { SerializationError } from "../lib/errors.ts";
import { decodeJson, encodeJson } from "../lib/wire/json.ts";
import { assertSame } from "./helpers/same.ts";
import { ARRAY_CLASSES, plain, sendable, text } from "./helpers/values.ts";

const roundTrip = (value: unknown) => decodeJson(encodeJson(value));

test("a plain JSON value is itself", () => {
  fc.assert(
    fc.property(plain, (value) => {
      assert.is(encodeJson(value), JSON.stringify(value));
      assertSame(JSON.parse(encodeJson(value)), value);
      assertSame(decodeJson(JSON.stringify(value)), value);
    }),
    { numRuns: 500 },
  );
});

test("any supported value survives exactly, and its text is stable", () => {
  fc.assert(
    fc.property(sendable, (value) => {
      const encoded = encodeJson(value);
      const decoded = decodeJson(encoded);
      assertSame(decoded, value);
      assert.is(encodeJson(decoded), encoded);
    }),
    { numRuns: 1_000 },
  );
});

test("encoding leaves its input as it is", () => {
  const frozen = (value: unknown): unknown => {
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
    const inside = value instanceof Map ? [...value].flat() : Object.values(value);
    for (const child of value instanceof Set ? value : inside) frozen(child);
    return Object.freeze(value);
  };
  fc.assert(fc.property(sendable, (value) => {
    const before = encodeJson(value);
    encodeJson(frozen(value)); // a write to it would throw
    assert.is(encodeJson(value), before);
  }));
});

test("each special number, and a bigint of any size and sign, survives", () => {
  for (const value of [NaN, Infinity, -Infinity, -0, 0, 1e308, 5e-324]) {
    assertSame(roundTrip(value), value);
  }
  for (const bits of [0n, 1n, 63n, 64n, 1_000n, 100_000n]) {
    for (const value of [2n ** bits, -(2n ** bits), 2n ** bits - 1n]) {
      assertSame(roundTrip(value), value);
    }
  }
});

test("every typed array survives, also a view into a larger buffer, and an empty one", () => {
  for (const Class of ARRAY_CLASSES) {
    const bytes = Uint8Array.from({ length: 64 }, (_, at) => 255 - at);
    const view = new Class(bytes.buffer as ArrayBuffer, 16, 24 / Class.BYTES_PER_ELEMENT);
    const back = roundTrip(view) as typeof view;
    assertSame(back, view);
    assert.is(back.buffer.byteLength, 24, "no more than the view was sent");
    assertSame(roundTrip(new Class(0)), new Class(0));
  }
});

test("a Buffer arrives as the Uint8Array that it is", () => {
  class Bytes extends Uint8Array {}
  assertSame(roundTrip(Bytes.of(1, 2, 255)), Uint8Array.of(1, 2, 255));
});

test("a Date survives, at either end of time and when it is invalid", () => {
  for (const ms of [0, -1, 8.64e15, -8.64e15, NaN, -62_198_755_200_000]) {
    assertSame(roundTrip(new Date(ms)), new Date(ms));
  }
});

test("Map and Set keep their order, whatever their keys are", () => {
  const key = { id: 1 };
  const map = new Map<unknown, unknown>([[key, new Set([[1], "1", 1, 1n])], [NaN, undefined]]);
  map.set(undefined, map.get(key)).set(new Map([[[], new Date(0)]]), -0);
  assertSame(roundTrip(map), map);
});

test("text survives in UTF-16, lone surrogates as well", () => {
  fc.assert(fc.property(text, (value) => {
    assertSame(roundTrip({ [value]: value }), { [value]: value });
    assert.not.match(encodeJson(value), /[\ud800-\udfff](?![\udc00-\udfff])(?<![\ud800-\udbff].)/);
  }));
  assertSame(roundTrip("\ud800"), "\ud800");
  assert.is(encodeJson("\udc00"), '"\\udc00"');
});

test("keys that mean something to JavaScript are data", () => {
  const value = Object.fromEntries(
    ["__proto__", "constructor", "hasOwnProperty", "toJSON", "then", "$partyline", "value"]
      .map((key) => [key, { [key]: [key] }]),
  );
  const back = roundTrip(value) as Record<string, unknown>;
  assertSame(back, value);
  assert.is(Object.getPrototypeOf(back), Object.prototype);
  assert.ok(Object.hasOwn(back, "__proto__"));
});

test("a value that looks like a tag survives as the object that it is", () => {
  for (const inside of ["undefined", "Map", "nonsense", null, { $partyline: "number" }]) {
    const value = { $partyline: inside, value: "NaN" };
    assertSame(roundTrip(value), value);
    assertSame(roundTrip([{ deep: value }]), [{ deep: value }]);
  }
});

test("an object without a prototype arrives as a plain one", () => {
  const bare = Object.assign(Object.create(null), { a: 1n, toString: "data" });
  assertSame(roundTrip({ bare }), { bare: { a: 1n, toString: "data" } });
});

test("an array's holes arrive as undefined", () => {
  // deno-lint-ignore no-sparse-arrays
  assertSame(roundTrip([1, , 3]), [1, undefined, 3]);
});

test("an object that occurs twice is no cycle, and arrives as two", () => {
  const shared = { rows: [1, 2] };
  const value = { a: shared, b: [shared, shared], c: new Map([[shared, shared]]) };
  const back = roundTrip(value) as typeof value;
  assertSame(back, value);
  assert.is.not(back.b[0], back.b[1]);
});

test("any text decodes to a value that encodes again, or is a SerializationError", () => {
  const kinds = fc.constantFrom<unknown>(
    ...["undefined", "number", "bigint", "Date", "Map", "Set", "Object", "Uint8Array"],
    ...["Float64Array", "DataView", "constructor", "__proto__", 1, null, ["Map"]],
  );
  const json = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 6, depthSize: "medium" },
      fc.oneof(plain, fc.constantFrom("NaN", "-0", "-ff", "AQID", "AQIDBAUGBwg=", "")),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.array(fc.tuple(tie("value"), tie("value")), { maxLength: 3 }),
      fc.tuple(kinds, tie("value")).map(([kind, value]) => ({ $partyline: kind, value })),
      fc.tuple(kinds, text, tie("value")).map(([$partyline, key, value]) => ({
        $partyline,
        ...Object.fromEntries([[key, value]]),
      })),
    ),
  })).value;
  const anything = fc.oneof(json.map((value) => JSON.stringify(value)), text, fc.json());
  const before = Reflect.ownKeys(Object.prototype);
  let decoded = 0;
  fc.assert(
    fc.property(anything, (given) => {
      let value: unknown;
      try {
        value = decodeJson(given);
      } catch (error) {
        assert.instance(error, SerializationError);
        return;
      }
      decoded++;
      assertSame(decodeJson(encodeJson(value)), value);
    }),
    { numRuns: 2_000 },
  );
  assert.ok(decoded > 200);
  assert.equal(Reflect.ownKeys(Object.prototype), before);
});

test.run();
