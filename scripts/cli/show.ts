/**
 * Values of programs as text for people.
 *
 * @module
 */

import { encodeJson } from "../../lib/wire/json.ts";
import { printable } from "./printable.ts";

/** A value that takes more is cut; `--json` has all of it. */
const MAX_LENGTH = 2_000;

/** One line for each value: its name, and what it is. */
export function showValues(values: object): string[] {
  return Object.entries(values).map(([name, value]) => `${printable(name)}: ${showValue(value)}`);
}

/** A number as itself, a list of figures as `name value, name value`, anything else as JSON. */
export function showValue(value: unknown): string {
  if (isFlat(value)) {
    const figures = Object.entries(value).map(([name, figure]) => `${name} ${String(figure)}`);
    if (figures.length > 0) return cut(figures.join(", "));
  }
  if (["number", "bigint", "undefined"].includes(typeof value)) return String(value);
  return cut(encodeJson(value));
}

/** An object of numbers, such as figures are. */
function isFlat(value: unknown): value is Record<string, number | bigint> {
  if (typeof value !== "object" || value === null) return false;
  return Object.getPrototypeOf(value) === Object.prototype &&
    Object.values(value).every((each) => ["number", "bigint"].includes(typeof each));
}

function cut(text: string): string {
  if (text.length <= MAX_LENGTH) return printable(text);
  return `${printable(text.slice(0, MAX_LENGTH))}... (${text.length} characters; --json shows all)`;
}
