/**
 * The figures, what they are compared with, and how they are printed.
 *
 * @module
 */

import { OWN_RUNTIME } from "../processes.ts";

/** What a ratio should be. */
export interface Target {
  /** Whether it should not be above the limit, or not below. */
  should: "at most" | "at least";
  /** The limit. */
  limit: number;
}

/** What a figure is held against. */
export interface Yardstick {
  /** What was measured, or set. */
  name: string;
  /** Its figure, in the row's unit. */
  figure: number;
  /** This project's figure, divided by that. */
  ratio: number;
  /** What the ratio should be; without it, the ratio is only for information. */
  target?: Target;
  /** Whether it is. */
  reached?: boolean;
}

/** One figure of this project. */
export interface Row {
  /** What was measured. */
  name: string;
  /** Of the figure, such as `ms`. */
  unit: string;
  /** This project's figure. */
  partyline: number;
  /** What it is held against. */
  yardsticks: Yardstick[];
}

/** A measurement: one or more rows, whose names begin with its own. */
export interface Benchmark {
  /** What `--only` looks at. */
  name: string;
  /** Measures. */
  run: () => Promise<Row[]>;
}

/** A target of Node, and of Deno: the same, unless it is told; null where there is none. */
export function target(
  should: Target["should"],
  node: number,
  deno: number | null = node,
): Target | undefined {
  const limit = OWN_RUNTIME === "node" ? node : deno;
  return limit === null ? undefined : { should, limit };
}

/**
 * Makes a row.
 *
 * @param yardsticks each a name, its figure and, where there is one, the target
 */
export function row(
  name: string,
  unit: string,
  partyline: number,
  ...yardsticks: [name: string, figure: number, target?: Target][]
): Row {
  return {
    name,
    unit,
    partyline,
    yardsticks: yardsticks.map(([name, figure, target]) => {
      const ratio = partyline / figure;
      if (target === undefined) return { name, figure, ratio };
      const { should, limit } = target;
      return { name, figure, ratio, target, reached: reaches(ratio, should, limit) };
    }),
  };
}

function reaches(ratio: number, should: Target["should"], limit: number): boolean {
  return should === "at most" ? ratio <= limit : ratio >= limit;
}

const HEADINGS = ["figure", "unit", "partyline", "against", "its figure", "ratio", "target", ""];
/** The columns that hold numbers, which end at the right. */
const NUMBERS = new Set([2, 4, 5]);

/** The rows as text, one line for each yardstick. */
export function table(rows: Row[]): string {
  const lines = [HEADINGS];
  for (const { name, unit, partyline, yardsticks } of rows) {
    const figure = [name, unit, round(partyline)];
    if (yardsticks.length === 0) lines.push([...figure, "", "", "", "", ""]);
    for (const [at, yardstick] of yardsticks.entries()) {
      const { target, reached } = yardstick;
      lines.push([
        ...at === 0 ? figure : ["", "", ""],
        yardstick.name,
        round(yardstick.figure),
        `${round(yardstick.ratio, 3)}x`,
        target === undefined ? "" : `${target.should} ${target.limit}x`,
        reached === undefined ? "" : reached ? "reached" : "missed",
      ]);
    }
  }
  const widths = HEADINGS.map((_, at) => Math.max(...lines.map((line) => line[at]!.length)));
  const rule = widths.map((width) => "-".repeat(width));
  return [lines[0]!, rule, ...lines.slice(1)].map((line) =>
    line.map((cell, at) => NUMBERS.has(at) ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!))
      .join("  ").trimEnd()
  ).join("\n");
}

/** As many digits as mean something, and never an exponent. */
function round(value: number, digits = 4): string {
  return String(Math.abs(value) >= 10 ** digits ? Math.round(value) : +value.toPrecision(digits));
}
