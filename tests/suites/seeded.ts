/**
 * The same tests over many worlds, each of which has a seed of its own.
 *
 * @module
 */

import process from "node:process";
import { test } from "uvu";
import type { Connect, WorldTest } from "./world.ts";

/** How many worlds there are at once. */
const AT_ONCE = 100;

/**
 * Declares each test once, for all seeds. A failure names the seeds that failed, and is
 * what the first of them met.
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
  return (name, worldSize, body, options) =>
    test(`${kind}: ${name}`, async () => {
      const left = [...seeds];
      const failed = new Map<number, unknown>();
      const runAll = async () => {
        for (let seed = left.shift(); seed !== undefined; seed = left.shift()) {
          const world = await connect(seed)(worldSize, options);
          try {
            await body(world, ...world.ranks);
          } catch (error) {
            failed.set(seed, error);
          }
          await world.close();
        }
      };
      const unhandled: unknown[] = [];
      const onUnhandled = (error: unknown) => void unhandled.push(error);
      process.on("unhandledRejection", onUnhandled);
      await Promise.all(Array.from({ length: AT_ONCE }, runAll));
      const [first] = [...failed.values(), ...unhandled];
      // What a failed test waits for no more may reject long after it.
      if (first === undefined) process.off("unhandledRejection", onUnhandled);
      if (first instanceof Error) first.message = `seeds ${[...failed.keys()]}: ${first.message}`;
      if (first !== undefined) throw first;
    });
}
