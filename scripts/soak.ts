/**
 * Four parties in processes of their own, on both runtimes, on a bad network, for as long as
 * `--minutes N` says: each message has to arrive once and right, or its session has to fail in time
 * when a party is killed; memory has to come back. Exits with 1 when anything is off. `--seed N`
 * repeats a run, as far as the timing of processes lets it.
 *
 * @module
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { Dice } from "../lib/testing/plan.ts";
import { findRuntimes } from "./processes.ts";
import { deadlyRound, peacefulRound, type Round } from "./soak/rounds.ts";
import { killAll, Site } from "./soak/site.ts";

const PARTIES = 4;
/** How long the sessions send, in seconds; the first one only warms up. */
const [WARM_UP_SECONDS, ROUND_SECONDS] = [6, 7];
/** How much more a process may take at the end than when it was warm, in MiB. */
const [MAX_HEAP_GROWTH, MAX_RSS_GROWTH] = [64, 300];

const { values: options } = parseArgs({
  options: { minutes: { type: "string", default: "1" }, seed: { type: "string" } },
});
const minutes = Number(options.minutes);
const seed = Number(options.seed ?? Date.now() % 1_000_000);
if (!(minutes > 0) || !Number.isInteger(seed)) {
  console.error("Cannot soak: give --minutes a number above 0, and --seed a whole number");
  process.exit(2);
}
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    killAll();
    process.exit(1);
  });
}

const off: string[] = [];
const rounds: Round[] = [];
const startedAt = performance.now();
const elapsed = () => `${((performance.now() - startedAt) / 1_000).toFixed(0).padStart(4)} s`;
const runtimes = [...findRuntimes()];
const sites = Array.from({ length: PARTIES }, (_, rank) => {
  const [runtime, command] = runtimes[rank % runtimes.length]!;
  return new Site(runtime, command);
});
try {
  await soak();
} catch (error) {
  off.push(String(error));
} finally {
  for (const site of sites) {
    const { complaints, runtime } = site;
    if (/fault:|uncaught|unhandled/i.test(complaints)) off.push(`${runtime} wrote: ${complaints}`);
  }
  killAll();
}
report();
process.exit(off.length === 0 ? 0 : 1);

async function soak(): Promise<void> {
  const dice = new Dice(seed);
  const nextSeed = () => dice.below(2 ** 30);
  console.log(`seed ${seed}: ${sites.map(({ runtime }) => runtime).join(", ")}`);
  await Promise.all(sites.map((site) => site.start(nextSeed())));
  await note(peacefulRound(sites, { name: "soak-0", seconds: WARM_UP_SECONDS, seed: nextSeed() }));
  await warm();
  const until = startedAt + minutes * 60_000;
  for (let at = 1; performance.now() + 2.5 * ROUND_SECONDS * 1_000 < until; at++) {
    const round = { name: `soak-${at}`, seconds: ROUND_SECONDS, seed: nextSeed() };
    await note(at % 2 === 1 ? deadlyRound(sites, round) : peacefulRound(sites, round));
    if (at % 2 === 0) await warm();
  }
  await note(peacefulRound(sites, { name: "last", seconds: ROUND_SECONDS, seed: nextSeed() }));
  await checkMemory();
}

/** Waits for a session, with a line of how it goes every few seconds. */
async function note(running: Promise<Round>): Promise<void> {
  const timer = setInterval(() => {
    void Promise.all(sites.map((site) => site.call("progress").catch(() => undefined)))
      .then((accounts) => {
        const sum = (numbers: number[] = []) => numbers.reduce((total, count) => total + count, 0);
        const [sent, received] = (["sent", "received"] as const).map((side) =>
          sum(accounts.map((account) => sum(account?.[side])))
        );
        console.log(`${elapsed()}  ${sent} sent, ${received} received`);
      });
  }, 3_000);
  try {
    const round = await running;
    rounds.push(round);
    off.push(...round.off.map((what) => `${round.name}: ${what}`));
    console.log(`${elapsed()}  ${round.name}: ${round.kind}, ${round.ends.join(", ")}`);
  } finally {
    clearInterval(timer);
  }
}

/** Notes what the processes take that have not told yet. */
async function warm(): Promise<void> {
  await Promise.all(sites.map(async (site) => site.warm ??= await site.call("memory")));
}

async function checkMemory(): Promise<void> {
  for (const [rank, site] of sites.entries()) {
    const { heap, rss } = site.warm ?? await site.call("memory");
    let [text, grew] = ["", true];
    // What the last session left behind may go with a later collection.
    for (let turn = 0; grew && turn < 20; turn++) {
      const now = await site.call("memory");
      text = `heap ${heap} to ${now.heap} MiB, RSS ${rss} to ${now.rss} MiB`;
      grew = now.heap - heap > MAX_HEAP_GROWTH || now.rss - rss > MAX_RSS_GROWTH;
    }
    const since = site.warm === undefined ? "which is new" : "since it was warm";
    console.log(`rank ${rank} on ${site.runtime}, ${since}: ${text}`);
    if (grew) off.push(`rank ${rank} on ${site.runtime} grew: ${text}`);
  }
}

function report(): void {
  const columns = [
    "name",
    "kind",
    "sent",
    "received",
    "lost",
    "twice",
    "wrong",
    "retries",
    "resumes",
    "mibResent",
  ] as const;
  const rows = [columns, ...rounds.map((round) => columns.map((column) => String(round[column])))];
  const widths = columns.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)));
  console.log();
  for (const row of rows) {
    const [name, kind, ...numbers] = row.map((text, at) =>
      at < 2 ? text.padEnd(widths[at]!) : text.padStart(widths[at]!)
    );
    console.log([name, kind, ...numbers].join("  "));
  }
  console.log(off.length === 0 ? "\nall is well" : `\noff, with --seed ${seed}:`);
  for (const what of off) console.log(`- ${what}`);
}
