/**
 * Programs: what a party's operator lets it run together with others. A driver names one; code
 * never travels.
 *
 * @module
 */

import type { Communicator } from "../comm/communicator.ts";
import type { Logger } from "../log.ts";
import { NAME_PATTERN } from "../names.ts";
import type { OutputOf, Schema } from "./standard_schema.ts";

/** Schemas by the names of what they check, of any library of Standard Schema kind. */
export type Schemas = Readonly<Record<string, Schema>>;

/** What the schemas make of the values that they check. */
export type Values<Of extends Schemas> = {
  -readonly [Name in keyof Of]: OutputOf<Of[Name]>;
};

/**
 * What a running program has.
 *
 * What others may learn of it besides its messages: the progress that it tells, the keys of its
 * messages, which errors and `/status` name, and the message of a `PartyError` that it throws. So
 * none of these may be made of data.
 */
export interface ProgramContext<Inputs = Record<string, unknown>, Params = unknown> {
  /** This party's rank, from 0. */
  rank: number;
  /** The number of parties. */
  worldSize: number;
  /** Reaches the same computation at the other parties. */
  communicator: Communicator;
  /** This party's inputs, by the names that the program gives them. */
  inputs: Inputs;
  /** What the driver asks for; the same at every party. */
  params: Params;
  /** Aborts when the computation is cancelled, or the session fails or closes. */
  signal: AbortSignal;
  /** This party's log; the records name session, computation and rank. */
  log: Logger;
  /**
   * Tells how far the program is.
   *
   * @param fraction from 0 to 1; what is beyond is taken for the nearest, NaN for 0
   * @param note what is done just now, of which 200 characters are kept; nothing secret, as it is
   * shown to whoever may look
   */
  progress(fraction: number, note?: string): void;
}

/** A program, as {@linkcode defineProgram} takes it. */
export interface ProgramSpec<
  Inputs extends Schemas = Schemas,
  Outputs extends Schemas = Schemas,
  Params extends Schema = Schema,
> {
  /** 1 to 128 letters, digits, `.`, `_` or `-`. */
  name: string;
  /** Parties run together only when they have the same version. */
  version: string;
  /** One sentence for who chooses a program. */
  description: string;
  /**
   * What it reads, by name; each is a symbol of the session, or private data of the party. An input
   * whose schema takes `undefined` may be missing at a party.
   *
   * @default {{}}
   */
  inputs?: Inputs;
  /**
   * What it makes, by name; each becomes a symbol of the session, at the parties that return it.
   *
   * @default {{}}
   */
  outputs?: Outputs;
  /** What the driver may ask for. Without it, a program takes no params. */
  params?: Params;
  /**
   * Does it, at one party. What it throws fails the computation at every party. The others, and
   * whoever drives it, are told the message of a `PartyError`, and of anything else only that it
   * failed; `cause` stays here in either case. So throw a `PartyError` only with a text that all may
   * see.
   */
  run(
    context: ProgramContext<Values<Inputs>, OutputOf<Params>>,
  ): Promise<Partial<Values<Outputs>>>;
}

/** A program that was checked, of any types. */
export interface Program {
  /** Its name. */
  readonly name: string;
  /** Its version. */
  readonly version: string;
  /** What it does, in one sentence. */
  readonly description: string;
  /** What it reads. */
  readonly inputs: Schemas;
  /** What it makes. */
  readonly outputs: Schemas;
  /** What it may be asked for; undefined when it takes no params. */
  readonly params: Schema | undefined;
  /** Does it. */
  readonly run: (context: ProgramContext) => Promise<Record<string, unknown>>;
}

/**
 * Checks the definition of a program. Its types follow from the schemas. What {@linkcode
 * ProgramContext} says of what others learn holds for all that it throws, tells and sends.
 *
 * @param spec what it is called, what it reads and makes, and what it does
 * @returns the program, for `createParty({ programs: [...] })`
 * @throws {TypeError} when a name or the version is missing or malformed
 *
 * @example
 * ```ts
 * import * as v from "valibot";
 * import { defineProgram } from "partyline";
 *
 * const largest = defineProgram({
 *   name: "largest",
 *   version: "1.0.0",
 *   description: "The largest of all parties' numbers.",
 *   inputs: { number: v.number() },
 *   outputs: { largest: v.number() },
 *   async run({ communicator, inputs, signal }) {
 *     return { largest: await communicator.allreduce(inputs.number, Math.max, { signal }) };
 *   },
 * });
 * console.log(largest.name); // largest
 * ```
 */
export function defineProgram<
  Inputs extends Schemas = Record<never, never>,
  Outputs extends Schemas = Record<never, never>,
  Params extends Schema = Schema<undefined, undefined>,
>(spec: ProgramSpec<Inputs, Outputs, Params>): Program {
  const { name, version, description, inputs = {}, outputs = {}, params, run } = spec;
  for (const given of [name, ...Object.keys(inputs), ...Object.keys(outputs)]) {
    if (typeof given === "string" && NAME_PATTERN.test(given)) continue;
    throw new TypeError(
      `Cannot define program ${JSON.stringify(name)} with the name ${JSON.stringify(given)}: use ` +
        `1 to 128 letters, digits, '.', '_' or '-', but not '.' or '..'`,
    );
  }
  if (typeof version !== "string" || version === "" || typeof run !== "function") {
    throw new TypeError(
      `Cannot define program ${name}: give its version, such as "1.0.0", and run`,
    );
  }
  return { name, version, description, inputs, outputs, params, run: run as Program["run"] };
}
