/**
 * Tables: what a CSV file is to a program, one array a column.
 *
 * @module
 */

import { v } from "../deps.ts";
import { PartyError } from "../errors.ts";

/** A table: the cells of each column, null where one is missing; all columns of one length. */
export type Table = Record<string, (number | string | null)[]>;

/** What a {@linkcode Table} is checked against. */
export const TableSchema: v.GenericSchema<Table, Table> = v.pipe(
  v.record(v.string(), v.array(v.nullable(v.union([v.number(), v.string()])))),
  v.check(
    (table) => new Set(Object.values(table).map(({ length }) => length)).size <= 1,
    "give every column as many cells",
  ),
);

/**
 * @param table this party's table
 * @param name the name of one of its columns
 * @returns the numbers of that column, null where one is missing
 * @throws {PartyError} `INVALID_REQUEST` when there is no such column, or it holds text; without the
 * names of others or what it holds, as the other parties are told
 */
export function numbersOf(table: Table, name: string): (number | null)[] {
  const cells = Object.hasOwn(table, name) ? table[name]! : undefined;
  if (cells === undefined) {
    throw new PartyError("INVALID_REQUEST", `The table has no column ${JSON.stringify(name)}`);
  }
  const text = cells.findIndex((cell) => typeof cell === "string");
  if (text === -1) return cells as (number | null)[];
  throw new PartyError(
    "INVALID_REQUEST",
    `Column ${JSON.stringify(name)} of the table holds text in row ${
      text + 1
    }: it is to hold numbers`,
  );
}
