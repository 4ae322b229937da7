/**
 * Whether 32 bytes are the public key that someone made from a private one. Runtimes take nearly
 * any bytes for one, and tell of a bad point at its first use, or never.
 *
 * Only public keys come here: the arithmetic takes a time that depends on them.
 *
 * @module
 */

import { ed25519 } from "./deps.ts";

const { Point } = ed25519;
const { Fp } = Point;

/** What is wrong with the bytes of a public key. */
export type KeyFault = "not canonical" | "of low order" | "of no private key";

/**
 * Examines a public key.
 *
 * @param curve the form of the bytes: `u` of RFC 7748, or `y` and a sign of RFC 8032
 * @param bytes 32 bytes
 * @returns what is wrong; undefined when some private key has this public one. Of random bytes, such
 * as a private key, 15 in 16 are found out
 */
export function keyFault(
  curve: "X25519" | "Ed25519",
  bytes: Uint8Array,
): KeyFault | undefined {
  let value = bytes.reduceRight((sum, byte) => sum << 8n | BigInt(byte), 0n);
  if (curve === "Ed25519") value &= 2n ** 255n - 1n; // the sign
  // Else the same key could be there twice, in two forms.
  if (value >= Fp.ORDER) return "not canonical";
  const isX25519 = curve === "X25519";
  if (isX25519 && value === Fp.ORDER - 1n) return "of low order"; // -1, the one that has no y
  try {
    const point = Point.fromBytes(Fp.toBytes(isX25519 ? yOf(value) : value));
    if (point.isSmallOrder()) return "of low order";
    // Every private key is multiplied with the base point, which has a prime order.
    return point.isTorsionFree() ? undefined : "of no private key";
  } catch {
    return "of no private key"; // it is not on the curve
  }
}

/** RFC 7748, section 4.1, has the map to the Edwards curve. */
function yOf(u: bigint): bigint {
  return Fp.div(Fp.sub(u, 1n), Fp.add(u, 1n));
}
