/**
 * Parties that `partyline up` runs, and commands that reach them.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { findRuntimes, OWN_RUNTIME, ROOT, ScriptProcess } from "../../scripts/processes.ts";
import { type CommandResult, runCommand } from "./command.ts";
import { partyline } from "./command_line.ts";

const RUNTIME = findRuntimes().get(OWN_RUNTIME)!;

/** Runs the command line in a process of its own, on this runtime, in a folder. */
export function partylineIn(cwd: string, ...args: string[]): Promise<CommandResult> {
  const env = { TSX_TSCONFIG_PATH: `${ROOT}tsconfig.json` };
  return runCommand([...RUNTIME, `${ROOT}scripts/party.ts`, ...args], { cwd, env });
}

/** Runs it in this process with `--json`; what it printed is parsed, line by line. */
export async function partylineJson(...args: string[]) {
  const { code, stdout, stderr } = await partyline(...args, "--json");
  const lines = stdout.trim().split("\n").filter((line) => line !== "");
  return { code, stderr, lines: lines.map((line) => JSON.parse(line)) };
}

/** The command line in a process that goes on. */
export function startPartyline(...args: string[]): ScriptProcess {
  return new ScriptProcess(RUNTIME, "scripts/party.ts", args);
}

/** What `up` tells once all parties listen. */
export interface Cluster {
  up: ScriptProcess;
  /** The file that lists the parties. */
  config: string;
  urls: string[];
  /** The parties' processes. */
  pids: number[];
}

/** Starts parties on free ports. @param config where to list them */
export async function startCluster(config: string, ...args: string[]): Promise<Cluster> {
  const up = startPartyline("up", "--port=0", "--json", `--write-config=${config}`, ...args);
  for (;;) {
    const event = JSON.parse(await up.line());
    if (event.event !== "up") continue;
    const { parties } = JSON.parse(await readFile(config, "utf8"));
    return { up, config, urls: parties.map(({ url }: { url: string }) => url), pids: event.pids };
  }
}
