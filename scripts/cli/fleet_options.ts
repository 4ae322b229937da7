/**
 * What every command may be told that reaches the parties.
 *
 * @module
 */

import { type Command, Option } from "./commander.ts";
import { type TlsFileOptions, withTls } from "./tls_files.ts";

/** Where the list of the parties is when nothing else is said. */
export const DEFAULT_CONFIG = "parties.json";
/** The variable of the environment that names the operator's key file. */
export const OPERATOR_KEY_VARIABLE = "PARTYLINE_OPERATOR_KEY";

/** The options. */
export interface FleetOptions extends TlsFileOptions {
  /** The file that lists the parties. */
  config: string;
  /** The operator's key file, where the parties have keys. */
  operatorKey?: string;
  /** Print for a machine. */
  json?: boolean;
}

/** Adds the options of {@linkcode FleetOptions}. */
export function withFleet(command: Command): Command {
  const operatorKey = new Option(
    "--operator-key <file>",
    "your key, to sign requests where the list has keys",
  );
  command
    .option("--config <file>", "the file that lists the parties", DEFAULT_CONFIG)
    .addOption(operatorKey.env(OPERATOR_KEY_VARIABLE));
  return withTls(command, "to show to parties that ask for one")
    .option("--json", "print one JSON object a line");
}
