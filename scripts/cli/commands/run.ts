/**
 * `partyline run`: has all parties run a program, and prints what comes out.
 *
 * @module
 */

import { Command } from "../commander.ts";
import { withFleet } from "../fleet_options.ts";
import type { Host } from "../host.ts";
import { assignment, name, parameter, rankFile, wholeNumber } from "../values.ts";
import type { RunOptions } from "../drive.ts";

const EXAMPLE = `
Inputs are values of the session, as --put leaves there, or private data of the
parties, as serve --data has it; one that no --input names is the value of its
own name. Without --session, a session is made for the run, and closed after it;
with it, it stays, and a later run finds its values, and needs new names for its
outputs.

Outputs that are the same at all parties are printed once, others for each rank.
--json prints lines of {"event":"progress", ...}, then one of
{"event":"result", "outputs": {"NAME": [{"ranks": [0, 1], "value": ...}]}, ...}.
Ctrl-C cancels the computation at all parties, and ends with 130.

Examples:
  partyline run hello
  partyline run mean --param column=age
  partyline run mean --param column=age --session study \\
    --output moments=moments-$(date +%s)
  partyline run sum --put 0:values=a.json --put 1:values=b.json`;

/** {@inheritDoc CommandFile.command} */
export function command(host: Host): Command {
  return withFleet(new Command("run"))
    .description("run a program at all parties, show its progress, and print its outputs")
    .argument("<program>", "the program's name; partyline programs lists them", name)
    .option("--input <name=symbol>", "which value an input is (repeatable)", assignment("SYMBOL"))
    .option("--param <name=value>", "what it is asked for; JSON or text (repeatable)", parameter)
    .option(
      "--output <name=symbol>",
      "which value an output becomes (repeatable)",
      assignment("SYMBOL"),
    )
    .option(
      "--put <rank:name=file>",
      "give one party the value of a CSV or JSON file first (repeatable)",
      rankFile,
    )
    .option("--session <name>", "run in this session; made when it is not there", name)
    .option("--timeout-ms <number>", "cancel it after that long", wholeNumber(1, 2 ** 31 - 1))
    .addHelpText("after", EXAMPLE)
    .action(async (program: string, options: RunOptions) => {
      const { drive } = await import("../drive.ts");
      await drive(program, options, host);
    });
}
