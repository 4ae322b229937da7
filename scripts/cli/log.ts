/**
 * The party's log on standard error: a line a record, for people or for machines.
 *
 * @module
 */

import process from "node:process";
import { describeError } from "../../lib/errors.ts";
import type { LogLevel, LogRecord, LogSink } from "../../lib/log.ts";
import { printable, printableJson } from "./printable.ts";

/** How records are written. */
export interface LogOptions {
  /** The least grave records that are written. @default {"info"} */
  level?: LogLevel;
  /** Takes each line. @default {standard error} */
  write?: (line: string) => void;
  /** Whether lines are coloured. @default {on a terminal, unless NO_COLOR is set} */
  colour?: boolean;
}

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];
/** As ANSI has them. */
const COLOURS: Record<LogLevel, number> = { debug: 90, info: 36, warn: 33, error: 31 };
const FAINT = 2;

/** @param form for people, for machines, or not at all */
export function logSink(
  { form, ...options }: LogOptions & { form: "pretty" | "json" | "none" },
): LogSink {
  if (form === "none") return () => {};
  return form === "json" ? jsonLines(options) : pretty(options);
}

/** One JSON object a record; `trace_id` is the same at all parties of a computation. */
export function jsonLines({ level = "info", write = toStderr }: LogOptions = {}): LogSink {
  return atLeast(level, ({ traceparent, fields, error, ...record }) => {
    const line = {
      ...record,
      trace_id: traceparent?.split("-")[1],
      traceparent,
      fields: plainFields(fields),
      error: error === undefined ? undefined : viewError(error, level),
    };
    write(printableJson(toJson(line)));
  });
}

/** One line a record, for people; with debug, and the stacks of errors below it. */
export function pretty(
  { level = "info", write = toStderr, colour = hasColour() }: LogOptions = {},
): LogSink {
  const paint = (code: number, text: string) => colour ? `\x1b[${code}m${text}\x1b[0m` : text;
  return atLeast(level, ({ level: own, time, message, fields, error, ...subject }) => {
    const { rank, session, computation } = subject;
    const about = [session, computation].filter((part) => part !== undefined).join("/");
    const told = error === undefined ? undefined : viewError(error, level);
    const parts = [
      paint(FAINT, time.slice(11, 23)),
      paint(COLOURS[own], own.padEnd(5)),
      rank === undefined ? "" : `rank ${rank}`,
      about,
      printable(message),
      ...Object.entries(plainFields(fields)).map(([name, value]) =>
        paint(FAINT, printable(`${name}=${typeof value === "string" ? value : toJson(value)}`))
      ),
      told === undefined ? "" : paint(COLOURS[own], printable(textOf(told))),
    ];
    write(parts.filter((part) => part !== "").join(" "));
    for (const line of told?.stack?.split("\n") ?? []) write(`  ${printable(line)}`);
  });
}

function atLeast(level: LogLevel, sink: LogSink): LogSink {
  const least = LEVELS.indexOf(level);
  return (record: LogRecord) => {
    if (LEVELS.indexOf(record.level) >= least) sink(record);
  };
}

/** A stack is shown only to who looks for a fault. */
function viewError(error: unknown, level: LogLevel) {
  const { code, stack } = Object(error) as { code?: unknown; stack?: unknown };
  return {
    code: typeof code === "string" ? code : undefined,
    message: describeError(error),
    stack: level === "debug" && typeof stack === "string" ? stack : undefined,
  };
}

function textOf({ code, message }: { code?: string; message: string }): string {
  return code === undefined ? message : `${message} (${code})`;
}

/** A program may log anything, also what JSON lacks. */
function plainFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      isPlain(value) ? value : "(not plain data)",
    ]),
  );
}

function isPlain(value: unknown): boolean {
  try {
    return toJson(value) !== undefined;
  } catch {
    return false;
  }
}

function toJson(value: unknown): string {
  return JSON.stringify(value, (_, part) => typeof part === "bigint" ? String(part) : part);
}

function toStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}

function hasColour(): boolean {
  return process.stderr.isTTY === true && !process.env.NO_COLOR;
}
