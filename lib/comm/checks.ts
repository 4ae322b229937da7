/**
 * What a rank, a key and a time have to be.
 *
 * @module
 */

import { MAX_KEY_LENGTH } from "../wire/message.ts";

/**
 * @param rank any number
 * @param worldSize the number of parties
 * @returns whether a session of that size has that rank
 */
export function isRank(rank: number, worldSize: number): boolean {
  return Number.isInteger(rank) && rank >= 0 && rank < worldSize;
}

/**
 * @param what what is tried, for the error, such as `send to`
 * @throws {RangeError} when a session of that size has no such rank
 */
export function checkRank(what: string, rank: number, worldSize: number): void {
  if (isRank(rank, worldSize)) return;
  throw new RangeError(`Cannot ${what} rank ${rank} as the session has ${worldSize} parties`);
}

/**
 * @param verb what is tried, for the error
 * @param key the key of a message
 * @throws {TypeError} when it is no string of 1 to {@linkcode MAX_KEY_LENGTH} UTF-16 code units
 */
export function checkKey(verb: string, key: string): void {
  if (typeof key === "string" && key.length > 0 && key.length <= MAX_KEY_LENGTH) return;
  const given = typeof key === "string" ? `a key of ${key.length} characters` : typeof key;
  throw new TypeError(
    `Cannot ${verb} under ${given}: give a string of 1 to ${MAX_KEY_LENGTH} characters`,
  );
}

/** @throws {RangeError} when a time in milliseconds is negative or not a number */
export function checkTimeout(timeoutMs: number): void {
  if (timeoutMs >= 0) return;
  throw new RangeError(`Cannot wait ${timeoutMs} ms: give timeoutMs as 0 or more milliseconds`);
}
