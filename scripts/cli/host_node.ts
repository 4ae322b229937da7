/**
 * The process on Node.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import process from "node:process";
import { createInterface } from "node:readline";
import { type Host, STOP_SIGNALS } from "./host.ts";

/** {@inheritDoc Host} */
export const host: Host = {
  args: process.argv.slice(2),
  onStop: (callback) => {
    for (const signal of STOP_SIGNALS) process.on(signal, callback);
    return () => {
      for (const signal of STOP_SIGNALS) process.off(signal, callback);
    };
  },
  readLine: async (signal) => {
    const lines = createInterface({ input: process.stdin, signal });
    for await (const line of lines) {
      lines.close();
      process.stdin.destroy(); // else it keeps the process alive
      return line;
    }
  },
  readText: (path) => readFile(path, "utf8"),
  setExitCode: (code) => {
    process.exitCode = code;
  },
  exit: (code) => process.exit(code),
};
