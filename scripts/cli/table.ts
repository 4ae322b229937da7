/**
 * CSV files (RFC 4180) with a header line: as tables, or one column of numbers.
 *
 * @module
 */

import type { Column } from "../../lib/programs/mean.ts";
import type { Table } from "../../lib/programs/table.ts";
import { parseCsv } from "./deps.ts";
import { readText } from "./text.ts";

/** What stands for a number that is not there, in lower case. */
const MISSING = ["", "na", "n/a", "nan", "null"];

/** `Number` alone also takes hexadecimal, octal and binary ones, and `Infinity`. */
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** How much of a cell an error shows. */
const SHOWN_LENGTH = 40;

/** What is wrong with a file, by the parser's code. */
const FAULTS: Record<string, [what: string, advice: string]> = {
  CSV_RECORD_INCONSISTENT_FIELDS_LENGTH: [
    "not as many values as the header has",
    "put commas between values, and quotes around one that has a comma",
  ],
  INVALID_OPENING_QUOTE: [
    "a quote within a value",
    "put quotes around the value, and double those in it",
  ],
  CSV_INVALID_CLOSING_QUOTE: [
    "more after the quote that ends a value",
    "double a quote in a value",
  ],
  CSV_QUOTE_NOT_CLOSED: ["the file ends within quotes", "close them"],
};

/** A row, and the line of the file on which it ends. */
interface Row {
  record: string[];
  info: { lines: number };
}

/** What the parser throws; its own words may show whole cells. */
interface CsvError extends Error {
  code: string;
  lines?: number;
  column?: number;
}

/**
 * Reads a table. A column whose cells are all decimal numbers, or missing, is of numbers; any other
 * is of text, with each empty cell missing.
 *
 * @param file a CSV file
 * @throws {Error} when it cannot be read, is no CSV, or has two columns of one name; with line and column
 */
export async function readTable(file: string): Promise<Table> {
  const [header, rows] = await readRows(file);
  return Object.fromEntries(header.record.map((name, at) => {
    checkName(header, at, file);
    const cells = rows.map(({ record }) => record[at]!);
    const numbers = cells.map((cell) => isMissing(cell) ? null : toNumber(cell));
    const isText = numbers.some((number) => Number.isNaN(number));
    return [name, isText ? cells.map((cell) => cell === "" ? null : cell) : numbers];
  }));
}

/**
 * Reads one column of numbers.
 *
 * @param file a CSV file
 * @param name the column's name in the header
 * @returns its numbers, and how many rows have none
 * @throws {Error} when the file cannot be read, the column is not there or there twice, or a value
 * is no decimal number
 */
export async function readColumn(file: string, name: string): Promise<Column> {
  const [header, rows] = await readRows(file);
  const at = header.record.indexOf(name);
  if (at === -1) {
    const names = header.record.join(", ");
    throw new Error(`${file} has no column ${JSON.stringify(name)}; it has ${names}`);
  }
  checkName(header, at, file);
  const values: number[] = [];
  for (const { record, info } of rows) {
    const cell = record[at]!;
    if (isMissing(cell)) continue;
    const value = toNumber(cell);
    if (!Number.isFinite(value)) throw noNumber(cell, `line ${info.lines} of ${file}`, name);
    values.push(value);
  }
  return { values, missing: rows.length - values.length };
}

async function readRows(file: string): Promise<[header: Row, rows: Row[]]> {
  const text = await readText(file);
  let rows: Row[];
  try {
    rows = parseCsv(text, {
      info: true,
      skip_empty_lines: true,
      trim: true,
    }) as unknown as Row[];
  } catch (error) {
    const { code, lines, column = 0, message } = error as CsvError;
    const [what, advice] = FAULTS[code] ?? [code, "see RFC 4180"];
    // Of a row that is too short or too long, the first value that is missing or too many.
    const [, expected, got] = /expect (\d+), got (\d+)/.exec(message) ?? [];
    const at = expected === undefined ? column : Math.min(Number(expected), Number(got));
    throw new Error(
      `Cannot read ${file}: ${what}, in column ${at + 1} on line ${lines}; ${advice}`,
    );
  }
  const [header, ...rest] = rows;
  if (header !== undefined) return [header, rest];
  throw new Error(`${file} is empty: it is to begin with a header line`);
}

function checkName({ record, info }: Row, at: number, file: string): void {
  const same = record.findIndex((name, other) => other !== at && name === record[at]);
  if (same === -1) return;
  const [first, second] = [at, same].map((index) => index + 1).sort((one, other) => one - other);
  // Not the name: of a file without a header it is a cell.
  throw new Error(
    `${file} has one name for columns ${first} and ${second}, on line ${info.lines}: rename one of ` +
      `them, or begin the file with a header line`,
  );
}

function isMissing(cell: string): boolean {
  return MISSING.includes(cell.toLowerCase());
}

/** @returns NaN for what is no decimal number, or beyond all that can be held */
function toNumber(cell: string): number {
  const value = DECIMAL.test(cell) ? Number(cell) : NaN;
  return Number.isFinite(value) ? value : NaN;
}

function noNumber(cell: string, line: string, column: string): Error {
  return new Error(
    `Cannot take ${shown(cell)} for a number, in ${line}, column ${column}: write a decimal ` +
      `number such as -1.5, or NA when there is no value`,
  );
}

function shown(cell: string): string {
  return JSON.stringify(cell.slice(0, SHOWN_LENGTH));
}
