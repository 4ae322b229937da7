/**
 * One party of the soak, in a process of its own. Each line of its input is a command,
 * `{id, name, args}`; each line of its output what came of one, `{id, value}` or `{id, error}`.
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { describeError } from "../../lib/errors.ts";
import { createParty, faultyFetch, serve } from "../../mod.ts";
import { type Account, Traffic } from "./traffic.ts";

/** What a session is run with. */
export interface Run {
  name: string;
  rank: number;
  endpoints: string[];
  /** How long it sends. */
  seconds: number;
  seed: number;
}

/** What is left of a session once all parties are through. */
export interface Rest {
  /** Messages that went to, and came from, each rank, as the communicator has counted them. */
  sent: number[];
  received: number[];
  unread: number;
  retries: number;
  resumes: number;
  bytesResent: number;
}

/** What a process takes, in MiB. */
export interface Memory {
  rss: number;
  heap: number;
}

/** About every other request meets something; those that stay open meet it early or late. */
const FAULTS = {
  unavailable: 0.01,
  drop: 0.02,
  resetBefore: 0.02,
  resetMidway: 0.1,
  resetAfter: 0.05,
  loseAnswer: 0.1,
  duplicate: 0.1,
  delay: 0.2,
  split: 0.2,
  breakWithin: { bytes: 4 * 1024 * 1024, ms: 4_000 },
};

const network = faultyFetch({ ...FAULTS, seed: Number(process.argv[2]) });
const party = createParty({
  fetch: network,
  timeoutMs: 40_000,
  log: ({ level, error }) => level === "error" && console.error("fault:", describeError(error)),
});
const server = await serve(party, { port: 0 });
let traffic: Traffic | undefined;

/** What the party does when it is told to. */
const commands = {
  url: () => server.url,
  run: async ({ name, rank, endpoints, seconds, seed }: Run): Promise<Account> => {
    const session = await party.createSession({ name, rank, endpoints });
    traffic = new Traffic(session, seconds, seed);
    return await traffic.run();
  },
  /** How many messages came and went in the session at hand. */
  progress: () => traffic?.account,
  finish: async ({ name }: Pick<Run, "name">): Promise<Rest> => {
    const session = party.session(name);
    const peers = session.describe();
    const { stats } = session.communicator;
    await session.close();
    const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
    return {
      sent: stats.map(({ messagesSent }) => messagesSent),
      received: stats.map(({ messagesReceived }) => messagesReceived),
      unread: sum(peers.map(({ unread }) => unread.messages)),
      retries: sum(stats.map(({ retries }) => retries)),
      resumes: sum(peers.map(({ link }) => link.resumes)),
      bytesResent: sum(peers.map(({ link }) => link.bytesResent)),
    };
  },
  /** What holds a session up, for people. */
  describe: () => party.sessions().map((session) => [session.state, session.describe()]),
  faults: () => network.injected,
  memory: async (): Promise<Memory> => {
    for (let turn = 0; turn < 5; turn++) {
      (globalThis as { gc?: () => void }).gc?.();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const { rss, heapUsed, external } = process.memoryUsage();
    const mib = (bytes: number) => Math.round(bytes / 1024 / 1024);
    return { rss: mib(rss), heap: mib(heapUsed + external) };
  },
};

/** The commands, by name. */
export type Commands = typeof commands;

async function obey(line: string): Promise<void> {
  const { id, name, args } = JSON.parse(line);
  let answer: object;
  try {
    const run = commands[name as keyof Commands] as (args: object) => unknown;
    answer = { id, value: await run(args) };
  } catch (error) {
    answer = { id, error: `${name}: ${describeError(error)}` };
  }
  console.log(JSON.stringify(answer));
}

for await (const line of createInterface({ input: process.stdin })) void obey(line);
process.exit(); // whoever conducted it has gone
