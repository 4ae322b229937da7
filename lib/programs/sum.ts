/**
 * The sum, place by place, of vectors that each lie at one party.
 *
 * @module
 */

import { v } from "../deps.ts";
import { decodeFixed, encodeFixed } from "../mpc/fixed_point.ts";
import { secureSum } from "../mpc/secure_sum.ts";
import { defineProgram, type Program } from "./program.ts";

/** {@linkcode secureSum} of real numbers, to 6e-8 a party, as a program. */
export const sumProgram: Program = defineProgram({
  name: "sum",
  version: "1.0.0",
  description: "The sum of all parties' vectors, place by place; all learn it, and nothing else.",
  inputs: { values: v.array(v.number()) },
  outputs: { total: v.array(v.number()) },
  async run({ communicator, inputs, worldSize, signal }) {
    const own = BigUint64Array.from(inputs.values, (value) => encodeFixed(value, worldSize));
    const total = await secureSum(communicator, own, { signal });
    return { total: Array.from(total, decodeFixed) };
  },
});
