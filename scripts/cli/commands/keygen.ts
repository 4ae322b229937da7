/**
 * `partyline keygen`: a key pair for a party or an operator.
 *
 * @module
 */

import { Command } from "../commander.ts";
import { UsageError } from "../exit.ts";
import { name, oneOf } from "../values.ts";
import type { KeygenOptions } from "../keygen.ts";

const EXAMPLE = `
The file has both keys: it is for its owner alone, and stays on the machine that
uses it. What is printed is for parties.json, which lists the parties by rank,
and the operators who may drive them; it is the same file at every party:
  {"parties": [{"id": ..., "url": ..., "public_key": ...}, ...],
   "operators": [{"id": ..., "public_key": ..., "allow": [...]}, ...]}
A party's key is for X25519, an operator's for Ed25519, both in Base64url. A
file that is there already is left as it is.

Examples:
  partyline keygen --id hospital-a --out hospital-a.key.json \\
    --url https://a.example
  partyline keygen --kind operator --id alice --out alice.key.json`;

/** {@inheritDoc CommandFile.command} */
export function command(): Command {
  return new Command("keygen")
    .description("make a key pair, and print what parties.json is to have of it")
    .requiredOption("--id <name>", "who it is for, as parties.json is to have it", name)
    .requiredOption("--out <file>", "where to write both keys")
    .option(
      "--kind <kind>",
      "party, which runs programs, or operator, who drives parties",
      oneOf("party", "operator"),
      "party",
    )
    .option("--url <url>", "where the others reach the party")
    .option("--json", "print nothing but that one line of JSON")
    .addHelpText("after", EXAMPLE)
    .action(async (options: KeygenOptions) => {
      if (options.kind === "operator" && options.url !== undefined) {
        throw new UsageError("--url is of a party: operators have none");
      }
      const { makeKey } = await import("../keygen.ts");
      await makeKey(options);
    });
}
