/**
 * Jobs over three parties, each in a process of its own, through the driver in this one.
 *
 * @module
 */

import { Driver } from "../../mod.ts";
import type { DriverSession } from "../../mod.ts";
import { barePost } from "./bare_server.ts";
import { inTurns, medianTime, SMALL_JSON, time } from "./measure.ts";
import { type Row, row, target } from "./report.ts";
import { Peer } from "./site.ts";
import { World } from "./world.ts";

const PARTIES = 3;
/** Runs whose median is one measurement of a time. */
const RUNS = 100;
const SMALL_RUNS = 1_000;
const AT_A_TIME = 16;
/** More than the ends that a session remembers. */
const WARM_UP_RUNS = 4_500;
/** How often, and how far apart, a heap is looked at: some of the garbage is collected late. */
const [LOOKS, LOOK_MS] = [5, 2_000];
const MIB = 1024 * 1024;
const SYMBOL_BYTES = 64 * MIB;
/** Fewer than elsewhere, since each takes long. */
const REPETITIONS = 5;
/** What figures of one heap differ by, whatever happens. */
const NOISE_MB = 1;

/** Parties, a session of theirs, and a bare server beside one of them. */
interface Cluster {
  session: DriverSession;
  sites: Peer[];
  bareUrl: string;
}

/** A program that does nothing, one run after another. */
export async function emptyRun(name: string): Promise<Row[]> {
  return await withCluster(async ({ session, bareUrl }) => {
    const [partyline, bare] = await inTurns([
      () => medianTime(RUNS, () => session.run("empty")),
      () => medianTime(RUNS, () => barePost(bareUrl, SMALL_JSON)),
    ]);
    return [row(name, "ms", partyline!, ["bare POST", bare!, target("at most", 6)])];
  });
}

/**
 * Many computations of one round each, and what they leave behind at a party. Before that its
 * history is full, and so is what it remembers of computations that have ended, for late messages.
 */
export async function manyRuns(name: string): Promise<Row[]> {
  return await withCluster(async ({ session, sites, bareUrl }) => {
    const run = () => session.run("small");
    await severalAtATime(WARM_UP_RUNS, run);
    const before = await Promise.all(sites.map(leastHeld));
    const runAll = () => time(() => severalAtATime(SMALL_RUNS, run));
    const [partyline, bare] = await inTurns([
      runAll,
      () => time(() => severalAtATime(SMALL_RUNS, () => barePost(bareUrl, SMALL_JSON))),
    ], REPETITIONS);
    const after = await Promise.all(sites.map(leastHeld));
    const retained = Math.max(...after.map((heap, rank) => heap - before[rank]!)) / 1e6;
    return [
      row(`${name}, time`, "ms", partyline!, ["as many bare POSTs", bare!]),
      row(`${name}, retained at a party`, "MB", retained, [
        "noise of a heap",
        NOISE_MB,
        target("at most", 1),
      ]),
    ];
  }, true);
}

/** One large value put at a party, and got from there. */
export async function symbolSpeed(name: string): Promise<Row[]> {
  return await withCluster(async ({ session, bareUrl }) => {
    const value = new Uint8Array(SYMBOL_BYTES).map((_, at) => at * 31 + (at >> 8));
    const speed = (ms: number) => SYMBOL_BYTES / MIB / (ms / 1_000);
    await session.put(0, "kept", value);
    const [put, got, bare] = await inTurns([
      async () => {
        const ms = await time(() => session.put(0, "value", value));
        await session.delete(0, "value");
        return speed(ms);
      },
      async () => speed(await time(() => session.get(0, "kept"))),
      async () => speed(await time(() => barePost(bareUrl, value))),
    ], REPETITIONS);
    const goal = target("at least", 0.5);
    return [
      row(`${name}, put`, "MiB/s", put!, ["bare POST", bare!, goal]),
      row(`${name}, got`, "MiB/s", got!, ["bare POST", bare!, goal]),
    ];
  });
}

/** @param exposeGc whether the parties may collect their garbage */
async function withCluster(
  measure: (cluster: Cluster) => Promise<Row[]>,
  exposeGc = false,
): Promise<Row[]> {
  const sites = Array.from({ length: PARTIES }, () => new Peer(exposeGc));
  try {
    await using world = await World.open(sites.map((site, rank) => [site, [rank]]));
    const session = await new Driver(world.endpoints).session();
    return await measure({ session, sites, bareUrl: await sites[0]!.call("bareServer", {}) });
  } finally {
    for (const site of sites) await site[Symbol.asyncDispose]();
  }
}

/** What a process holds when it has nothing to do, in bytes. */
async function leastHeld(site: Peer): Promise<number> {
  const looks: number[] = [];
  while (looks.length < LOOKS) looks.push((await site.call("settle", { idleMs: LOOK_MS })).held);
  return Math.min(...looks);
}

/** Does something so many times, not all at once. */
async function severalAtATime(count: number, run: () => Promise<unknown>): Promise<void> {
  let left = count;
  await Promise.all(Array.from({ length: AT_A_TIME }, async () => {
    while (left-- > 0) await run();
  }));
}
