/**
 * The same tests over many worlds, each of which has a seed of its own.
 *
 * @module
 */

import process from "node:process";
import { test } from "uvu";
import type { FaultOptions } from "../../mod.ts";
import { moment } from "../helpers/waiting.ts";
import type { Connect, WorldTest } from "./world.ts";

/** A network that spoils one request in six. */
export const FAULTS: Omit<FaultOptions, "seed"> = {
  drop: 0.03,
  resetBefore: 0.02,
  resetMidway: 0.03,
  resetAfter: 0.03,
  loseAnswer: 0.03,
  duplicate: 0.03,
  unavailable: 0.01,
  reorder: 0.05,
  delay: 0.1,
  split: 0.3,
  maxDelayMs: 2,
};

/** How many worlds there are at once, at most: they wait for most of their time. */
const AT_ONCE = 40;
/** How late a timer may be for another world to begin, in milliseconds: each has deadlines. */
const MAX_LATE_MS = 25;

/**
 * Declares each test once, for all seeds. A failure names the seeds that failed, and is
 * what the first of them met.
 *
 * The first test to run makes all worlds, those of all tests, seed by seed: a world that waits
 * leaves the time to one that works. The others wait for that, and tell what became of theirs.
 *
 * @param kind what is tested, as it stands before each test's name
 * @param seeds the seeds
 * @param connect makes the worlds of a seed
 */
export function seededWorldTests(
  kind: string,
  seeds: readonly number[],
  connect: (seed: number) => Connect,
): WorldTest {
  const bodies: ((seed: number) => Promise<void>)[] = [];
  const failed: unknown[] = [];
  const unhandled: unknown[] = [];
  const runAll = async () => {
    const onUnhandled = (error: unknown) => void unhandled.push(error);
    process.on("unhandledRejection", onUnhandled);
    const worlds = new Set<Promise<void>>();
    for (const run of seeds.flatMap((seed) => bodies.map((body) => () => body(seed)))) {
      if (worlds.size >= AT_ONCE) await Promise.race(worlds);
      await keepingUp();
      const world: Promise<void> = run().finally(() => worlds.delete(world));
      worlds.add(world);
    }
    await Promise.all(worlds);
    // What a failed test waits for no more may reject long after it.
    if (failed.length + unhandled.length === 0) process.off("unhandledRejection", onUnhandled);
  };
  let running: Promise<void> | undefined;
  test(`${kind}: nothing rejects that nobody awaits`, async () => {
    await (running ??= runAll());
    if (unhandled.length > 0) throw unhandled[0];
  });

  return (name, worldSize, body, options) => {
    const errors = new Map<number, unknown>();
    bodies.push(async (seed) => {
      try {
        const world = await connect(seed)(worldSize, options);
        try {
          await body(world, ...world.ranks);
        } finally {
          await world.close();
        }
      } catch (error) {
        errors.set(seed, error);
        failed.push(error);
      }
    });
    test(`${kind}: ${name}`, async () => {
      await (running ??= runAll());
      const [first] = errors.values();
      if (first instanceof Error) first.message = `seeds ${[...errors.keys()]}: ${first.message}`;
      if (errors.size > 0) throw first;
    });
  };
}

/** Resolves once the process keeps up with its timers; more worlds before would slow all down. */
async function keepingUp(): Promise<void> {
  for (let startedAt = -Infinity; performance.now() - startedAt > MAX_LATE_MS;) {
    startedAt = performance.now();
    await moment(1);
  }
}
