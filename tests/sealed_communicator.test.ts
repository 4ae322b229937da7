/**
 * What every communicator has to do, with all of it sealed: on a network without faults, and on one
 * that spoils requests.
 *
 * @module
 */

import process from "node:process";
import { test } from "uvu";
import { faultyFetch } from "../mod.ts";
import { OWN_RUNTIME } from "../scripts/processes.ts";
import { identitiesOf } from "./helpers/identities.ts";
import { memoryEndpoints, startMemoryNet } from "./helpers/memory_net.ts";
import { communicatorSuite, declareCommunicatorTests } from "./suites/communicator.ts";
import { FAULTS, seededWorldTests } from "./suites/seeded.ts";

const { FAULT_SEED } = process.env;
const FIRST = OWN_RUNTIME === "node" ? 501 : 601;
const SEEDS = FAULT_SEED === undefined
  ? Array.from({ length: 10 }, (_, at) => FIRST + at)
  : [Number(FAULT_SEED)];

communicatorSuite("sealed", async (worldSize, options) => {
  const identities = await identitiesOf(memoryEndpoints(worldSize));
  const net = startMemoryNet(worldSize, options, undefined, identities);
  const sessions = await net.createSession("suite");
  return {
    ranks: sessions.map((session) => session.communicator),
    requests: net.requests,
    close: net.close,
  };
});

declareCommunicatorTests(
  seededWorldTests("sealed, with faults", SEEDS, (seed) => async (worldSize, options) => {
    const identities = await identitiesOf(memoryEndpoints(worldSize));
    const net = startMemoryNet(
      worldSize,
      options,
      (fetch, rank) => faultyFetch({ ...FAULTS, seed: seed * 1_000 + rank, fetch }),
      identities,
    );
    const sessions = await net.createSession("suite");
    return {
      ranks: sessions.map((session) => session.communicator),
      requests: net.requests,
      inputs: { seed, numRuns: 10 },
      close: net.close,
    };
  }),
);

test.run();
