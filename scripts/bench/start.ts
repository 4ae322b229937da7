/**
 * From the start of a process until it says that it listens.
 *
 * @module
 */

import { ScriptProcess } from "../processes.ts";
import { inTurns, time } from "./measure.ts";
import { type Row, row } from "./report.ts";
import { COMMAND } from "./site.ts";

/** The command line of this project, beside a program that has a bare server only. */
export async function startTime(name: string): Promise<Row[]> {
  const [partyline, bare] = await inTurns([
    () => startOf("scripts/party.ts", ["--port=0"]),
    () => startOf("scripts/bench/bare_main.ts", []),
  ]);
  return [row(name, "ms", partyline!, ["bare server", bare!])];
}

async function startOf(script: string, args: string[]): Promise<number> {
  let started: ScriptProcess | undefined;
  try {
    return await time(() => (started = new ScriptProcess(COMMAND, script, args)).line());
  } finally {
    started?.kill("SIGKILL");
    await started?.exited;
  }
}
