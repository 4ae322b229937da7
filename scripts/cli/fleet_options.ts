/**
 * What every command may be told that reaches the parties.
 *
 * @module
 */

import type { Command } from "./commander.ts";

/** Where the list of the parties is when nothing else is said. */
export const DEFAULT_CONFIG = "parties.json";

/** The options. */
export interface FleetOptions {
  /** The file that lists the parties. */
  config: string;
  /** Print for a machine. */
  json?: boolean;
}

/** Adds the options of {@linkcode FleetOptions}. */
export function withFleet(command: Command): Command {
  return command
    .option("--config <file>", "the file that lists the parties", DEFAULT_CONFIG)
    .option("--json", "print one JSON object a line");
}
