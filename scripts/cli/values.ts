/**
 * What option values may be, checked as they are read.
 *
 * @module
 */

import { NAME_PATTERN } from "../../lib/names.ts";
import { describeError } from "../../lib/errors.ts";
import { decodeJson } from "../../lib/wire/json.ts";
import { InvalidArgumentError } from "./commander.ts";

/** Something that goes to one party: a name, and a file. */
export interface RankFile {
  /** The party's rank. */
  rank: number;
  /** The name that the file's value gets there. */
  name: string;
  /** The file's path. */
  file: string;
}

/** Takes a whole number within bounds. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Use a whole number from ${min} to ${max}.`);
  };
}

/** Takes one of some words. */
export function oneOf<Word extends string>(...words: Word[]): (text: string) => Word {
  return (text) => {
    if (words.includes(text as Word)) return text as Word;
    throw new InvalidArgumentError(`Use one of ${words.join(", ")}.`);
  };
}

/** Takes a name, as of a session or a symbol. */
export function name(text: string): string {
  if (NAME_PATTERN.test(text)) return text;
  throw new InvalidArgumentError(
    "Use 1 to 128 letters, digits, '.', '_' or '-', but not '.' or '..'.",
  );
}

/** Collects an option that may be given several times. */
export function repeated(text: string, before: string[] = []): string[] {
  return [...before, text];
}

/** Collects `NAME=TEXT`. @param form what the text is, in a word */
export function assignment(form: string) {
  return (text: string, before: Record<string, string> = {}): Record<string, string> => {
    const [key, value] = pair(text, `NAME=${form}`);
    if (Object.hasOwn(before, key)) throw new InvalidArgumentError(`${key} is there already.`);
    return { ...before, [key]: value };
  };
}

/** Collects `NAME=VALUE` whose values are JSON where they can be, and text otherwise. */
export function parameter(
  text: string,
  before: Record<string, unknown> = {},
): Record<string, unknown> {
  const [key, value] = pair(text, "NAME=VALUE");
  if (Object.hasOwn(before, key)) throw new InvalidArgumentError(`${key} is there already.`);
  return { ...before, [key]: jsonOrText(value) };
}

/** Collects `RANK:NAME=FILE`. */
export function rankFile(text: string, before: RankFile[] = []): RankFile[] {
  const form = "RANK:NAME=FILE";
  const [, rank, rest] = /^(\d{1,4}):(.*)$/s.exec(text) ?? [];
  if (rest === undefined) throw new InvalidArgumentError(`Write ${form}.`);
  const [key, file] = pair(rest, form);
  const given = { rank: Number(rank), name: key, file };
  if (before.some((other) => other.rank === given.rank && other.name === key)) {
    throw new InvalidArgumentError(`${key} of rank ${given.rank} is there already.`);
  }
  return [...before, given];
}

function pair(text: string, form: string): [name: string, rest: string] {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError(`Write ${form}.`);
  return [name(text.slice(0, at)), text.slice(at + 1)];
}

function jsonOrText(text: string): unknown {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  try {
    return decodeJson(text);
  } catch (error) {
    throw new InvalidArgumentError(describeError(error)); // such as a number that would be rounded
  }
}
