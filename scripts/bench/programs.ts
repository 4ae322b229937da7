/**
 * What the parties of the benchmark run when a driver tells them to.
 *
 * @module
 */

import { defineProgram, type Program } from "../../mod.ts";

const [version, description] = ["1.0.0", "Made up for the benchmark."];

/** Does nothing: what is left is what it takes to run a program at all. */
const empty = defineProgram({
  name: "empty",
  version,
  description,
  run: () => Promise.resolve({}),
});

/** One round between all parties. */
const small = defineProgram({
  name: "small",
  version,
  description,
  run: async ({ communicator, rank }) => {
    await communicator.allgather(rank);
    return {};
  },
});

/** All of them. */
export const PROGRAMS: readonly Program[] = [empty, small];
