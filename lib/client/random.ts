/**
 * Names that nobody else chooses.
 *
 * @module
 */

/** @returns that many random bytes as hexadecimal; unlike `randomUUID`, on pages without TLS too */
export function randomHex(bytes: number): string {
  const random = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @returns a W3C `traceparent` of a trace that begins here */
export function newTraceparent(): string {
  return `00-${randomHex(16)}-${randomHex(8)}-01`;
}
