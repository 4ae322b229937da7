/**
 * Columns of CSV files.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { describeError } from "../../lib/errors.ts";
import type { Column } from "../../lib/programs/mean.ts";
import { parseCsv } from "./deps.ts";

/** What stands for a value that is not there, in lower case. */
const MISSING = ["", "na", "n/a", "nan", "null"];

/**
 * Reads one column of numbers.
 *
 * @param file a CSV file (RFC 4180) with a header line
 * @param name the column's name in the header
 * @returns its numbers, and how many rows have none
 * @throws {Error} when the file or the column is not there, or a value is no number
 */
export async function readColumn(file: string, name: string): Promise<Column> {
  let rows: string[][];
  try {
    rows = parseCsv(await readFile(file, "utf8"), {
      bom: true,
      trim: true,
      skip_empty_lines: true,
    });
  } catch (cause) {
    throw new Error(`Cannot read ${file}: ${describeError(cause)}`);
  }
  const [header = [], ...records] = rows;
  const at = header.indexOf(name);
  if (at === -1) {
    throw new Error(`${file} has no column ${JSON.stringify(name)}; it has ${header.join(", ")}`);
  }
  const cells = records.map((record) => record[at]!);
  const values = cells.filter((cell) => !MISSING.includes(cell.toLowerCase())).map((cell) => {
    const value = Number(cell);
    if (Number.isFinite(value)) return value;
    throw new Error(
      `${file} has ${JSON.stringify(cell.slice(0, 40))} in column ${name}, which is no number`,
    );
  });
  return { values, missing: cells.length - values.length };
}
