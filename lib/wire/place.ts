/**
 * Places in a value: how they are named in errors, and how deep they may lie.
 *
 * @module
 */

import { SerializationError } from "../errors.ts";
import { fieldPath } from "../schema.ts";

/** How many arrays and objects may lie inside each other. */
export const MAX_DEPTH = 1_000;
/** The field that tells what kind of value an object stands for. */
export const TAG = "$partyline";

/** The keys and indices that lead to a place. */
export type Path = (string | number)[];

/** @returns the place as JavaScript writes it, such as `value.rows[3]`; the middle of it is cut */
export function place(path: Path): string {
  const steps = path.length > 12 ? [...path.slice(0, 6), "...", ...path.slice(-3)] : path;
  return fieldPath(["value", ...steps]);
}

/** @returns the error for what lies deeper than {@linkcode MAX_DEPTH} */
export function tooDeep(path: Path): SerializationError {
  return new SerializationError(
    `Cannot take a value nested deeper than ${MAX_DEPTH}, at ${place(path)}: flatten it`,
  );
}
