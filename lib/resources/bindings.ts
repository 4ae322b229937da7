/**
 * What a computation reads and writes: the names of a program's inputs and outputs, bound to symbols.
 *
 * @module
 */

import { PartyError } from "../errors.ts";
import type { Program } from "../programs/program.ts";
import { checkValue } from "../programs/schemas.ts";
import type { Taken } from "./sources.ts";
import type { Values } from "./values.ts";

/** Symbols, by the names that the program gives them, or in the order in which it does. */
export type NamesOf = Readonly<Record<string, string>> | readonly string[];

/**
 * @param kind of what the names are
 * @param names which symbol each is
 * @returns the symbol of each input or output of the program, in the program's order
 * @throws {PartyError} `INVALID_REQUEST` when the program has no such input or output, or two outputs
 * were to be one symbol
 */
export function bindNames(
  program: Program,
  kind: "input" | "output",
  names: NamesOf = {},
): Record<string, string> {
  const own = Object.keys(kind === "input" ? program.inputs : program.outputs);
  const given = Array.isArray(names)
    ? names.map((symbol, at): [string, string] => [own[at] ?? `number ${at + 1}`, symbol])
    : Object.entries(names as Record<string, string>);
  const unknown = given.find(([name]) => !own.includes(name));
  if (unknown !== undefined) {
    throw new PartyError(
      "INVALID_REQUEST",
      `Program ${program.name} has no ${kind} ${unknown[0]}; it has ${own.join(", ") || "none"}`,
    );
  }
  const bound = new Map([...own.map((name) => [name, name] as const), ...given]);
  if (kind === "output" && new Set(bound.values()).size < bound.size) {
    throw new PartyError(
      "INVALID_REQUEST",
      `Cannot make one symbol of two outputs of ${program.name}: name as many as it has`,
    );
  }
  return Object.fromEntries(bound);
}

/**
 * Checks a program's inputs.
 *
 * @throws {PartyError} `UNKNOWN_SYMBOL`; `INVALID_REQUEST` when a value does not fit its schema
 */
export async function checkInputs(
  program: Program,
  taken: ReadonlyMap<string, Taken>,
): Promise<Record<string, unknown>> {
  const inputs = new Map<string, unknown>();
  for (const [input, schema] of Object.entries(program.inputs)) {
    const { value, source: [symbol, kind] } = taken.get(input)!;
    const what = `symbol ${symbol} as the input ${input} of ${program.name}`;
    try {
      inputs.set(input, await checkValue(schema, value, what));
    } catch (error) {
      if (kind !== "none") throw error;
      throw new PartyError(
        "UNKNOWN_SYMBOL",
        `Cannot take ${what}: this party has no such symbol; put it there, as partyline run --put ` +
          `does, or have the party load it, as serve --data does`,
      );
    }
  }
  return Object.fromEntries(inputs);
}

/** @throws {PartyError} `CONFLICT` when a symbol that a program is to make is there already */
export function checkFree(
  program: Program,
  names: Readonly<Record<string, string>>,
  values: Values,
): void {
  const [output, symbol] = Object.entries(names).find(([, symbol]) => values.has(symbol)) ?? [];
  if (output === undefined) return;
  throw new PartyError(
    "CONFLICT",
    `Cannot make symbol ${symbol} as the output ${output} of ${program.name}: it exists; delete it, ` +
      `or name another`,
  );
}

/**
 * Checks a program's outputs and keeps them as symbols: all of them, or none.
 *
 * @param signal aborts when they are not wanted any more; it has to be looked at again once they are
 * kept
 * @returns deletes them again
 * @throws {PartyError} `INTERNAL` when they are not what the program says it makes; `CONFLICT` when
 * there is such a symbol already
 */
export async function keepOutputs(
  program: Program,
  names: Readonly<Record<string, string>>,
  outputs: Readonly<Record<string, unknown>>,
  values: Values,
  signal: AbortSignal,
): Promise<() => Promise<void>> {
  const made = Object.entries(outputs).filter(([, value]) => value !== undefined);
  for (const [output, value] of made) {
    if (!Object.hasOwn(program.outputs, output)) {
      throw new PartyError(
        "INTERNAL",
        `Program ${program.name} made an output it does not declare`,
      );
    }
    try {
      await checkValue(program.outputs[output]!, value, `output ${output} of ${program.name}`);
    } catch (cause) {
      const message = `Program ${program.name} made an output ${output} that its schema refuses`;
      throw new PartyError("INTERNAL", message, { cause });
    }
  }
  const symbols = Object.fromEntries(made.map(([output]) => [output, names[output]!]));
  checkFree(program, symbols, values); // somebody may have made one meanwhile
  const kept: string[] = [];
  const drop = async () => {
    await Promise.allSettled(kept.map((symbol) => values.delete(symbol)));
  };
  try {
    for (const [output, value] of made) {
      signal.throwIfAborted();
      await values.put(symbols[output]!, value);
      kept.push(symbols[output]!);
    }
  } catch (error) {
    await drop();
    throw error;
  }
  return drop;
}

/**
 * Reads what a program made back from the symbols.
 *
 * @param made the outputs that it made
 * @throws {PartyError} `UNKNOWN_SYMBOL` when one of them was deleted
 */
export function readOutputs(
  program: Program,
  names: Readonly<Record<string, string>>,
  made: readonly string[],
  values: Values,
): Record<string, unknown> {
  return Object.fromEntries(made.map((output) => {
    const symbol = names[output]!;
    if (values.has(symbol)) return [output, values.get(symbol)];
    throw new PartyError(
      "UNKNOWN_SYMBOL",
      `Cannot read the output ${output} of ${program.name} again: its symbol ${symbol} was deleted`,
    );
  }));
}
