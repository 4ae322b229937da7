/**
 * The built-in jobs, as the command line runs them.
 *
 * @module
 */

import type { Communicator } from "../../lib/comm/communicator.ts";
import { hello } from "../../lib/programs/hello.ts";
import { type Column, pooledMoments } from "../../lib/programs/mean.ts";

/** The names of the built-in jobs. */
export const JOB_NAMES = ["hello", "mean"] as const;

/** One of {@linkcode JOB_NAMES}. */
export type JobName = (typeof JOB_NAMES)[number];

/** A job that is ready to run: what it needs has been read. */
export interface Job {
  /** What the parties must agree on. */
  params: Record<string, unknown>;
  /** What this party brings, for its own operator. */
  held: Record<string, unknown>;
  /** Runs it with the other parties. */
  run(communicator: Communicator): Promise<object>;
  /** The result as text. */
  describe(result: object): string;
}

/**
 * Reads what a job needs, before anyone waits for this party.
 *
 * @throws {Error} when the data cannot be read
 */
export async function prepareJob(
  name: JobName,
  { data, column }: { data?: string; column?: string },
): Promise<Job> {
  if (name === "hello") {
    return { params: {}, held: {}, run: hello, describe: (result) => JSON.stringify(result) };
  }
  // Loaded only here: a party that serves starts without the CSV parser.
  const { readColumn } = await import("./table.ts");
  return meanJob(column!, await readColumn(data!, column!));
}

function meanJob(column: string, own: Column): Job {
  return {
    params: { column },
    held: { values: own.values.length, missing: own.missing },
    run: (communicator) => pooledMoments(communicator, own),
    describe: (result) =>
      `pooled ${column}: ` +
      Object.entries(result).map(([figure, value]) => `${figure} ${value}`).join(", "),
  };
}
