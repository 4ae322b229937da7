/**
 * The sum of what all parties hold, and nothing else.
 *
 * Round 1: each party splits its vector and sends every other party one share. Round 2: each adds up
 * the shares that it holds, one of every party, and opens that; the opened ones sum to the result.
 * (Cramer, Damgard, Nielsen, _Secure Multiparty Computation and Secret Sharing_, 2015, section 1.2.)
 *
 * Security: against parties that follow the protocol, also when all but two of them pool what they
 * saw. They learn the total, and whatever follows from it: of two parties, each can take its own
 * part off the total and has the other's. Nothing tells whether a party adds what it should.
 *
 * @module
 */

import type { Communicator, WaitOptions } from "../comm/communicator.ts";
import { PartyError } from "../errors.ts";
import { cryptoRandom, type RandomSource } from "./ring.ts";
import { combine, split } from "./shares.ts";

/** Options of {@linkcode secureSum}. */
export interface SecureSumOptions extends WaitOptions {
  /**
   * Where randomness comes from; anything but a cryptographic source gives the secrets away.
   *
   * @default {crypto.getRandomValues}
   */
  random?: RandomSource;
}

/**
 * Sums a vector over all parties, modulo 2^64. Two rounds; each party sends every other party two
 * vectors of the length of its own.
 *
 * @param communicator reaches the other parties, each of which calls this too
 * @param own this party's vector, of the same length at every party
 * @returns the sum of all vectors, at every party
 * @throws {TypeError} before anything is sent, when this party's vector is no `BigUint64Array`
 * @throws {PartyError} `AGREEMENT_MISMATCH` when another party's vector has another length
 *
 * @example
 * ```ts
 * import { MemoryCommunicator, secureSum } from "partyline";
 *
 * const parties = MemoryCommunicator.connect(3);
 * const sums = await Promise.all(
 *   parties.map((communicator, rank) => secureSum(communicator, BigUint64Array.of(BigInt(rank)))),
 * );
 * console.log(sums[0]); // BigUint64Array [ 3n ]
 * ```
 */
export async function secureSum(
  communicator: Communicator,
  own: BigUint64Array,
  options: SecureSumOptions = {},
): Promise<BigUint64Array> {
  if (!(own instanceof BigUint64Array)) {
    throw new TypeError(`Cannot sum ${kindOf(own)}: give a BigUint64Array`);
  }
  const { random = cryptoRandom, ...wait } = options;
  const { rank, worldSize } = communicator;
  const shares = split(own, worldSize, random);
  const key = communicator.newId();
  const exchange = shares.map(async (share, peer) => {
    if (peer === rank) return share;
    const [received] = await Promise.all([
      communicator.recv(peer, key, wait),
      communicator.send(peer, key, share, wait),
    ]);
    return vectorFrom(peer, received, own.length);
  });
  const held = combine(await Promise.all(exchange));
  const opened = await communicator.allgather(held, wait);
  return combine(opened.map((part, peer) => vectorFrom(peer, part, own.length)));
}

/** What a value is, without what it holds: that may be a secret. */
function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}

function vectorFrom(peer: number, value: unknown, length: number): BigUint64Array {
  if (value instanceof BigUint64Array && value.length === length) return value;
  const what = value instanceof BigUint64Array ? `${value.length} elements` : "no ring elements";
  throw new PartyError(
    "AGREEMENT_MISMATCH",
    `Cannot sum ${length} elements with rank ${peer}, which sent ${what}: run the same program ` +
      `with the same parameters at every party`,
    { rank: peer },
  );
}
