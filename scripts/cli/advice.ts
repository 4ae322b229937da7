/**
 * What to do next, in terms of the command line: the library's own errors are worded for every
 * caller.
 *
 * @module
 */

import { describeError, PartyError } from "../../lib/errors.ts";
import { TLS_ADVICE } from "./tls_files.ts";

/** A program's params as JSON Schema, as far as it is looked at; null when it takes none. */
export type ParamsSchema =
  | { properties?: Record<string, { type?: unknown }>; required?: string[] }
  | null;

/** @returns the same failure, which ends with what to do; as it is where nothing is to be added */
export function withAdvice(error: PartyError, advice: string | undefined): PartyError {
  if (advice === undefined) return error;
  const about = error.rank === undefined ? {} : { rank: error.rank };
  return new PartyError(error.code, `${describeError(error)}; ${advice}`, about);
}

/** What to do when a party does not answer. @param config the list that has its URL */
export function reachAdvice(url: string | undefined, config: string): string {
  const trust = url?.startsWith("https:") ? `, or ${TLS_ADVICE}` : "";
  return `start it, or correct its URL in ${config}${trust}`;
}

/**
 * @param schema what the program takes
 * @param params what it was given
 * @returns how to give what is wrong with them; undefined when that is not plain to see
 */
export function paramsAdvice(schema: ParamsSchema, params: object = {}): string | undefined {
  const { properties = {}, required = [] } = schema ?? {};
  const missing = required.filter((name) => !Object.hasOwn(params, name));
  if (missing.length > 0) {
    return `give ${missing.map((name) => `--param ${name}=...`).join(" ")}`;
  }
  const [text] =
    Object.entries(params).find(([name, value]) =>
      typeof value !== "string" && Object.hasOwn(properties, name) &&
      properties[name]!.type === "string"
    ) ?? [];
  return text && `write text that looks like a number, or other JSON, as --param '${text}="5"'`;
}
