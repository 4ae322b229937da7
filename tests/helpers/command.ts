/**
 * Running a command to its end.
 *
 * @module
 */

import { spawn } from "node:child_process";
import process from "node:process";

/** How a command ended. */
export interface CommandResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** How to run a command. */
export interface CommandOptions {
  /** The folder to run it in. */
  cwd?: string;
  /** Variables besides this process's own. */
  env?: Record<string, string>;
  /** What it reads from standard input, before its end. */
  input?: string;
}

/**
 * @param command the program and its arguments
 * @returns what it printed, and its exit code
 */
export function runCommand(
  [program, ...args]: string[],
  { cwd, env, input = "" }: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program!, args, {
      cwd,
      env: { ...process.env, NO_COLOR: "1", ...env },
    });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => stdout += text);
    child.stderr.setEncoding("utf8").on("data", (text: string) => stderr += text);
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
    child.stdin.on("error", () => {}); // it may end without reading
    child.stdin.end(input);
  });
}
