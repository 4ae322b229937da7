/**
 * Whether 32 bytes are the public key that someone made from a private one. Runtimes take nearly
 * any bytes for one, and tell of a bad point at its first use, or never.
 *
 * Only public keys come here: the arithmetic takes a time that depends on them.
 *
 * @module
 */

/** The field of Curve25519: RFC 7748, section 4.1. */
const P = 2n ** 255n - 19n;
/** The order of the base point, a prime. */
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
/** `(486662 - 2) / 4`, of the curve's equation. */
const A24 = 121665n;

/** A point of the Montgomery curve without its `v`, as `u = x / z`; `z` is 0 at infinity. */
type Point = readonly [x: bigint, z: bigint];

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
  if (value >= P) return "not canonical";
  // RFC 7748, section 4.1, has the map from the Edwards curve: u = (1 + y) / (1 - y).
  const point: Point = curve === "X25519" ? [value, 1n] : [1n + value, 1n - value];
  if (isInfinite(double(double(double(point))))) return "of low order";
  // Every private key is multiplied with the base point: whatever else is on the curve, and all that
  // is not on it, has another order.
  return isInfinite(multiply(point, ORDER)) ? undefined : "of no private key";
}

function isInfinite([, z]: Point): boolean {
  return z % P === 0n;
}

/** RFC 7748, section 5: the doubling within the ladder. */
function double([x, z]: Point): Point {
  const [aa, bb] = [(x + z) ** 2n % P, (x - z) ** 2n % P];
  const e = aa - bb;
  return [aa * bb % P, e * (aa + A24 * e) % P];
}

/** The same place: adds two points whose difference is known, and not of order 1 or 2. */
function add([x2, z2]: Point, [x3, z3]: Point, [x1, z1]: Point): Point {
  const [da, cb] = [(x3 - z3) * (x2 + z2) % P, (x3 + z3) * (x2 - z2) % P];
  return [(da + cb) ** 2n % P * z1 % P, (da - cb) ** 2n % P * x1 % P];
}

/** The Montgomery ladder. */
function multiply(point: Point, by: bigint): Point {
  let [low, high]: [Point, Point] = [[1n, 0n], point];
  for (let bit = 252n; bit >= 0n; bit--) {
    const sum = add(low, high, point);
    if ((by >> bit & 1n) === 1n) [low, high] = [sum, double(high)];
    else [low, high] = [double(low), sum];
  }
  return low;
}
