/**
 * Values that no party may send, and containers that nest, for the tests of refusals.
 *
 * @module
 */

import * as assert from "uvu/assert";
import { SerializationError } from "../../lib/errors.ts";

/** @returns the error that the action throws */
export function refusal(action: () => unknown): SerializationError {
  try {
    action();
  } catch (error) {
    assert.instance(error, SerializationError);
    assert.is((error as SerializationError).code, "SERIALIZATION");
    return error as SerializationError;
  }
  return assert.unreachable("it was taken") as never;
}

const cycle: unknown[] = [];
cycle.push({ back: cycle });
const mapCycle = new Map<string, unknown>();
mapCycle.set("back", mapCycle);
const setCycle = new Set<unknown>();
setCycle.add([setCycle]);
class Point {
  x = 1;
}
class Vector extends Array<number> {}
class Counts extends Map<string, number> {}
class Names extends Set<string> {}
class Day extends Date {}
class Posing {
  get [Symbol.toStringTag]() {
    return "Map";
  }
}

/** What cannot be sent, what the error says, and where inside of it the path leads. */
export const UNSENDABLE: [name: string, value: unknown, says: RegExp, inside?: string][] = [
  ["a function", () => 1, /a function/],
  ["a class", Point, /a function/],
  ["a symbol", Symbol("s"), /a symbol/],
  ["a symbol key", { [Symbol("s")]: 1 }, /a symbol key/],
  ["a cycle of an array", cycle, /a cycle/, "[0].back"],
  ["a cycle of a Map", mapCycle, /a cycle/, "[0]"],
  ["a cycle of a Set", setCycle, /a cycle/, "[0][0]"],
  ["an instance of a class", new Point(), /an instance of Point/],
  ["an object made from another", Object.create({}), /an instance/],
  ["an object made from one without a prototype", Object.create(Object.create(null)), /a class/],
  ["a boxed number", Object(1), /an instance of Number/],
  ["a boxed string", Object("1"), /an instance of String/],
  ["a boxed bigint", Object(1n), /an instance of BigInt/],
  ["an Error", new TypeError("x"), /an instance of TypeError/],
  ["a RegExp", /x/, /an instance of RegExp/],
  ["a Promise", Promise.resolve(1), /an instance of Promise/],
  ["a WeakMap", new WeakMap(), /an instance of WeakMap/],
  ["an ArrayBuffer", new ArrayBuffer(8), /an instance of ArrayBuffer/],
  ["a DataView", new DataView(new ArrayBuffer(8)), /an instance of DataView/],
  ["an array of a class", Vector.of(1), /an instance of Vector/],
  ["an array without a prototype", Object.setPrototypeOf([1], null), /an instance of a class/],
  ["an object made from an array", Object.create([]), /an instance of Array/],
  ["a Map of a class", new Counts(), /an instance of Counts/],
  ["a Set of a class", new Names(), /an instance of Names/],
  ["a Date of a class", new Day(), /an instance of Day/],
  ["an object that says to be a Date", { [Symbol.toStringTag]: "Date" }, /a symbol key/],
  ["an instance that says to be a Map", new Posing(), /an instance of Posing/],
  ["a match of a RegExp", /x/.exec("x"), /an array with fields of its own/],
  ...["name", "", "-1", "1.5", "01", "4294967295"].map((field): [string, unknown, RegExp] => [
    `an array with a field ${JSON.stringify(field)}`,
    Object.assign([1, 2, 3], { [field]: 4 }),
    /an array with fields of its own/,
  ]),
  ["a toJSON method", { toJSON: () => 1 }, /a function/, ".toJSON"],
];

/** Each way to put a value into a container. */
export const NEST: [name: string, around: (value: unknown) => unknown][] = [
  ["arrays", (value) => [value]],
  ["objects", (value) => ({ a: value })],
  ["objects with a tag's key", (value) => ({ $partyline: value })],
  ["Map values", (value) => new Map([["a", value]])],
  ["Map keys", (value) => new Map([[value, "a"]])],
  ["Sets", (value) => new Set([value])],
];

/** What may lie innermost. */
export const LEAVES = [1, -0, 1n, undefined, new Date(0), Float64Array.of(1)];

/** @returns the leaf inside of so many containers */
export function nested(around: (value: unknown) => unknown, depth: number, leaf: unknown): unknown {
  let value = leaf;
  for (let at = 0; at < depth; at++) value = around(value);
  return value;
}
