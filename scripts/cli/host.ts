/**
 * What the command line needs of the process that it runs in. Deno's own functions are used on Deno,
 * since loading its `node:process` and `node:fs` would nearly double the time to start.
 *
 * @module
 */

/** The process, as far as the command line needs it. */
export interface Host {
  /** The arguments after the script's name. */
  args: string[];
  /** Calls back for every SIGINT and SIGTERM, with the signal's name. @returns what ends that */
  onStop(callback: (signal: string) => void): () => void;
  /** The first line of standard input; undefined when it ends, or the signal aborts, without one. */
  readLine(signal: AbortSignal): Promise<string | undefined>;
  /** The text of a file. */
  readText(path: string): Promise<string>;
  /** Sets what the process will exit with, once nothing is left to do. */
  setExitCode(code: number): void;
  /** Ends the process at once. */
  exit(code: number): void;
}

/** The signals that end a party in good order. */
export const STOP_SIGNALS = ["SIGINT", "SIGTERM"] as const;
