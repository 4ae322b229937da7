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

/** `Number` alone also takes hexadecimal, octal and binary ones, and `Infinity`. */
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** A row, and the line of the file on which it ends. */
interface Row {
  record: string[];
  info: { lines: number };
}

/**
 * Reads one column of numbers.
 *
 * @param file a CSV file (RFC 4180) with a header line
 * @param name the column's name in the header
 * @returns its numbers, and how many rows have none
 * @throws {Error} when the file cannot be read, the column is not there or there twice, or a value
 * is no decimal number
 */
export async function readColumn(file: string, name: string): Promise<Column> {
  const [header, ...rows] = await readRows(file);
  if (header === undefined) throw new Error(`${file} is empty: it is to begin with a header line`);
  const at = columnAt(header.record, name, file);
  const values: number[] = [];
  for (const { record, info } of rows) {
    const cell = record[at]!;
    if (!MISSING.includes(cell.toLowerCase())) {
      values.push(parseNumber(cell, `line ${info.lines} of ${file}, column ${name}`));
    }
  }
  return { values, missing: rows.length - values.length };
}

async function readRows(file: string): Promise<Row[]> {
  try {
    return parseCsv(await readFile(file, "utf8"), {
      bom: true,
      info: true,
      skip_empty_lines: true,
      trim: true,
    }) as unknown as Row[];
  } catch (cause) {
    const uneven = (cause as { code?: string }).code === "CSV_RECORD_INCONSISTENT_FIELDS_LENGTH";
    const hint = uneven
      ? "; put commas between values, and quotes around one that has a comma"
      : "";
    throw new Error(`Cannot read ${file}: ${describeError(cause)}${hint}`);
  }
}

function columnAt(header: string[], name: string, file: string): number {
  const at = header.indexOf(name);
  if (at === -1) {
    throw new Error(`${file} has no column ${JSON.stringify(name)}; it has ${header.join(", ")}`);
  }
  if (header.lastIndexOf(name) !== at) {
    throw new Error(
      `${file} has column ${JSON.stringify(name)} more than once: rename one of them`,
    );
  }
  return at;
}

function parseNumber(cell: string, place: string): number {
  const value = DECIMAL.test(cell) ? Number(cell) : NaN;
  if (Number.isFinite(value)) return value;
  throw new Error(
    `Cannot take ${JSON.stringify(cell.slice(0, 40))} for a number, in ${place}: write a decimal ` +
      `number such as -1.5, or NA when there is no value`,
  );
}
