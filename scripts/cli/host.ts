/**
 * What the command line needs of the process that it runs in, the same on Node and on Deno.
 *
 * @module
 */

import process from "node:process";
import { EXIT } from "./exit.ts";

/** The signals that end a command in good order. */
const STOP_SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** The process, as a command sees it. */
export interface Host {
  /** Aborts when the process is asked to end; the reason is an error that says by which signal. */
  readonly stopped: AbortSignal;
}

/**
 * Watches for signals. The same one twice ends the process at once; a launcher may pass on one that
 * the terminal has sent to all, so that another one does not.
 *
 * @param reason makes the reason of the abort, of the signal's name
 * @returns the process
 */
export function openHost(reason: (signal: string) => Error): Host & Disposable {
  const stop = new AbortController();
  const seen = new Set<string>();
  const onSignal = (signal: string) => {
    if (seen.has(signal)) process.exit(EXIT.stopped);
    seen.add(signal);
    stop.abort(reason(signal));
  };
  for (const signal of STOP_SIGNALS) process.on(signal, onSignal);
  return {
    stopped: stop.signal,
    [Symbol.dispose]: () => {
      for (const signal of STOP_SIGNALS) process.off(signal, onSignal);
    },
  };
}

/** The first line of standard input; undefined when it ends, or the signal aborts, without one. */
export async function readLine(signal: AbortSignal): Promise<string | undefined> {
  const { createInterface } = await import("node:readline");
  const lines = createInterface({ input: process.stdin, signal });
  try {
    for await (const line of lines) return line;
  } finally {
    lines.close();
    process.stdin.destroy(); // else it keeps the process alive
  }
}

/** Resolves once the signal aborts. */
export async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}
