/**
 * Random names, and bytes as text.
 *
 * @module
 */

/** @returns the bytes as hexadecimal, two digits each */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @returns that many random bytes as hexadecimal; unlike `randomUUID`, on pages without TLS too */
export function randomHex(bytes: number): string {
  return hex(crypto.getRandomValues(new Uint8Array(bytes)));
}
