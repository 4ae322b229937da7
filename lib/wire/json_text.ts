/**
 * JSON text, and where one stops to be that.
 *
 * @module
 */

import { PartyError } from "../errors.ts";

/**
 * Parses JSON that may hold secrets.
 *
 * @param text the text
 * @param what names it in the error
 * @returns what it holds
 * @throws {PartyError} `INVALID_REQUEST`, with the place, and without any part of the text: engines
 * quote it in theirs
 */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new PartyError("INVALID_REQUEST", `Cannot take ${what}: it is no JSON at ${fault(text)}`);
  }
}

/**
 * @param text what is no JSON
 * @returns the line and the column where it stops to be that
 */
export function fault(text: string): string {
  return placeIn(text, failsAt(text));
}

/**
 * @param text a text
 * @param at how many of its characters come before the place
 * @returns the place as people count, from 1
 */
export function placeIn(text: string, at: number): string {
  const lines = text.slice(0, at).split("\n");
  return `line ${lines.length}, column ${lines.at(-1)!.length + 1}`;
}

/** Where a text stops to be JSON; engines tell it for some faults, and quote the text for others. */
function failsAt(text: string): number {
  const { message } = jsonError(text)!;
  const [, told] = /^Unexpected token/.test(message) ? [] : /at position (\d+)/.exec(message) ?? [];
  if (told !== undefined) return Number(told);
  if (/^Unexpected end/.test(message)) return text.length;
  // The shortest start of the text that has the same fault ends with it.
  let [good, bad] = [0, text.length];
  while (good + 1 < bad) {
    const middle = (good + bad) >> 1;
    const isBad = jsonError(text.slice(0, middle))?.message.startsWith("Unexpected token") ?? false;
    if (isBad) bad = middle;
    else good = middle;
  }
  return bad - 1;
}

function jsonError(text: string): Error | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return error as Error;
  }
}
