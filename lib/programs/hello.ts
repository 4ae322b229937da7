/**
 * A first sign of life: rank 0 greets rank 1, which answers.
 *
 * @module
 */

import type { Communicator, WaitOptions } from "../comm/communicator.ts";
import { v } from "../deps.ts";
import { defineProgram, type Program } from "./program.ts";

/** What one rank said and heard. */
export interface HelloResult {
  /** What this rank sent; null for a rank that takes no part. */
  sent: unknown;
  /** What this rank received; null for a rank that takes no part. */
  received: unknown;
}

/**
 * Exchanges a greeting under the key `hello` and an answer under the key `response`.
 *
 * @param communicator reaches the other party, which calls this too; ranks from 2 on take no part
 * @throws {RangeError} when there is no other party
 */
export async function hello(
  communicator: Communicator,
  wait: WaitOptions = {},
): Promise<HelloResult> {
  const { rank, worldSize } = communicator;
  if (worldSize < 2) throw new RangeError("Cannot greet anyone in a session with 1 party");
  if (rank === 0) {
    const sent = { message: "Hello Party 1" };
    await communicator.send(1, "hello", sent, wait);
    return { sent, received: await communicator.recv(1, "response", wait) };
  }
  if (rank === 1) {
    const received = await communicator.recv(0, "hello", wait);
    const sent = { message: "Hello Party 0" };
    await communicator.send(0, "response", sent, wait);
    return { sent, received };
  }
  return { sent: null, received: null };
}

/** {@linkcode hello} as a program. */
export const helloProgram: Program = defineProgram({
  name: "hello",
  version: "1.0.0",
  description: "Rank 0 greets rank 1, which answers: a first sign of life.",
  outputs: { greeting: v.object({ sent: v.unknown(), received: v.unknown() }) },
  run: async ({ communicator, signal }) => ({ greeting: await hello(communicator, { signal }) }),
});
