/**
 * The shapes of values, for listings: how large something is, not what it holds.
 *
 * @module
 */

import { isTypedArray } from "../wire/typed_array.ts";

/**
 * @param value plain data
 * @returns of an array its length, and of arrays in arrays that are all of one shape the lengths
 * along each dimension; of an object whose fields are arrays of one length how many these are, and
 * that length; of a Map or a Set its size; `[]` for a single value; undefined for anything else
 */
export function shapeOf(value: unknown): number[] | undefined {
  if (typeof value !== "object" || value === null || value instanceof Date) return [];
  if (value instanceof Map || value instanceof Set) return [value.size];
  return shapeOfArray(value) ?? shapeOfTable(value);
}

function shapeOfArray(value: unknown): number[] | undefined {
  if (isTypedArray(value)) return [value.length];
  if (!Array.isArray(value)) return undefined;
  const first = shapeOfArray(value[0]);
  if (first === undefined) return [value.length];
  const common = value.slice(1).reduce<number[]>(
    (shape, item) => inCommon(shape, shapeOfArray(item) ?? []),
    first,
  );
  return [value.length, ...common];
}

/** The dimensions that two shapes share, from the outermost on. */
function inCommon(one: number[], two: number[]): number[] {
  const differ = one.findIndex((length, at) => length !== two[at]);
  return differ === -1 ? one : one.slice(0, differ);
}

function shapeOfTable(value: object): number[] | undefined {
  const columns = Object.values(value);
  const isColumn = (column: unknown): column is ArrayLike<unknown> =>
    Array.isArray(column) || isTypedArray(column);
  if (columns.length === 0 || !columns.every(isColumn)) return undefined;
  const [rows] = columns.map(({ length }) => length);
  return columns.every(({ length }) => length === rows) ? [columns.length, rows!] : undefined;
}
