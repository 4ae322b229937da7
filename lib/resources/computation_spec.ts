/**
 * What it takes to start a computation.
 *
 * @module
 */

import { v } from "../deps.ts";
import { PartyError } from "../errors.ts";
import type { Program } from "../programs/program.ts";
import { check, Name } from "../schema.ts";
import { canonicalJson } from "../wire/json.ts";
import type { NamesOf } from "./bindings.ts";

/** What a computation is asked to be; the same at every party. */
export interface ComputationSpec {
  /** 1 to 128 letters, digits, `.`, `_` or `-`; unique in the session. */
  id: string;
  /** The name of the program that runs. */
  program: string;
  /**
   * Which symbol each of the program's inputs is, by the input's name, or in the order in which the
   * program names them. An input that is left out is the symbol of its own name.
   */
  inputs?: NamesOf;
  /** Which symbol each of the program's outputs becomes, in the same way. */
  outputs?: NamesOf;
  /**
   * What the program is asked for; plain data, up to 65,536 characters of it as JSON. Larger values
   * are symbols.
   */
  params?: unknown;
}

/** What names of inputs or outputs are checked against; to a record, an array is one, too. */
export const Names = v.union(
  [v.array(Name), v.record(Name, Name)],
  "use an object from the program's names to symbols, or an array of symbols in their order",
);

const ComputationSchema: v.GenericSchema<unknown, ComputationSpec> = v.object({
  id: Name,
  program: Name,
  inputs: v.optional(Names),
  outputs: v.optional(Names),
  params: v.optional(v.unknown()),
});

/** Checks what a computation is asked to be. @throws {PartyError} `INVALID_REQUEST` */
export function checkComputation(spec: unknown): ComputationSpec {
  return check(ComputationSchema, spec, "a computation");
}

/** How long the params of a computation may be, as JSON: they are kept and shown with it. */
const MAX_PARAMS_LENGTH = 65_536;

/**
 * @param program the program that a computation names
 * @param params what it is asked for
 * @returns the params as JSON, the same text for the same params; undefined when there are none
 * @throws {SerializationError} when they are no plain data
 * @throws {PartyError} `PAYLOAD_TOO_LARGE`
 */
export function encodeParams(program: Program, params: unknown): string | undefined {
  if (params === undefined) return undefined;
  const json = canonicalJson(params);
  if (json.length <= MAX_PARAMS_LENGTH) return json;
  throw new PartyError(
    "PAYLOAD_TOO_LARGE",
    `Cannot run ${program.name} with params of ${json.length} characters of JSON: give at most ` +
      `${MAX_PARAMS_LENGTH}, and put larger values as symbols, for the program's inputs`,
  );
}

/** What a computation is asked for besides its program: its names are bound. */
export interface BoundRequest {
  /** The symbol of each input, by the input's name. */
  inputs: Readonly<Record<string, string>>;
  /** The symbol of each output, by the output's name. */
  outputs: Readonly<Record<string, string>>;
  /** As {@linkcode encodeParams} gives it. */
  paramsJson: string | undefined;
}

/** @returns a text that is the same for the same names and params, however they were given */
export function requestOf({ inputs, outputs, paramsJson = "null" }: BoundRequest): string {
  return canonicalJson([inputs, outputs]) + paramsJson;
}
