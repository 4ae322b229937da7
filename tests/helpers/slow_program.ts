/**
 * The program `slow`, which tells how far it is, step by step, and then waits for rank 2, which waits
 * for a line of its own process's input.
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { program } from "./programs.ts";
import { moment } from "./waiting.ts";

const lines = createInterface({ input: process.stdin });

export default program("slow", async ({ rank, communicator, params, signal, progress }) => {
  const { steps, key } = params as { steps: number; key: string };
  for (let step = 1; step <= steps; step++) {
    await communicator.barrier({ signal });
    progress(step / (steps + 1), `step ${step} of ${steps}`);
    await moment(200);
  }
  if (rank !== 2) return await communicator.recv(2, key, { signal, timeoutMs: 60_000 });
  await new Promise((resolve) => lines.once("line", resolve));
  await Promise.all([0, 1].map((to) => communicator.send(to, key, "done", { signal })));
  return "done";
});
