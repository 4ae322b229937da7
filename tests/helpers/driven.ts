/**
 * Parties that a driver drives, and the programs that they run.
 *
 * @module
 */

import { v } from "../../lib/deps.ts";
import {
  BUILTIN_PROGRAMS,
  defineProgram,
  Driver,
  type DriverOptions,
  type PartyOptions,
  type Program,
} from "../../mod.ts";
import { type Parties, startParties } from "./parties.ts";
import { program } from "./programs.ts";

/** Ends when it is told to; waits for no message. */
const idle = program("idle", async ({ communicator, signal, progress, rank }) => {
  progress(0.5, `idle at rank ${rank}`);
  await communicator.barrier();
  await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
});

/** Waits for a message that nobody sends, but at one rank, which does nothing. */
const waits = program("waits", async ({ communicator, params, rank }) => {
  await communicator.barrier();
  if (rank === params) await new Promise(() => {});
  await communicator.recv(params as number, "never");
});

/** Waits for a message that nobody sends, but at one rank, which fails. */
const fails = program("fails", async ({ communicator, params, rank }) => {
  const failing = params as number;
  await communicator.barrier();
  if (rank === failing) throw new TypeError("secret 4711");
  await communicator.recv(failing, "never");
});

/** Sends a lot that nobody reads, keeps as much, and waits for a message that nobody sends. */
const fills = program("fills", async ({ communicator, params, rank, worldSize }) => {
  const { missing, bytes } = params as { missing: number; bytes: number };
  const own = new Uint8Array(bytes).fill(rank);
  for (let other = 0; other < worldSize; other++) {
    if (other !== rank) await communicator.send(other, "unread", own);
  }
  await communicator.barrier();
  await communicator.recv(missing, "never");
  return own;
});

/** Tells how far it is. */
const steps = program("steps", async ({ communicator, progress, rank }) => {
  for (let step = 1; step <= 4; step++) {
    progress(step / 4, `step ${step} of rank ${rank}`);
    await communicator.barrier();
    await new Promise((resolve) => setTimeout(resolve, 120)); // events come 50 ms apart at least
  }
  return rank;
});

/** Tells how far it is, without an end. */
const stepsForEver = program("steps-for-ever", async ({ progress, signal }) => {
  for (let step = 0; !signal.aborted; step = (step + 1) % 100) {
    progress(step / 100, `step ${step}`);
    await new Promise((resolve) => setTimeout(resolve, 120));
  }
  throw signal.reason;
});

/** What it is asked for comes out. */
const echo = program("echo", async ({ communicator, params }) => {
  await communicator.barrier();
  return params;
});

/** The sum of all parties' arrays, place by place, in the open. */
const add = defineProgram({
  name: "add",
  version: "1.0.0",
  description: "Made up for a test.",
  inputs: { own: v.instance(Float64Array) },
  outputs: { sum: v.instance(Float64Array) },
  run: async ({ communicator, inputs }) => {
    const all = await communicator.allgather(inputs.own);
    return { sum: inputs.own.map((_, at) => all.reduce((sum, one) => sum + one[at]!, 0)) };
  },
});

/** All of them. */
export const DRIVEN_PROGRAMS: readonly Program[] = [
  ...BUILTIN_PROGRAMS,
  idle,
  waits,
  fails,
  fills,
  steps,
  stepsForEver,
  echo,
  add,
];

/** Runs a test with a driver of some parties, and ends them. */
export async function withDriver(
  size: number,
  body: (driver: Driver, parties: Parties) => Promise<void>,
  options: DriverOptions = {},
  partyOptions: (rank: number) => PartyOptions = () => ({}),
): Promise<void> {
  const parties = await startParties(size, (rank) => ({
    programs: DRIVEN_PROGRAMS,
    log: () => {},
    ...partyOptions(rank),
  }));
  try {
    await body(new Driver(parties.endpoints, options), parties);
  } finally {
    await parties.close();
  }
}
