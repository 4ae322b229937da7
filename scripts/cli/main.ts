/**
 * The command line from its arguments to its exit code.
 *
 * @module
 */

import { describeError, PartyError } from "../../lib/errors.ts";
import { EXIT, UsageError } from "./exit.ts";
import type { Host } from "./host.ts";
import { print } from "./print.ts";
import { printable } from "./printable.ts";
import { helpFor, runCommandLine } from "./program.ts";

/**
 * Runs what the arguments say, and tells a failure in one line.
 *
 * @param args the arguments after the script's name
 * @param host the process
 * @returns what the process is to exit with
 */
export async function main(args: readonly string[], host: Host): Promise<number> {
  try {
    await runCommandLine(args, host);
    return EXIT.done;
  } catch (error) {
    const isUsage = error instanceof UsageError;
    const code = isUsage ? EXIT.usage : host.stopped.aborted ? EXIT.stopped : EXIT.failed;
    const message = describeError(error);
    if (wantsJson(args)) print(true, { event: "error", ...viewOf(error), message }, "");
    const help = isUsage ? `; see ${helpFor(args)}` : "";
    console.error(`partyline: ${printable(message)}${help}`);
    return code;
  }
}

/** Who was used wrongly may not have got as far as to read its options. */
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return args.slice(0, end === -1 ? args.length : end).includes("--json");
}

function viewOf(error: unknown): { code: string; rank: number | null } {
  if (error instanceof PartyError) return { code: error.code, rank: error.rank ?? null };
  return { code: error instanceof UsageError ? "USAGE" : "FAILED", rank: null };
}
