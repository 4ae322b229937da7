/**
 * Additive secret sharing over Z_2^64: a secret is the sum of its shares, and all but one of them
 * together are uniformly random and say nothing of it (Cramer, Damgard, Nielsen, _Secure Multiparty
 * Computation and Secret Sharing_, 2015, section 3.1, where the ring is a field).
 *
 * @module
 */

import { add, cryptoRandom, type RandomSource, subtract } from "./ring.ts";

/**
 * Splits a vector into shares.
 *
 * @param secret the vector
 * @param parties how many shares to make, 1 or more
 * @param random where randomness comes from
 * @returns the shares, each as long as the secret; their sum is the secret
 *
 * @example
 * ```ts
 * import { combine, split } from "partyline";
 *
 * const shares = split(BigUint64Array.of(42n), 3);
 * console.log(combine(shares)); // BigUint64Array [ 42n ]
 * ```
 */
export function split(
  secret: BigUint64Array,
  parties: number,
  random: RandomSource = cryptoRandom,
): BigUint64Array[] {
  const masks = Array.from(
    { length: parties - 1 },
    () => random(new BigUint64Array(secret.length)),
  );
  return [...masks, masks.reduce(subtract, secret)];
}

/**
 * Puts shares together.
 *
 * @param shares all shares of a vector, of one length
 * @returns the vector
 */
export function combine(shares: readonly BigUint64Array[]): BigUint64Array {
  return shares.reduce(add);
}
