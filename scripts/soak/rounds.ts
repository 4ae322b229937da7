/**
 * The sessions of the soak, one after the other: those that end in peace, and those in which one
 * party is killed.
 *
 * @module
 */

import { Dice } from "../../lib/testing/plan.ts";
import { within } from "../../lib/timing.ts";
import type { Rest } from "./party.ts";
import type { Site } from "./site.ts";
import type { Account } from "./traffic.ts";

/** What became of one session. */
export interface Round {
  name: string;
  /** What was done to it. */
  kind: "peace" | "killed" | "killed and replaced";
  sent: number;
  received: number;
  lost: number;
  twice: number;
  wrong: number;
  retries: number;
  resumes: number;
  mibResent: number;
  /** How each party's part ended. */
  ends: string[];
  /** What is off; nothing when all is well. */
  off: string[];
}

/** How long a session may take beyond its time, and what is alive to know of what is not. */
const [OVERTIME_MS, NOTICE_MS] = [35_000, 12_000];
/** How a session of a party that was killed ends at the others. */
const ENDS_OF_KILLED = ["PEER_UNREACHABLE", "PEER_RESTARTED", "PEER_ABORTED"];

/** What a round is made of. */
export interface RoundOptions {
  name: string;
  seconds: number;
  seed: number;
}

const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);

/** Does to connections what networks do, until it is stopped. @returns what stops it */
function disturb(sites: Site[], dice: Dice): () => Promise<void> {
  let on = true;
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const going = (async () => {
    while (on) {
      await pause(200 + dice.upTo(1_000));
      const { proxy } = sites[dice.below(sites.length)]!;
      if (dice.chance(0.2)) {
        proxy.swallow();
        await pause(dice.upTo(600));
      }
      proxy.cut();
    }
  })();
  return () => {
    on = false;
    return going;
  };
}

/** Begins a session at all parties. */
function begin(sites: Site[], { name, seconds, seed }: RoundOptions): Promise<Account>[] {
  const endpoints = sites.map(({ proxy }) => proxy.url);
  return sites.map((site, rank) => site.call("run", { name, rank, endpoints, seconds, seed }));
}

/** @returns the sites that have nothing to say of themselves in time */
async function silent(sites: Site[], answers: Promise<unknown>[], ms: number): Promise<Site[]> {
  const heard = new Set<number>();
  for (const [at, answer] of answers.entries()) {
    answer.then(() => heard.add(at), () => heard.add(at));
  }
  await within(ms, Promise.allSettled(answers));
  return sites.filter((_, at) => !heard.has(at));
}

/** A session that nothing but the network disturbs. */
export async function peacefulRound(sites: Site[], options: RoundOptions): Promise<Round> {
  const stop = disturb(sites, new Dice(options.seed));
  const running = begin(sites, options);
  const hung = await silent(sites, running, options.seconds * 1_000 + OVERTIME_MS);
  await stop();
  if (hung.length > 0) throw await hanging(options.name, hung);
  const accounts = await Promise.all(running);
  const rests = await Promise.all(sites.map((site) => site.call("finish", options)));
  const round = count(options.name, "peace", accounts, rests);
  for (const [rank, { end, why }] of accounts.entries()) {
    if (end !== "peace") round.off.push(`rank ${rank} ended with ${end}: ${why}`);
  }
  for (const [from, { sent }] of rests.entries()) {
    for (const [to, { received }] of rests.entries()) {
      if (sent[to] === received[from]) continue;
      round.off.push(`${sent[to]} messages from rank ${from} to ${to}, ${received[from]} came`);
    }
  }
  return round;
}

/** A session in which one party is killed; what takes its place may come at once, or late. */
export async function deadlyRound(sites: Site[], options: RoundOptions): Promise<Round> {
  const dice = new Dice(options.seed);
  const stop = disturb(sites, new Dice(options.seed));
  const running = begin(sites, options);
  const victim = dice.below(sites.length);
  await new Promise((resolve) => setTimeout(resolve, 1_500 + dice.upTo(options.seconds * 500)));
  const atOnce = dice.chance(0.5);
  await sites[victim]!.kill();
  if (atOnce) await sites[victim]!.start(options.seed);
  const left = sites.filter((_, rank) => rank !== victim);
  const leftRunning = running.filter((_, rank) => rank !== victim);
  const hung = await silent(left, leftRunning, NOTICE_MS);
  await stop();
  if (hung.length > 0) throw await hanging(options.name, hung);
  const accounts = await Promise.all(leftRunning);
  const rests = await Promise.all(left.map((site) => site.call("finish", options)));
  if (!atOnce) await sites[victim]!.start(options.seed);
  const kind = atOnce ? "killed and replaced" : "killed";
  const round = count(options.name, kind, accounts, rests);
  round.lost = 0; // what was under way when the session ended
  for (const [at, { end, why }] of accounts.entries()) {
    if (ENDS_OF_KILLED.includes(end)) continue;
    round.off.push(`rank ${sites.indexOf(left[at]!)} ended with ${end}: ${why}`);
  }
  return round;
}

function count(name: string, kind: Round["kind"], accounts: Account[], rests: Rest[]): Round {
  const sent = sum(accounts.flatMap((account) => account.sent));
  const received = sum(accounts.flatMap((account) => account.received));
  const faults = accounts.flatMap((account) => account.faults);
  const unread = kind === "peace" ? sum(rests.map((rest) => rest.unread)) : 0;
  const twice = Math.max(0, received - sent) * Number(kind === "peace") + unread;
  const lost = Math.max(0, sent - received);
  return {
    name,
    kind,
    sent,
    received,
    lost,
    twice,
    wrong: faults.length,
    retries: sum(rests.map((rest) => rest.retries)),
    resumes: sum(rests.map((rest) => rest.resumes)),
    mibResent: Math.round(sum(rests.map((rest) => rest.bytesResent)) / 1024 / 1024),
    ends: accounts.map(({ end }) => end),
    off: [
      ...faults.slice(0, 5),
      ...kind === "peace" && lost > 0 ? [`${lost} messages lost`] : [],
      ...twice > 0 ? [`${twice} messages twice`] : [],
    ],
  };
}

async function hanging(name: string, sites: Site[]): Promise<Error> {
  const states = await Promise.all(sites.map(async (site) => {
    const state = await within(3_000, site.call("describe").catch(String));
    return `${site.runtime} at ${site.proxy.url}: ${JSON.stringify(state) ?? "no answer"}`;
  }));
  return new Error(`Session ${name} hangs at ${sites.length} parties\n${states.join("\n")}`);
}
