/**
 * The command line in this process: a process of its own takes half a second to start on Node.
 *
 * @module
 */

import process from "node:process";
import { main } from "../../scripts/cli/main.ts";
import type { CommandResult } from "./command.ts";

/** Output is taken from the whole process, so that one command runs after the other. */
let last: Promise<unknown> = Promise.resolve();

/** Runs the command line to its end, as it runs in a process without a terminal. */
export function partyline(...args: string[]): Promise<CommandResult> {
  const run = last.then(() => captured(args));
  last = run.catch(() => {});
  return run;
}

async function captured(args: readonly string[]): Promise<CommandResult> {
  const result: CommandResult = { code: null, stdout: "", stderr: "" };
  const restore = [
    replace(console, "log", (text: string) => void (result.stdout += `${text}\n`)),
    replace(console, "error", (text: string) => void (result.stderr += `${text}\n`)),
    replace(process.stderr, "write", (text: string) => {
      result.stderr += text;
      return true;
    }),
    replace(process.stderr, "isTTY", false),
    replace(process.stdout, "isTTY", false),
  ];
  try {
    result.code = await main(args, { stopped: new AbortController().signal });
  } finally {
    for (const back of restore) back();
  }
  return result;
}

/** Puts another value in the place of a property. @returns undoes it */
function replace(target: object, key: string, value: unknown): () => void {
  const own = Object.getOwnPropertyDescriptor(target, key);
  Object.defineProperty(target, key, { value, configurable: true, writable: true });
  return () => {
    if (own === undefined) delete (target as Record<string, unknown>)[key];
    else Object.defineProperty(target, key, own);
  };
}
