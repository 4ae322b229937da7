/**
 * Where a computation's inputs come from: private data must not go into a result beside values that
 * a driver chose.
 *
 * @module
 */

import { PartyError } from "../errors.ts";
import type { Program } from "../programs/program.ts";
import type { Values } from "./values.ts";

/**
 * What an input is at one party, and whose value that has: the party's own, that of anyone who may
 * drive it, or nobody's.
 */
export type Source = readonly [symbol: string, kind: "private" | "session" | "none"];

/** An input at one party, as it was when it was taken. */
export interface Taken {
  /** Undefined when there is none. */
  value: unknown;
  /** What it is. */
  source: Source;
}

/**
 * Takes the inputs, all in one moment, so that what is told of them is true of what is used.
 *
 * @param names the symbol of each input, by the input's name
 * @param values where they are
 * @returns what was found, by the input's name
 */
export function takeInputs(
  names: Readonly<Record<string, string>>,
  values: Values,
): Map<string, Taken> {
  const kindOf = (symbol: string) => {
    if (!values.has(symbol)) return "none";
    return values.isPrivate(symbol) ? "private" : "session";
  };
  return new Map(
    Object.entries(names).map(([input, symbol]) => [input, {
      value: values.get(symbol),
      source: [symbol, kindOf(symbol)],
    }]),
  );
}

/**
 * Makes sure that what is private at one party is at each that has it: whoever chooses what the others
 * put in, such as zeros, or that they put in nothing, may find it in the result.
 *
 * @param sources of all parties, in the order of the ranks; anything may have come
 * @throws {PartyError} `AGREEMENT_MISMATCH`
 */
export function checkSources(program: Program, sources: readonly unknown[]): void {
  for (const input of Object.keys(program.inputs)) {
    const all = sources.map((one) => readSource((one as Record<string, unknown> | null)?.[input]));
    const owner = all.findIndex(([, kind]) => kind === "private");
    if (owner === -1) continue;
    const refused = (rank: number, why: string) =>
      new PartyError(
        "AGREEMENT_MISMATCH",
        `Cannot run ${program.name}, as its input ${input} is private at rank ${owner}, and ${why}`,
        { rank },
      );
    const driven = all.findIndex(([, kind]) => kind === "session");
    if (driven !== -1) {
      throw refused(
        driven,
        `a value of the session at rank ${driven}, which could give the private one away: let each ` +
          `party have its own as private data, or none`,
      );
    }
    const other = all.findIndex(([symbol]) => symbol !== all[owner]![0]);
    if (other !== -1) {
      throw refused(
        other,
        `another symbol at rank ${other}, whose own could so be left out: name the same at every party`,
      );
    }
  }
}

function readSource(said: unknown): Partial<Source> {
  return Array.isArray(said) ? said as unknown as Source : [];
}
