/**
 * A party in a process of its own, on the runtime that runs this one.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** How a process ended: by itself with a code, or by a signal. */
export interface ProcessEnd {
  code: number | null;
  signal: string | null;
}

const SCRIPT = new URL("../party", import.meta.url);

/** The command line itself; as a file of the npm package it is JavaScript. */
function ownCommand(): string[] {
  const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
  const url = SCRIPT.href + extension;
  const script = url.startsWith("file:") ? fileURLToPath(url) : url;
  return "Deno" in globalThis
    ? [process.execPath, "run", "-A", script]
    : [process.execPath, ...process.execArgv, script];
}

/** One party; it is started at once. */
export class PartyProcess {
  /** Its URL, once it listens; never when it ends before. */
  readonly listening: Promise<string>;
  /** How it ended. */
  readonly ended: Promise<ProcessEnd>;
  readonly #child: ChildProcess;
  #hasEnded = false;

  /**
   * @param args the arguments of `serve`, with `--json`
   * @param onLine takes each line that it prints, but the one that says that it listens
   */
  constructor(args: string[], onLine: (text: string, stream: "stdout" | "stderr") => void) {
    const [program, ...options] = ownCommand();
    this.#child = spawn(program!, [...options, "serve", ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const { stdout, stderr } = this.#child;
    this.listening = new Promise((resolve) => {
      createInterface({ input: stdout! }).on("line", (text) => {
        const url = listeningUrl(text);
        if (url === undefined) onLine(text, "stdout");
        else resolve(url);
      });
    });
    createInterface({ input: stderr! }).on("line", (text) => onLine(text, "stderr"));
    this.ended = new Promise((resolve) => {
      const end = (code: number | null, signal: string | null) => {
        this.#hasEnded = true;
        resolve({ code, signal });
      };
      this.#child.once("close", end);
      this.#child.once("error", () => end(127, null));
    });
  }

  /** The process's id; undefined when it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Asks it to end; it tells the other parties first. */
  stop(): void {
    if (this.#hasEnded || this.#child.pid === undefined) return;
    try {
      // Not child.kill(): Deno's then gives the signal as the outcome, whatever the outcome is.
      process.kill(this.#child.pid, "SIGTERM");
    } catch {
      // It has ended meanwhile.
    }
  }
}

function listeningUrl(text: string): string | undefined {
  try {
    const { event, url } = JSON.parse(text) as { event?: string; url?: string };
    return event === "listening" ? url : undefined;
  } catch {
    return undefined;
  }
}
