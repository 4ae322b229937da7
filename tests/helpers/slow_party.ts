/**
 * A party in a process of its own. Besides what ships with Partyline it runs `slow`, which tells how
 * far it is, step by step, and then waits for rank 2, which waits for a line of its own process's
 * input. Prints the party's URL. Its arguments are a port, and an origin whose pages may call it.
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { BUILTIN_PROGRAMS, createParty, serve } from "../../mod.ts";
import { program } from "./programs.ts";
import { moment } from "./waiting.ts";

const lines = createInterface({ input: process.stdin });

const slow = program("slow", async ({ rank, communicator, params, signal, progress }) => {
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

const [port = "0", ...allowOrigins] = process.argv.slice(2);
const party = createParty({ programs: [...BUILTIN_PROGRAMS, slow], allowOrigins });
const server = await serve(party, { port: Number(port) });
console.log(server.url);
