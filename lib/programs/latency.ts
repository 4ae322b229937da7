/**
 * How long messages are under way between the parties.
 *
 * @module
 */

import type { Communicator, WaitOptions } from "../comm/communicator.ts";
import { v } from "../deps.ts";
import { defineProgram, type Program } from "./program.ts";

/** How often each pair exchanges a message and its answer. */
const EXCHANGES = 20;

/**
 * Measures the time of a message and its answer between each pair of parties. Pairs that have no
 * party in common measure at once, as in a round-robin tournament (circle method), so that the time
 * grows with the number of parties, not of pairs.
 *
 * @param communicator reaches the other parties, each of which calls this too
 * @returns the median of 20 exchanges in milliseconds, by the two ranks; 0 from a rank to itself
 */
export async function measureLatency(
  communicator: Communicator,
  wait: WaitOptions = {},
): Promise<number[][]> {
  const { rank, worldSize } = communicator;
  const own: number[] = Array(worldSize).fill(0);
  for (const other of opponents(rank, worldSize)) {
    own[other] = await exchange(communicator, other, wait);
  }
  const rows = await communicator.allgather(own, wait);
  // The lower rank of a pair measures; the other one only answers.
  return rows.map((_, from) => rows.map((_, to) => rows[Math.min(from, to)]![Math.max(from, to)]!));
}

/** The ranks that one meets, in the order of the rounds. */
function opponents(rank: number, worldSize: number): number[] {
  const seats = worldSize + worldSize % 2; // with a seat that stands for a rest
  const last = seats - 1;
  const met: number[] = [];
  for (let round = 0; round < last; round++) {
    const across = (2 * (round + last) - rank) % last;
    const other = rank === last ? round : across === rank ? last : across;
    if (other < worldSize) met.push(other);
  }
  return met;
}

async function exchange(
  communicator: Communicator,
  other: number,
  wait: WaitOptions,
): Promise<number> {
  const measures = communicator.rank < other;
  const times: number[] = [];
  for (let count = 0; count < EXCHANGES; count++) {
    const start = performance.now();
    if (measures) {
      await communicator.send(other, `ping.${count}`, count, wait);
      await communicator.recv(other, `pong.${count}`, wait);
    } else {
      await communicator.recv(other, `ping.${count}`, wait);
      await communicator.send(other, `pong.${count}`, count, wait);
    }
    times.push(performance.now() - start);
  }
  return times.sort((one, two) => one - two)[EXCHANGES / 2]!;
}

/** {@linkcode measureLatency} as a program. */
export const latencyProgram: Program = defineProgram({
  name: "latency",
  version: "1.0.0",
  description: "The median time of a message and its answer between each pair of parties.",
  outputs: {
    p50_ms: v.pipe(
      v.array(v.array(v.number())),
      v.description("Milliseconds, by the two ranks; 0 from a rank to itself."),
    ),
  },
  run: async ({ communicator, signal }) => ({
    p50_ms: await measureLatency(communicator, { signal }),
  }),
});
