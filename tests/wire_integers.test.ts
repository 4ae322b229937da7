/**
 * Integers in received JSON: those that a number cannot hold are refused, and nothing else is.
 *
 * @module
 */

import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { SerializationError } from "../lib/errors.ts";
import { decodeJson, encodeJson } from "../lib/wire/json.ts";
import { assertSame } from "./helpers/same.ts";

function refusal(text: string): SerializationError {
  try {
    decodeJson(text);
  } catch (error) {
    assert.instance(error, SerializationError);
    return error as SerializationError;
  }
  return assert.unreachable(`${text.slice(0, 100)} was taken`) as never;
}

/** Texts around an integer: each is valid JSON, and has strings that could mislead. */
const AROUND: ((literal: string) => string)[] = [
  (literal) => literal,
  (literal) => ` \n\t${literal}\r\n`,
  (literal) => `[${literal}]`,
  (literal) => `[1, ${literal},2]`,
  (literal) => `{"a":{"b":[null,[${literal}]]}}`,
  (literal) => `{"a":${literal}}`,
  (literal) => `{"a" :\n${literal} }`,
  (literal) => `["\\"", ${literal}]`,
  (literal) => `["\\\\", ${literal}, "\\\\\\""]`,
  (literal) => `{"\\u0022\\\\":"[","b":${literal}}`,
  (literal) => `{"$partyline":"Map","value":[["a",${literal}]]}`,
];

const LOST = [
  "9007199254740993", // 2 ** 53 + 1
  "12345678901234567890",
  "18446744073709551615", // 2 ** 64 - 1
  "1152921504606846977", // 2 ** 60 + 1
  "1" + "0".repeat(400), // no finite double
  "9".repeat(1_000_000),
];

test("an integer that a double does not hold is refused, wherever it stands", () => {
  for (const literal of [...LOST, ...LOST.map((digits) => `-${digits}`)]) {
    for (const around of AROUND) {
      const { message } = refusal(around(literal));
      assert.match(message, /integer of \d+ digits.*bigint/);
      assert.ok(message.length < 300, "the integer itself is left out");
    }
  }
  assert.match(refusal('["a", -9007199254740993]').message, "of 16 digits, at character 6");
});

const KEPT = [
  ["9007199254740992", 2 ** 53],
  ["-9007199254740994", -(2 ** 53) - 2],
  ["1152921504606847000", 2 ** 60], // as JSON.stringify writes it
  ["1152921504606846976", 2 ** 60], // in full, as Python writes it
  ["100000000000000000000", 1e20],
  ["0.12345678901234567890", 0.12345678901234568],
  ["1234567890123456789.5", 1234567890123456789.5],
  ["12345678901234567890e-3", 12345678901234567890e-3],
  ["12345678901234567890E+3", 12345678901234567890e3],
  ["1e0000000000000000001", 10],
  ["1e-0000000000000000001", 0.1],
  ["-0", -0],
] as const;

test("an integer that a double holds is kept, and so is what is no integer", () => {
  for (const [literal, value] of KEPT) {
    assertSame(decodeJson(literal), value);
    for (const around of AROUND) decodeJson(around(literal));
  }
});

test("every integral number decodes as it was encoded, and in full", () => {
  const integral = fc.double({ noNaN: true, noDefaultInfinity: true }).map(Math.trunc);
  fc.assert(fc.property(integral, (value) => {
    assertSame(decodeJson(encodeJson([value])), [value]);
    assertSame(decodeJson(`[${BigInt(value)}]`), [value + 0]);
  }));
});

test("any integer decodes to itself or to none", () => {
  const integer = fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n });
  fc.assert(fc.property(integer, fc.constantFrom(...AROUND), (value, around) => {
    const text = around(String(value));
    const kept = BigInt(Number(value)) === value || String(Number(value)) === String(value);
    if (kept) decodeJson(text);
    else refusal(text);
  }));
});

test("digits in strings and keys are text, whatever is escaped around them", () => {
  const piece = fc.constantFrom('"', "\\", "[", ",", " -", ":", "12345678901234567890", "u0022");
  const string = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));
  fc.assert(fc.property(string, string, string, (key, first, second) => {
    const value = { [key]: [first, second] };
    assert.equal(decodeJson(JSON.stringify(value)), value);
    refusal(JSON.stringify([key, first, second]).replace(/]$/, ",9007199254740993]"));
  }));
});

test("long texts are searched in linear time, and without recursion", () => {
  const text = JSON.stringify(['\\"'.repeat(1_000_000), "7".repeat(1_000_000), 2 ** 60]);
  assert.is((decodeJson(text) as unknown[])[2], 2 ** 60);
});

test.run();
