/**
 * Values that parties may send each other, for property tests.
 *
 * @module
 */

import fc from "fast-check";

/** Any UTF-16 text, with lone surrogates; often a word that means something to JavaScript. */
export const text: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) }),
  fc.string(),
  fc.constantFrom("__proto__", "constructor", "prototype", "toString", "$partyline", "toJSON", "7"),
);

const number = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.constantFrom(NaN, Infinity, -Infinity, -0, Number.MAX_SAFE_INTEGER, Number.MIN_VALUE),
);

const bigint = fc.oneof(
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 2_000n), max: 2n ** 2_000n }),
  fc.constantFrom(0n, -1n, 2n ** 64n, -(2n ** 63n)),
);

const date = fc.oneof(
  fc.date({ noInvalidDate: false }),
  fc.constantFrom(NaN, 8.64e15, -8.64e15, -1, -62_198_755_200_000).map((ms) => new Date(ms)),
);

type ArrayClass = new (buffer: ArrayBuffer, offset: number, length: number) => ArrayBufferView;

/** The typed arrays that every supported runtime has. */
export const ARRAY_CLASSES = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  BigInt64Array,
  BigUint64Array,
  Float32Array,
  Float64Array,
] as const;

/** A view of some bytes that begin anywhere in a buffer: NaNs with payloads and all. */
const typedArray = fc.record({
  Class: fc.constantFrom(...ARRAY_CLASSES),
  elements: fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), { maxLength: 6 }),
  skipped: fc.nat({ max: 2 }),
}).map(({ Class, elements, skipped }) => {
  const { buffer } = BigUint64Array.from([...Array(skipped).fill(~0n), ...elements, ~0n]);
  const offset = skipped * 8;
  const length = elements.length * 8 / Class.BYTES_PER_ELEMENT;
  return new (Class as unknown as ArrayClass)(buffer as ArrayBuffer, offset, length);
});

/** Any value that can be sent. */
export const sendable: fc.Arbitrary<unknown> = fc.letrec((tie) => {
  const children = fc.array(tie("value"), { maxLength: 5 });
  const entries = fc.array(fc.tuple(text, tie("value")), { maxLength: 5 });
  const pairs = fc.array(fc.tuple(tie("value"), tie("value")), { maxLength: 5 });
  return {
    value: fc.oneof(
      { maxDepth: 5, depthSize: "medium" },
      fc.oneof(
        text,
        number,
        bigint,
        date,
        typedArray,
        fc.constantFrom<unknown>(undefined, null, true, false),
      ),
      children,
      entries.map((fields) => Object.fromEntries(fields)),
      pairs.map((items) => new Map(items)),
      children.map((items) => new Set(items)),
    ),
  };
}).value;

/** Any value that is plain JSON, and has no -0 in it, which JSON's text form has lost. */
export const plain: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: "medium" },
    fc.oneof(
      text,
      fc.boolean(),
      fc.constant(null),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
    ),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.array(fc.tuple(text.filter((key) => key !== "$partyline"), tie("value")), { maxLength: 5 })
      .map((fields) => Object.fromEntries(fields)),
  ),
})).value;
