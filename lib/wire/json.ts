/**
 * The JSON form of a value. A plain JSON value is itself; whatever JSON lacks is an object with the
 * field `$partyline`, which names the kind, and `value`:
 *
 * | value | form |
 * | --- | --- |
 * | `undefined` | `{"$partyline":"undefined"}` |
 * | `NaN`, `Infinity`, `-Infinity`, `-0` | `{"$partyline":"number","value":"NaN"}` |
 * | `bigint` | `{"$partyline":"bigint","value":"-ff"}`, hexadecimal |
 * | `Date` | `{"$partyline":"Date","value":"2024-01-31T00:00:00.000Z"}`, `null` for an invalid one |
 * | `Map`, `Set` | `{"$partyline":"Map","value":[[k,v],...]}`, `{"$partyline":"Set","value":[...]}` |
 * | a typed array | `{"$partyline":"Float64Array","value":"..."}`, Base64 of little-endian bytes |
 * | an object with a key `$partyline` | `{"$partyline":"Object","value":[[k,v],...]}` |
 *
 * @module
 */

import { SerializationError } from "../errors.ts";
import { checkIntegers } from "./integers.ts";
import { pack } from "./pack.ts";
import { MAX_DEPTH, type Path, place, TAG, tooDeep } from "./place.ts";
import { typedArrayFromText } from "./typed_array.ts";

const SPECIAL_NUMBERS: Record<string, number> = {
  "NaN": NaN,
  "Infinity": Infinity,
  "-Infinity": -Infinity,
  "-0": -0,
};

/**
 * Turns a value into the text of its JSON form.
 *
 * @param value any value of the table above, nested up to {@linkcode MAX_DEPTH}
 * @returns JSON text
 * @throws {SerializationError} for a function, symbol, cycle or class instance, also of a class that
 * extends Array, Date, Map or Set, naming its path
 */
export function encodeJson(value: unknown): string {
  return JSON.stringify(pack(value, [], []));
}

/**
 * The same, and the same text for the same value: the keys of objects are in the order of their
 * UTF-16 code units, as in RFC 8785. The entries of a `Map` or `Set` keep their own.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(pack(value, [], []), (_, json: unknown) => {
    if (typeof json !== "object" || json === null || Array.isArray(json)) return json;
    const { [TAG]: kind, value } = json as Record<string, unknown>;
    if (kind === "Object") return { [TAG]: kind, value: sorted(value as [string, unknown][]) };
    return Object.fromEntries(sorted(Object.entries(json)));
  });
}

function sorted(entries: readonly [string, unknown][]): [string, unknown][] {
  return entries.toSorted(([one], [two]) => one < two ? -1 : 1);
}

/** The JSON form of a value in ASCII, as a header may hold it. @throws {SerializationError} */
export function asciiJson(value: unknown): string {
  const escape = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return encodeJson(value).replaceAll(/[^\x20-\x7e]/g, escape);
}

/**
 * Turns the text of a JSON form back into the value.
 *
 * @param text JSON text
 * @returns the value; a key such as `__proto__` in it is data
 * @throws {SerializationError} when the text is not JSON, has an integer that a number does not hold
 * exactly, or a tagged part of it is malformed
 */
export function decodeJson(text: string): unknown {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // Engines quote the text in theirs.
    throw new SerializationError(`Cannot decode ${text.length} characters as JSON`, {
      cause: new SyntaxError("it is no JSON"),
    });
  }
  checkIntegers(text);
  return unpack(json, []);
}

/**
 * The same for JSON that is parsed already, and is used up; integers that a number does not hold have
 * been rounded then.
 */
export function unpackJson(json: unknown): unknown {
  return unpack(json, []);
}

/** Unpacks one parsed value, arrays and objects in place. */
function unpack(json: unknown, path: Path): unknown {
  if (typeof json !== "object" || json === null) return json;
  if (Array.isArray(json)) return unpackItems(json, path);
  if (Object.hasOwn(json, TAG)) return unpackTagged(json as Record<string, unknown>, path);
  if (path.length >= MAX_DEPTH) throw tooDeep(path);
  const fields = json as Record<string, unknown>;
  for (const key of Object.keys(fields)) {
    const child = fields[key];
    if (typeof child === "object" && child !== null) {
      path.push(key);
      fields[key] = unpack(child, path);
      path.pop();
    }
  }
  return json;
}

function unpackItems(items: unknown[], path: Path): unknown[] {
  if (path.length >= MAX_DEPTH) throw tooDeep(path);
  for (let at = 0; at < items.length; at++) {
    const child = items[at];
    if (typeof child === "object" && child !== null) {
      path.push(at);
      items[at] = unpack(child, path);
      path.pop();
    }
  }
  return items;
}

function unpackTagged(json: Record<string, unknown>, path: Path): unknown {
  const { [TAG]: kind, value, ...more } = json;
  if (typeof kind !== "string" || Object.keys(more).length > 0) throw malformed(kind, path);
  switch (kind) {
    case "undefined":
      if (Object.hasOwn(json, "value")) break;
      return undefined;
    case "number":
      if (typeof value !== "string" || !Object.hasOwn(SPECIAL_NUMBERS, value)) break;
      return SPECIAL_NUMBERS[value];
    case "bigint":
      if (typeof value !== "string" || !/^(0|-?[1-9a-f][0-9a-f]*)$/.test(value)) break;
      return value.startsWith("-") ? -BigInt(`0x${value.slice(1)}`) : BigInt(`0x${value}`);
    case "Date": {
      if (value === null) return new Date(NaN);
      const date = new Date(typeof value === "string" ? value : NaN);
      if (Number.isNaN(date.getTime()) || date.toISOString() !== value) break;
      return date;
    }
    case "Set":
      if (!Array.isArray(value)) break;
      return new Set(unpackItems(value, path));
    case "Map":
      if (!isEntries(value)) break;
      return new Map(unpackEntries(value, path));
    case "Object":
      if (!isEntries(value) || value.some(([key]) => typeof key !== "string")) break;
      return Object.fromEntries(unpackEntries(value, path));
    default: {
      const array = typeof value === "string" ? typedArrayFromText(kind, value) : undefined;
      if (array !== undefined) return array;
    }
  }
  throw malformed(kind, path);
}

function isEntries(value: unknown): value is [unknown, unknown][] {
  return Array.isArray(value) &&
    value.every((entry) => Array.isArray(entry) && entry.length === 2);
}

function unpackEntries(entries: [unknown, unknown][], path: Path): [unknown, unknown][] {
  if (path.length >= MAX_DEPTH) throw tooDeep(path);
  entries.forEach((entry, at) => {
    path.push(at);
    entry[0] = unpack(entry[0], path);
    entry[1] = unpack(entry[1], path);
    path.pop();
  });
  return entries;
}

function malformed(kind: unknown, path: Path): SerializationError {
  const name = typeof kind === "string" ? JSON.stringify(kind).slice(0, 60) : "no known kind";
  return new SerializationError(`Cannot decode a malformed "${TAG}" of ${name}, at ${place(path)}`);
}
