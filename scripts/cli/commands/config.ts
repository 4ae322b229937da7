/**
 * `partyline config`: what `parties.json` says, and whether all have the same.
 *
 * @module
 */

import { Command } from "../commander.ts";
import { DEFAULT_CONFIG } from "../fleet_options.ts";
import { oneOf } from "../values.ts";

const EXAMPLE = `
check reads the file as every party does, tells the first thing that is wrong
with it, or who is in it, and its fingerprint:
  {"parties": [{"id": ..., "url": ..., "public_key": ...}, ...],
   "operators": [{"id": ..., "public_key": ..., "allow": [...]}, ...]}
Parties stand in the order of their ranks. allow has some of read, run and
admin. Keys are those that partyline keygen printed; a file without any is for
trying things on one machine.

The fingerprint is the same for the same ids, URLs, keys and rights in the same
order, whatever the file looks like. Before the first run, let one read it to
the others over the phone, and all compare: then all have the same keys. It has
160 bits of SHA-256, so that nobody can make two lists with the same one.

Ends with 1 when something is wrong with the file.

Example:
  partyline config check parties.json`;

/** {@inheritDoc CommandFile.command} */
export function command(): Command {
  return new Command("config")
    .description("check the list of the parties, and print its fingerprint")
    .argument("<what>", "what to do: check", oneOf("check"))
    .argument("[file]", "the list", DEFAULT_CONFIG)
    .option("--json", "print one JSON object a line")
    .addHelpText("after", EXAMPLE)
    .action(async (_what: "check", file: string, { json }: { json?: boolean }) => {
      const { showConfig } = await import("../show_config.ts");
      await showConfig(file, json);
    });
}
