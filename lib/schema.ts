/**
 * The one way in which input is checked: a schema, and an error that says which field is wrong.
 *
 * @module
 */

import { v } from "./deps.ts";
import { PartyError } from "./errors.ts";
import { NAME_PATTERN } from "./names.ts";

/** A name, as {@linkcode NAME_PATTERN} has it. */
export const Name = v.pipe(
  v.string(),
  v.regex(NAME_PATTERN, "use 1 to 128 letters, digits, '.', '_' or '-', but not '.' or '..'"),
);

/** A rank, or a number of parties: a whole number from 0. */
export const Rank = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/**
 * Checks input against a schema.
 *
 * @param schema what is expected
 * @param input what came
 * @param what names the input in the error
 * @returns what the schema makes of the input
 * @throws {PartyError} `INVALID_REQUEST`, naming the first field that is wrong
 */
export function check<Schema extends v.GenericSchema>(
  schema: Schema,
  input: unknown,
  what: string,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, input, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  const field = path === null ? "" : ` at ${path.slice(0, 100)}`;
  throw new PartyError(
    "INVALID_REQUEST",
    `Cannot take ${what}${field}: ${issue.message.slice(0, 200)}`,
  );
}
