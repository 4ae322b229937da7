/**
 * Integers in JSON text that a double cannot hold: other languages write them, and `JSON.parse`
 * would hand over another number without a word.
 *
 * @module
 */

import { SerializationError } from "../errors.ts";

/** Fewer digits always fit; those of a fraction follow its point. May be in a string as well. */
const MAYBE_LARGE = /(?:^|[\s,:[-])\d{16}/;

/**
 * Refuses text with an integer that `JSON.parse` alters. What `JSON.stringify` writes is none, such
 * as `1152921504606847000` for 2 to the power of 60; neither is that number's exact form.
 *
 * @param text JSON text that parses
 * @throws {SerializationError} telling how many digits the integer has, and where it is
 */
export function checkIntegers(text: string): void {
  if (!MAYBE_LARGE.test(text)) return;
  const token = /"|(?:^|[\s,:[])(-?\d{16,})(?![\d.eE])/g;
  for (let found = token.exec(text); found !== null; found = token.exec(text)) {
    const literal = found[1];
    if (literal === undefined) token.lastIndex = endOfString(text, token.lastIndex);
    else if (!isExact(literal)) throw tooLarge(literal, token.lastIndex - literal.length);
  }
}

/** @returns the index after the quote that ends a string, whose first character is at `start` */
function endOfString(text: string, start: number): number {
  const special = /["\\]/g;
  special.lastIndex = start;
  while (special.test(text) && text[special.lastIndex - 1] === "\\") special.lastIndex++;
  return special.lastIndex;
}

function isExact(literal: string): boolean {
  const number = Number(literal);
  if (Number.isSafeInteger(number)) return true;
  return Number.isFinite(number) &&
    (String(number) === literal || BigInt(number) === BigInt(literal));
}

function tooLarge(literal: string, at: number): SerializationError {
  const digits = literal.replace("-", "").length;
  return new SerializationError(
    `Cannot decode an integer of ${digits} digits, at character ${at} of the JSON text: a double ` +
      `does not hold it exactly; send it as {"$partyline":"bigint","value":"..."}, in hexadecimal`,
  );
}
