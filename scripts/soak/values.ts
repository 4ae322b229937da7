/**
 * Random messages that say themselves whether they came right.
 *
 * @module
 */

import type { Dice } from "../../lib/testing/plan.ts";
import { encodeCbor } from "../../lib/wire/cbor.ts";

/** A message of the soak. */
export interface Message {
  /** Which of its sender's messages to that receiver in that context it is. */
  n: number;
  /** The checksum of the value's binary form. */
  sum: number;
  value: unknown;
}

const MAX_BYTES = 2 * 1024 * 1024;

/** @returns a size from 0 to 2 MiB, mostly a small one */
function randomSize(dice: Dice): number {
  return dice.chance(0.05) ? dice.below(MAX_BYTES + 1) : Math.floor(2 ** dice.upTo(13)) - 1;
}

function randomBytes(dice: Dice, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = dice.below(2 ** 31) | 1;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) | 0;
    bytes[at] = state >>> 16;
  }
  return bytes;
}

const KINDS: ((dice: Dice, size: number) => unknown)[] = [
  randomBytes,
  randomBytes,
  (dice, size) => new Float64Array(randomBytes(dice, size & ~7).buffer),
  (dice, size) => new BigInt64Array(randomBytes(dice, size & ~7).buffer),
  (dice, size) => "Grüße 🐧".repeat(size / 12) + dice.below(10),
  (dice, size) => Array.from({ length: Math.min(size, 2_000) }, () => dice.upTo(1)),
  (dice) => dice.below(2 ** 31),
  () => undefined,
  () => null,
  () => -0,
  () => NaN,
  () => "",
  () => new Date(NaN),
  (dice) => new Date(dice.below(2 ** 31)),
  (dice) => -(2n ** BigInt(dice.below(3_000))),
  (dice, size) =>
    new Map<string, unknown>([
      ["__proto__", randomBytes(dice, size)],
      ["k", new Set([1n, "a"])],
    ]),
  (dice, size) => ({ a: [randomBytes(dice, size / 2), { b: randomBytes(dice, size / 2) }] }),
];

/** @returns the message; a value and a size of any kind */
export function randomMessage(dice: Dice, n: number): Message {
  const value = KINDS[dice.below(KINDS.length)]!(dice, randomSize(dice));
  return { n, sum: sumOf(value), value };
}

/** @returns what is wrong with a message that came; undefined when it is right */
export function faultOf({ n, sum, value }: Message, expected: number): string | undefined {
  if (n !== expected) return `message ${n} came in place of ${expected}`;
  return sumOf(value) === sum ? undefined : `message ${n} came with another value`;
}

/** @returns a key that sender and receiver agree on, and that says nothing of the order */
export function keyOf(seed: number, n: number): string {
  return `${(Math.imul(seed + n, 2_654_435_761) >>> 0).toString(36)}-${n}${"k".repeat(n % 7)}`;
}

function sumOf(value: unknown): number {
  let sum = 1;
  for (const byte of encodeCbor(value)) sum = (Math.imul(sum, 31) + byte) | 0;
  return sum;
}
