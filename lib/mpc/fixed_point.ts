/**
 * Real numbers as elements of Z_2^64: a number times 2^f, rounded, negative ones as two's
 * complement (Catrina, Saxena, _Secure Computation with Fixed-Point Numbers_, FC 2010, section 2).
 *
 * @module
 */

/** How many bits stand behind the binary point: a resolution of 6e-8, and a range of +-5.4e11. */
export const FRACTION_BITS = 24;

const SCALE = 2 ** FRACTION_BITS;

/**
 * @param value a finite number
 * @param addends how many such numbers may be summed without leaving the range
 * @returns the element of the ring that stands for the number
 * @throws {RangeError} when the number, or a sum of so many, is outside the range
 */
export function encodeFixed(value: number, addends: number): bigint {
  const limit = 2 ** 63 / SCALE / addends;
  if (!(Math.abs(value) < limit)) {
    throw new RangeError(
      // Without the number: it may be a secret, and the message reaches the other parties.
      `Cannot take a number into a sum of ${addends}: fixed point holds those below ` +
        `${limit.toExponential(1)} there; use a larger unit, such as kg for g`,
    );
  }
  return BigInt.asUintN(64, BigInt(Math.round(value * SCALE)));
}

/**
 * @param element an element of the ring
 * @returns the number that it stands for
 */
export function decodeFixed(element: bigint): number {
  return Number(BigInt.asIntN(64, element)) / SCALE;
}
