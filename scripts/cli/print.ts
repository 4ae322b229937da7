/**
 * Printing, for people or for a machine.
 *
 * @module
 */

import process from "node:process";
import { encodeJson } from "../../lib/wire/json.ts";
import { printable, printableJson } from "./printable.ts";

/** The narrowest that a table is made for. */
const MIN_WIDTH = 60;
const DEFAULT_WIDTH = 80;
/** A column that is not the last takes no more. */
const MAX_CELL_WIDTH = 40;
/** The last column is left as much, if it needs it. */
const MIN_LAST_WIDTH = 24;
const GAP = "  ";

/**
 * Prints one line: for a machine, a JSON object; values that JSON lacks are written as over HTTP.
 *
 * @param json whether it is for a machine
 * @param event what a machine is told
 * @param text what people are told; what is not this program's own goes through `printable` before
 */
export function print(json: boolean | undefined, event: object, text: string): void {
  console.log(json ? lineOf(event) : text);
}

/** What a machine is told, as one line of JSON. */
export function lineOf(event: object): string {
  return printableJson(encodeJson(event));
}

/** How many columns the terminal has; 80 where there is none. */
export function terminalWidth(): number {
  return Math.max(MIN_WIDTH, process.stdout.columns || DEFAULT_WIDTH);
}

/** Whether standard output shows colours. */
export function hasColours(stream: { isTTY?: boolean } = process.stdout): boolean {
  return stream.isTTY === true && !process.env["NO_COLOR"];
}

/** ANSI colours that can be told apart, on light and on dark. */
export const COLOURS = { green: 32, yellow: 33, red: 31, cyan: 36, magenta: 35, blue: 34 } as const;

/** Colours a text, where colours show. */
export function paint(text: string, colour: number, on: boolean = hasColours()): string {
  return on ? `\x1b[${colour}m${text}\x1b[0m` : text;
}

/**
 * Lays out a table: the last column is wrapped at words, so that no line is longer than the width;
 * longer cells of the others are cut, and none controls the terminal.
 *
 * @param head the titles
 * @param rows the cells, as many in each as there are titles
 * @param style colours a cell, once its width is settled
 * @param width how many columns there are
 * @returns the lines
 */
export function layOut(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  style: (cell: string) => string = (cell) => cell,
  width: number = terminalWidth(),
): string[] {
  const all = [head, ...rows].map((cells) =>
    cells.map((cell) => printable(cell.replaceAll(/\s+/g, " ")))
  );
  const last = head.length - 1;
  const widths = head.map((_, at) => Math.max(...all.map((cells) => cells[at]!.length)));
  const caps = fit(widths.slice(0, last), width - Math.min(widths[last]!, MIN_LAST_WIDTH));
  const indent = caps.reduce((total, cap) => total + cap + GAP.length, 0);
  return all.flatMap((cells) => {
    const start = caps.map((cap, at) => style(cut(cells[at]!, cap).padEnd(cap)) + GAP).join("");
    const [first = "", ...rest] = wrap(cells[last]!, Math.max(MIN_LAST_WIDTH, width - indent));
    return [(start + first).trimEnd(), ...rest.map((line) => " ".repeat(indent) + line)];
  });
}

/** Makes the widest columns narrower, until all fit. */
function fit(widths: readonly number[], room: number): number[] {
  const caps = widths.map((width) => Math.min(width, MAX_CELL_WIDTH));
  const total = () => caps.reduce((sum, cap) => sum + cap + GAP.length, 0);
  while (total() > room && Math.max(...caps) > 6) caps[caps.indexOf(Math.max(...caps))]!--;
  return caps;
}

/** Cuts a text in its middle: what tells names and URLs apart is mostly at their ends. */
function cut(text: string, width: number): string {
  if (text.length <= width) return text;
  const end = Math.floor((width - 1) / 2);
  return `${text.slice(0, width - 1 - end)}…${text.slice(text.length - end)}`;
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (let word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = "";
    }
    for (; word.length > width; word = word.slice(width)) lines.push(word.slice(0, width));
    line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
