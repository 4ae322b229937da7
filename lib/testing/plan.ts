/**
 * What happens to one request, decided before it is made, so that a seed alone says it.
 *
 * @module
 */

import { uniformFloat64, xoroshiro128plus } from "../deps.ts";

/** One thing that {@linkcode faultyFetch} can do to a request. */
export type FaultKind =
  | "unavailable"
  | "drop"
  | "resetBefore"
  | "resetMidway"
  | "resetAfter"
  | "loseAnswer"
  | "duplicate"
  | "reorder"
  | "delay"
  | "split";

/** The kinds of which a request gets one at most: the first that its dice say. */
const SPOILING: readonly FaultKind[] = [
  "unavailable",
  "drop",
  "resetBefore",
  "resetMidway",
  "resetAfter",
  "loseAnswer",
  "duplicate",
];

/** All that {@linkcode faultyFetch} can do to a request. */
export const FAULT_KINDS: readonly FaultKind[] = [...SPOILING, "reorder", "delay", "split"];

/** How often each fault happens: from 0, never, to 1, to every request. */
export type FaultRates = Partial<Record<FaultKind, number>>;

/** Random numbers that are the same for the same seed. */
export class Dice {
  readonly #generator: ReturnType<typeof xoroshiro128plus>;

  /** @param seed a whole number; its lower 32 bits count */
  constructor(seed: number) {
    this.#generator = xoroshiro128plus(seed);
    for (let step = 0; step < 8; step++) this.#generator.next(); // the first ones tell of the seed
  }

  /** @returns a number from 0 up to the limit, without it */
  upTo(limit: number): number {
    return uniformFloat64(this.#generator) * limit;
  }

  /** @returns a whole number from 0 up to the limit, without it */
  below(limit: number): number {
    return Math.floor(this.upTo(limit));
  }

  /** @returns true as often as the probability says */
  chance(probability: number): boolean {
    return this.upTo(1) < probability;
  }

  /** @returns dice of their own, whose throws do not depend on when others are thrown */
  fork(): Dice {
    return new Dice(this.#generator.next());
  }
}

/** What happens to one request. */
export interface Plan {
  /** What spoils it, if anything: one of those that exclude each other. */
  spoiled: FaultKind | undefined;
  /** Whether it waits until another one has overtaken it. */
  reorder: boolean;
  /** Whether it, its answer and their chunks wait. */
  delay: boolean;
  /** Whether the chunks of the two bodies are cut into others. */
  split: boolean;
  /** How much of a finite body arrives, or of an answer, as a part of 1. */
  part: number;
  /** When a stream breaks: after so many bytes of the request, or milliseconds if they are less. */
  breakAfter: { bytes: number; ms: number };
  /** How a copy is sent: before the request, beside it, or after its answer. */
  copy: "before" | "beside" | "after";
  /** How many requests a burst of 503s lasts. */
  burst: number;
  /** For what the request's way needs besides. */
  up: Dice;
  /** For what the answer's way needs besides. */
  down: Dice;
}

/**
 * Throws a request's dice, in the same order whatever the rates are.
 *
 * @param dice the request's own
 * @param rates how often each fault happens
 * @param within how late a stream may break
 */
export function drawPlan(
  dice: Dice,
  rates: FaultRates,
  within: { bytes: number; ms: number },
): Plan {
  const drawn = new Set(FAULT_KINDS.filter((kind) => dice.chance(rates[kind] ?? 0)));
  const part = dice.upTo(1);
  // Small numbers are as likely as large ones: most faults lie at the beginning of a message.
  const bytes = Math.floor(within.bytes ** dice.upTo(1));
  const ms = dice.upTo(within.ms);
  return {
    spoiled: SPOILING.find((kind) => drawn.has(kind)),
    reorder: drawn.has("reorder"),
    delay: drawn.has("delay"),
    split: drawn.has("split"),
    part,
    breakAfter: { bytes, ms },
    copy: (["before", "beside", "after"] as const)[dice.below(3)]!,
    burst: 1 + dice.below(3),
    up: dice.fork(),
    down: dice.fork(),
  };
}
