/**
 * A program that tells what the process of a party holds, for who floods it.
 *
 * @module
 */

import process from "node:process";
import { defineProgram, type Program } from "../../../lib/programs/program.ts";
import { v } from "../../../lib/deps.ts";
import { moment } from "../waiting.ts";

/** In bytes, once the garbage is gone; 0 where the process may not collect it. */
const heldMemory: Program = defineProgram({
  name: "held-memory",
  version: "1.0.0",
  description: "Tells what this process holds.",
  outputs: { bytes: v.number() },
  run: async () => {
    const { gc } = globalThis as { gc?: () => void };
    if (gc === undefined) return { bytes: 0 };
    for (let round = 0; round < 3; round++) {
      gc();
      await moment(20); // what finalizers let go is garbage only then
    }
    const { heapUsed, external } = process.memoryUsage();
    return { bytes: heapUsed + external };
  },
});

export default heldMemory;
