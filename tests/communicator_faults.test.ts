/**
 * What every communicator has to do, on a network that spoils one request in six: for 200 seeds,
 * without sockets, half of them on Node and half on Deno. `FAULT_SEEDS=200` before the command runs
 * all of them on either, `FAULT_SEED=17` one alone.
 *
 * @module
 */

import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { faultyFetch } from "../mod.ts";
import { OWN_RUNTIME } from "../scripts/processes.ts";
import { startMemoryNet } from "./helpers/memory_net.ts";
import { declareCommunicatorTests } from "./suites/communicator.ts";
import { FAULTS, seededWorldTests } from "./suites/seeded.ts";

const { FAULT_SEED, FAULT_SEEDS } = process.env;
const [FIRST, COUNT] = FAULT_SEED !== undefined
  ? [Number(FAULT_SEED), 1]
  : FAULT_SEEDS !== undefined
  ? [1, Number(FAULT_SEEDS)]
  : [OWN_RUNTIME === "node" ? 1 : 101, 100];
const SEEDS = Array.from({ length: COUNT }, (_, at) => FIRST + at);

/** What was done to each party. */
const injected: Readonly<Record<string, number>>[] = [];

declareCommunicatorTests(
  seededWorldTests("faults", SEEDS, (seed) => async (worldSize, options) => {
    // Each party has a network of its own, so that what another one does changes nothing for it.
    const net = startMemoryNet(worldSize, options, (fetch, rank) => {
      const faulty = faultyFetch({ ...FAULTS, seed: seed * 1_000 + rank, fetch });
      injected.push(faulty.injected);
      return faulty;
    });
    const sessions = await net.createSession("suite");
    return {
      ranks: sessions.map((session) => session.communicator),
      requests: net.requests,
      // Few a seed: what travels over a link that is open meets no more faults for being more.
      inputs: { seed, numRuns: 10 },
      close: net.close,
    };
  }),
);

test("faults: there were some of each kind", () => {
  if (SEEDS.length === 1) return; // it need not have them all
  for (const kind of Object.keys(FAULTS).filter((name) => name !== "maxDelayMs")) {
    const count = injected.reduce((sum, counts) => sum + counts[kind]!, 0);
    assert.ok(count > 0, `no ${kind}`);
  }
});

test.run();
