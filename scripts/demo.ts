/**
 * Three parties, each with the penguins of one island, compute the pooled mean and standard
 * deviation of their body mass: two processes on Node and one on Deno, as far as both are there.
 *
 * @module
 */

import process from "node:process";
import type { Moments } from "../lib/programs/mean.ts";
import { readColumn } from "./cli/table.ts";
import { findRuntimes, OWN_RUNTIME, ROOT, type Runtime, startParties } from "./processes.ts";

const COLUMN = "body_mass_g";
const ISLANDS = ["biscoe", "dream", "torgersen"];
const PLAN: Runtime[] = ["node", "node", "deno"];
const TOLERANCE = 1e-6;

/** What a party prints when its job is done. */
interface Report {
  outputs: { moments: Moments };
  sent: { messages: number; bytes: number };
}

const files = ISLANDS.map((island) => `${ROOT}scripts/data/${island}.csv`);
const columns = await Promise.all(files.map((file) => readColumn(file, COLUMN)));
const runtimes = findRuntimes();
const chosen = PLAN.map((runtime) => runtimes.has(runtime) ? runtime : OWN_RUNTIME);
const parties = await startParties(
  chosen.map((runtime) => runtimes.get(runtime)!),
  (rank) => ["--run=mean", `--param=column=${COLUMN}`, `--data=table=${files[rank]}`],
);
const reports = await Promise.all(parties.map(async (party): Promise<Report> => {
  return JSON.parse(await party.line());
}));
const codes = await Promise.all(parties.map((party) => party.exited));

console.log(`Each party holds ${COLUMN} of one island's penguins, in a process of its own:\n`);
reports.forEach(({ sent }, rank) => {
  const { values, missing } = columns[rank]!;
  console.log(
    `  rank ${rank} on ${chosen[rank]}: ${ISLANDS[rank]!.padEnd(9)} ` +
      `held ${String(values.length).padStart(3)} values and ${missing} missing, ` +
      `sent ${sent.messages} messages, ${sent.bytes} bytes`,
  );
});

const plain = plainMoments();
console.log("\n                      pooled, by shares      plain, in one place");
for (const [name, value] of Object.entries(plain)) {
  const pooled = reports[0]!.outputs.moments[name as keyof Moments];
  console.log(`  ${name.padEnd(18)}  ${String(pooled).padEnd(21)}  ${value}`);
}

const agree = reports.every(({ outputs }) =>
  Object.entries(plain).every(([name, value]) =>
    Math.abs(outputs.moments[name as keyof Moments] - value) <= TOLERANCE
  )
);
console.log(
  agree
    ? `\nAll three parties have the same figures, equal to the plain ones within ${TOLERANCE}.`
    : `\nThe pooled figures differ from the plain ones by more than ${TOLERANCE}.`,
);
process.exitCode = agree && codes.every((code) => code === 0) ? 0 : 1;

/** The same figures with all rows in one place: what the parties avoid. */
function plainMoments(): Moments {
  const values = columns.flatMap((column) => column.values);
  const mean = values.reduce((total, value) => total + value) / values.length;
  const squares = values.reduce((total, value) => total + (value - mean) ** 2, 0);
  return {
    count: values.length,
    missing: columns.reduce((total, column) => total + column.missing, 0),
    mean,
    standardDeviation: Math.sqrt(squares / (values.length - 1)),
  };
}
