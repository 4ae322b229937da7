/**
 * Programs of the operator's own, from files.
 *
 * @module
 */

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { describeError } from "../../lib/errors.ts";
import { BUILTIN_PROGRAMS } from "../../lib/programs/builtin.ts";
import type { Program } from "../../lib/programs/program.ts";

/**
 * @param files modules whose default export is a program, or an array of them
 * @returns the built-in programs and those of the files
 * @throws {Error} when a file cannot be loaded, exports something else, or a name is there twice
 */
export async function loadPrograms(files: readonly string[] = []): Promise<Program[]> {
  const programs = [...BUILTIN_PROGRAMS];
  for (const file of files) {
    for (const program of await loadFile(file)) {
      if (programs.some(({ name }) => name === program.name)) {
        throw new Error(
          `Cannot load ${file}: there is a program ${program.name} already; rename this one`,
        );
      }
      programs.push(program);
    }
  }
  return programs;
}

async function loadFile(file: string): Promise<Program[]> {
  let exported: { default?: unknown };
  try {
    exported = await import(pathToFileURL(resolve(file)).href);
  } catch (cause) {
    throw new Error(`Cannot load ${file}: ${adviceFor(cause, file)}`);
  }
  const given = exported.default;
  const programs = Array.isArray(given) ? given : [given];
  if (programs.length > 0 && programs.every(isProgram)) return programs;
  throw new Error(
    `Cannot load ${file}: its default export is to be a program, or an array of them; write ` +
      `export default defineProgram({ ... })`,
  );
}

function adviceFor(cause: unknown, file: string): string {
  const { code } = Object(cause) as { code?: string };
  if (code === "ERR_UNKNOWN_FILE_EXTENSION" && file.endsWith("ts")) {
    return "this Node does not read TypeScript; npm install tsx, and set NODE_OPTIONS to " +
      '"--import tsx", or give a .js file';
  }
  return describeError(cause);
}

function isProgram(value: unknown): value is Program {
  const { name, version, run, inputs, outputs } = Object(value) as Partial<Program>;
  return typeof name === "string" && typeof version === "string" && typeof run === "function" &&
    typeof inputs === "object" && typeof outputs === "object";
}
