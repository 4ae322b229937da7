/**
 * Vectors over the ring of integers modulo 2^64. A `BigUint64Array` reduces whatever is stored in
 * it, so plain addition and subtraction are the ring's.
 *
 * @module
 */

/** Fills an array with uniformly random elements, and returns it. */
export type RandomSource = (elements: BigUint64Array) => BigUint64Array;

/** The most bytes that one call of `crypto.getRandomValues` fills (Web Cryptography API, 10.1.1). */
const MAX_RANDOM_BYTES = 65_536;

/**
 * The runtime's cryptographic random source, for arrays of any length.
 *
 * @param elements is filled
 * @returns the same array
 */
export function cryptoRandom(elements: BigUint64Array): BigUint64Array {
  const step = MAX_RANDOM_BYTES / BigUint64Array.BYTES_PER_ELEMENT;
  for (let at = 0; at < elements.length; at += step) {
    crypto.getRandomValues(elements.subarray(at, at + step) as BigUint64Array<ArrayBuffer>);
  }
  return elements;
}

/**
 * @param a a vector
 * @param b a vector of the same length
 * @returns their sum modulo 2^64, element by element
 */
export function add(a: BigUint64Array, b: BigUint64Array): BigUint64Array {
  return a.map((element, at) => element + b[at]!);
}

/**
 * @param a a vector
 * @param b a vector of the same length
 * @returns their difference modulo 2^64, element by element
 */
export function subtract(a: BigUint64Array, b: BigUint64Array): BigUint64Array {
  return a.map((element, at) => element - b[at]!);
}
