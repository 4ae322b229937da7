/**
 * Starting this project's scripts in processes of their own, on either runtime.
 *
 * @module
 */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import process from "node:process";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";

/** What runs TypeScript here. */
export type Runtime = "node" | "deno";

/** The checkout's folder, with a slash at its end. */
export const ROOT: string = fileURLToPath(new URL("../", import.meta.url));

const TSX = `${ROOT}node_modules/tsx/dist/loader.mjs`;
const DENO_FROM_NPM = `${ROOT}node_modules/.bin/deno`;

/** Which runtime this process runs on. */
export const OWN_RUNTIME: Runtime = "Deno" in globalThis ? "deno" : "node";

/** The commands that run a script, for each runtime that this machine has. */
export function findRuntimes(): Map<Runtime, string[]> {
  const found = new Map<Runtime, string[]>();
  const node = OWN_RUNTIME === "node" ? process.execPath : "node";
  if (existsSync(TSX) && prints(node, ["--version"])) found.set("node", [node, "--import", TSX]);
  const deno = OWN_RUNTIME === "deno" ? process.execPath : denoBinary();
  if (deno !== undefined) found.set("deno", [deno, "run", "-A"]);
  return found;
}

/** @returns the command of a process that may collect its garbage when it is told to, by `gc()` */
export function withGc([program, ...options]: string[]): string[] {
  return /deno[^/\\]*$/.test(program!)
    ? [program!, ...options, "--v8-flags=--expose-gc"]
    : [program!, "--expose-gc", ...options];
}

/** Deno itself, behind the launcher that its npm package puts before it: signals must reach it. */
function denoBinary(): string | undefined {
  const launchers = [DENO_FROM_NPM, "deno"];
  const print = ["eval", "console.log(Deno.execPath())"];
  return launchers.map((launcher) => prints(launcher, print)).find((path) => path !== undefined);
}

function prints(command: string, args: string[]): string | undefined {
  try {
    return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
      .trim();
  } catch {
    return undefined;
  }
}

/** A script that runs in a process of its own, and talks in lines. */
export class ScriptProcess {
  /** The process. */
  readonly child: ChildProcess;
  /** Its exit code, once it has ended; null when a signal ended it. */
  readonly exited: Promise<number | null>;
  /** Where it listens, once {@linkcode startParties} knows. */
  url = "";
  /** All that it has written to standard error. */
  stderr = "";
  readonly #lines: Interface;
  readonly #iterator: AsyncIterableIterator<string>;

  /**
   * @param command the runtime's command, of {@linkcode findRuntimes}
   * @param script the script's path, from the checkout's folder
   * @param args its arguments
   */
  constructor(command: string[], script: string, args: string[] = []) {
    const [program, ...options] = command;
    this.child = spawn(program!, [...options, `${ROOT}${script}`, ...args], { cwd: ROOT });
    this.child.stderr!.setEncoding("utf8").on("data", (text: string) => this.stderr += text);
    this.exited = new Promise((resolve) => this.child.once("close", resolve));
    this.#lines = createInterface({ input: this.child.stdout! });
    this.#iterator = this.#lines[Symbol.asyncIterator]() as AsyncIterableIterator<string>;
  }

  /** The next line of its output. @throws {Error} when it ends without one */
  async line(): Promise<string> {
    const { value, done } = await this.#iterator.next();
    if (!done) return value;
    throw new Error(`The process ended with ${await this.exited}: ${this.stderr.trim()}`);
  }

  /** Sends it a signal; nothing happens when it has ended. */
  kill(signal: "SIGINT" | "SIGTERM" | "SIGKILL"): void {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    // Not child.kill(): Deno's then gives the signal as the outcome, whatever the outcome is.
    process.kill(this.child.pid!, signal);
  }

  /** Writes one line to its standard input. */
  write(line: string): void {
    this.child.stdin!.write(`${line}\n`);
  }
}

/**
 * Starts one party a command, each on a free port; tells each all URLs once all of them listen.
 *
 * @param commands the runtime's command for each rank
 * @param args the arguments of each rank, besides its rank, port and endpoints
 * @returns the processes, by rank; each has said that it listens
 */
export async function startParties(
  commands: string[][],
  args: (rank: number) => string[],
): Promise<ScriptProcess[]> {
  const parties = commands.map((command, rank) =>
    new ScriptProcess(command, "scripts/party.ts", [
      `--rank=${rank}`,
      "--port=0",
      "--endpoints=-",
      "--json",
      ...args(rank),
    ])
  );
  await Promise.all(parties.map(async (party) => party.url = JSON.parse(await party.line()).url));
  const endpoints = parties.map((party) => party.url).join(",");
  for (const party of parties) party.write(endpoints);
  return parties;
}
