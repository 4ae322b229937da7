/**
 * Bytes as hexadecimal text, as standards print them.
 *
 * @module
 */

/** @returns the bytes that the digits stand for; spaces between them are left out */
export function fromHex(digits: string): Uint8Array {
  const pairs = digits.replaceAll(" ", "").match(/../g) ?? [];
  return Uint8Array.from(pairs, (pair) => parseInt(pair, 16));
}

/** @returns two digits for each byte */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
