/**
 * The pooled mean and standard deviation of a column whose rows lie at several parties.
 *
 * @module
 */

import type { Communicator, WaitOptions } from "../comm/communicator.ts";
import { v } from "../deps.ts";
import { PartyError } from "../errors.ts";
import { decodeFixed, encodeFixed } from "../mpc/fixed_point.ts";
import { secureSum } from "../mpc/secure_sum.ts";
import { defineProgram, type Program } from "./program.ts";
import { numbersOf, TableSchema } from "./table.ts";

/** One party's part of a column. */
export interface Column {
  /** The values that are there. */
  values: readonly number[];
  /** How many rows have none. */
  missing: number;
}

/** What all parties learn. */
export interface Moments {
  /** How many values all parties hold. */
  count: number;
  /** How many rows without a value all parties hold. */
  missing: number;
  /** The mean of all values. */
  mean: number;
  /** The sample standard deviation (divided by count - 1); NaN when there is only one value. */
  standardDeviation: number;
}

/**
 * Computes the mean and standard deviation of all parties' values. Count and sum are opened first,
 * then the sum of squared deviations from the pooled mean, which is what keeps the result exact
 * (two-pass algorithm: Chan, Golub, LeVeque, _Algorithms for Computing the Sample Variance_, 1983).
 *
 * Only these totals are opened; see {@linkcode secureSum} for what that means, and against whom it
 * holds.
 *
 * @param communicator reaches the other parties, each of which calls this too
 * @param column this party's values
 * @returns the pooled figures, the same at every party, to about 1e-7
 * @throws {RangeError} when a party's sum, or sum of squares, is beyond 5.4e11 / number of parties
 * @throws {PartyError} `INVALID_REQUEST` when no party holds a value
 */
export async function pooledMoments(
  communicator: Communicator,
  column: Column,
  wait: WaitOptions = {},
): Promise<Moments> {
  const { worldSize } = communicator;
  const { values } = column;
  const totals = await secureSum(
    communicator,
    BigUint64Array.of(
      BigInt(values.length),
      BigInt(column.missing),
      encodeFixed(sum(values), worldSize),
    ),
    wait,
  );
  const [count, missing] = [Number(totals[0]), Number(totals[1])];
  if (count === 0) {
    throw new PartyError("INVALID_REQUEST", "Cannot compute a mean: no party holds a value");
  }
  const mean = decodeFixed(totals[2]!) / count;

  const deviations = sum(values.map((value) => (value - mean) ** 2));
  const squares = await secureSum(
    communicator,
    BigUint64Array.of(encodeFixed(deviations, worldSize)),
    wait,
  );
  const variance = decodeFixed(squares[0]!) / (count - 1);
  return { count, missing, mean, standardDeviation: Math.sqrt(variance) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** {@linkcode pooledMoments} of a column of each party's table, as a program. */
export const meanProgram: Program = defineProgram({
  name: "mean",
  version: "1.0.0",
  description: "The mean and standard deviation of a column whose rows lie at several parties.",
  inputs: { table: TableSchema },
  params: v.strictObject({
    column: v.pipe(v.string(), v.description("The column's name in every party's table.")),
  }),
  outputs: {
    moments: v.object({
      count,
      missing: count,
      mean: v.number(),
      standardDeviation: v.union([v.number(), v.nan()]),
    }),
  },
  async run({ communicator, inputs, params, signal, progress }) {
    const cells = numbersOf(inputs.table, params.column);
    const values = cells.filter((cell) => cell !== null);
    const column = { values, missing: cells.length - values.length };
    progress(0, "opening the totals");
    const moments = await pooledMoments(communicator, column, { signal });
    progress(1, "done");
    return { moments };
  },
});
