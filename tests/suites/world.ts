/**
 * What the suites need of a communicator: a way to connect some.
 *
 * @module
 */

import { test } from "uvu";
import type { CommunicatorBase, CommunicatorOptions } from "../../lib/comm/base.ts";

/** The parties of one test, all in this process. */
export interface World {
  /** One communicator a rank. */
  ranks: CommunicatorBase[];
  /** How many requests went over the network so far. */
  requests(): number;
  /** Which random inputs its properties are tried with, where there are many worlds. */
  inputs?: { seed: number; numRuns: number };
  /** Ends all of it. */
  close(): Promise<void>;
}

/** The limits of every communicator of a world. */
export type WorldOptions = Pick<CommunicatorOptions, "timeoutMs" | "maxMailboxBytes">;

/** Connects that many parties with each other. */
export type Connect = (worldSize: number, options?: WorldOptions) => Promise<World>;

/** Declares a test that has a world of its own. */
export type WorldTest = (
  name: string,
  worldSize: number,
  body: (world: World, ...ranks: CommunicatorBase[]) => Promise<void> | void,
  options?: WorldOptions,
) => void;

/**
 * @param kind what is tested, as it stands before each test's name
 * @param connect makes the worlds
 */
export function worldTests(kind: string, connect: Connect): WorldTest {
  return (name, worldSize, body, options) =>
    test(`${kind}: ${name}`, async () => {
      const world = await connect(worldSize, options);
      try {
        await body(world, ...world.ranks);
      } finally {
        await world.close();
      }
    });
}
