/**
 * Values on their way out: what JSON lacks becomes an object with a tag, and what no party could
 * make a value of again is refused.
 *
 * @module
 */

import { SerializationError } from "../errors.ts";
import { MAX_DEPTH, type Path, place, TAG, tooDeep } from "./place.ts";
import { isTypedArray, typedArrayToText } from "./typed_array.ts";

/**
 * @param value any value
 * @param path leads to it; grows and shrinks on the way
 * @param around the containers that it lies in
 * @returns what `JSON.stringify` turns into its JSON form
 * @throws {SerializationError} when it has none, naming its path
 */
export function pack(value: unknown, path: Path, around: object[]): unknown {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      if (Number.isFinite(value) && !Object.is(value, -0)) return value;
      return { [TAG]: "number", value: Object.is(value, -0) ? "-0" : String(value) };
    case "bigint":
      return { [TAG]: "bigint", value: value.toString(16) };
    case "undefined":
      return { [TAG]: "undefined" };
    case "object":
      return value === null ? null : packObject(value, path, around);
    default:
      throw cannotSend(`a ${typeof value}`, path);
  }
}

function packObject(value: object, path: Path, around: object[]): unknown {
  if (isTypedArray(value)) {
    const { kind, text } = typedArrayToText(value);
    return { [TAG]: kind, value: text };
  }
  if (isOf(Date, value, path)) {
    return { [TAG]: "Date", value: Number.isNaN(value.getTime()) ? null : value.toISOString() };
  }
  if (around.includes(value)) throw cannotSend("a cycle", path);
  if (around.length >= MAX_DEPTH) throw tooDeep(path);
  around.push(value);
  const packed = packContainer(value, path, around);
  around.pop();
  return packed;
}

function packContainer(value: object, path: Path, around: object[]): unknown {
  const inner = (child: unknown, step: string | number) => {
    path.push(step);
    const packed = pack(child, path, around);
    path.pop();
    return packed;
  };
  if (Array.isArray(value)) return packItems(value, inner, path);
  if (isOf(Map, value, path)) {
    const entries = Array.from(value, ([key, child], at) => [inner(key, at), inner(child, at)]);
    return { [TAG]: "Map", value: entries };
  }
  if (isOf(Set, value, path)) return { [TAG]: "Set", value: Array.from(value, inner) };

  const prototype = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) throw cannotSendInstance(value, path);
  if (Object.getOwnPropertySymbols(value).length > 0) throw cannotSend("a symbol key", path);
  const entries = Object.entries(value).map(([key, child]) => [key, inner(child, key)] as const);
  // fromEntries defines `__proto__` as data, where an assignment would set the prototype.
  return Object.hasOwn(value, TAG)
    ? { [TAG]: "Object", value: entries }
    : Object.fromEntries(entries);
}

/** Packs what an array holds, unless it is more than an array. */
function packItems(
  items: unknown[],
  inner: (child: unknown, at: number) => unknown,
  path: Path,
): unknown[] {
  if (Object.getPrototypeOf(items) !== Array.prototype) throw cannotSendInstance(items, path);
  if (hasFields(items)) throw cannotSend("an array with fields of its own", path);
  const packed: unknown[] = [];
  for (let at = 0; at < items.length; at++) packed.push(inner(items[at], at));
  return packed;
}

/**
 * @param items an array
 * @returns whether it has fields besides its items, as a RegExp's match has
 */
export function hasFields(items: unknown[]): boolean {
  // Indices come first among the keys, so the last one tells of any other.
  const lastKey = Object.keys(items).at(-1);
  return lastKey !== undefined && !isIndex(lastKey, items.length);
}

function isIndex(key: string, length: number): boolean {
  const index = Number(key) >>> 0;
  return String(index) === key && index < length;
}

/** @throws {SerializationError} when the value is of a class that extends the class */
function isOf<T extends object>(
  Class: { new (): T; prototype: T },
  value: object,
  path: Path,
): value is T {
  if (!(value instanceof Class)) return false;
  if (Object.getPrototypeOf(value) !== Class.prototype) throw cannotSendInstance(value, path);
  return true;
}

function cannotSend(what: string, path: Path): SerializationError {
  return new SerializationError(
    `Cannot send ${what}, at ${place(path)}: send plain data, such as objects, arrays, numbers, ` +
      `strings and typed arrays`,
  );
}

function cannotSendInstance(value: object, path: Path): SerializationError {
  const name = Object.getPrototypeOf(value)?.constructor?.name;
  return cannotSend(`an instance of ${name ?? "a class"}`, path);
}
