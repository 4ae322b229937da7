/**
 * One run of a program at one party: from its params and inputs to what it returns.
 *
 * @module
 */

import type { Communicator } from "../comm/communicator.ts";
import type { Logger } from "../log.ts";
import { agree } from "../programs/agreement.ts";
import type { Program } from "../programs/program.ts";
import { checkParams } from "../programs/schemas.ts";
import { checkFree, checkInputs } from "./bindings.ts";
import { checkSources, type Source, takeInputs } from "./sources.ts";
import type { Values } from "./values.ts";

/** What a run needs, and who hears of it. */
export interface Run {
  /** What runs. */
  program: Program;
  /** What it is asked for, not checked yet; its own from now on. */
  params: unknown;
  /** The symbol of each input, by the input's name. */
  inputs: Readonly<Record<string, string>>;
  /** The symbol of each output, by the output's name. */
  outputs: Readonly<Record<string, string>>;
  /** Where inputs come from and outputs go. */
  values: Values;
  /** Reaches the same run at the other parties. */
  communicator: Communicator;
  /** Aborts when it is over before its time. */
  signal: AbortSignal;
  /** This party's trace context, which the others are told. */
  trace: string;
  /** All parties agree; tells what they gave as their traces. @returns the program's log */
  onAgreed(traces: unknown[]): Logger;
  /** Hears how far the program is. */
  onProgress(fraction: number, note?: string): void;
}

/** What each party tells the others of itself before it begins. */
interface Note {
  /** Its trace context. */
  trace: string;
  /** Where its inputs come from. */
  sources: Record<string, Source>;
}

/**
 * Runs a program, once all parties have started it and agree on what it is.
 *
 * @returns what it returned, not checked yet
 * @throws {PartyError} `INVALID_REQUEST`, `UNKNOWN_SYMBOL`, `CONFLICT`, `AGREEMENT_MISMATCH`
 * @throws what the program throws
 */
export async function runProgram(run: Run): Promise<Record<string, unknown>> {
  const { program, values, communicator, signal, trace } = run;
  const { name, version } = program;
  const about = { program: name, version, params: run.params ?? null };
  const params = await checkParams(program.params, run.params, name);
  const taken = takeInputs(run.inputs, values);
  const inputs = await checkInputs(program, taken);
  checkFree(program, run.outputs, values);
  const sources = Object.fromEntries([...taken].map(([input, { source }]) => [input, source]));
  const note: Note = { trace, sources };
  const notes = await agree(communicator, about, { signal, note }) as (Partial<Note> | null)[];
  checkSources(program, notes.map((one) => one?.sources));
  signal.throwIfAborted(); // what was agreed on may have been cancelled since
  const log = run.onAgreed(notes.map((one) => one?.trace));
  const { rank, worldSize } = communicator;
  const progress = (fraction: number, note?: string) => run.onProgress(fraction, note);
  return await program.run(
    { rank, worldSize, communicator, inputs, params, signal, log, progress },
  );
}
