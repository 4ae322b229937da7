/**
 * `partyline up`: parties on this machine, each in a process of its own, to try things on.
 *
 * @module
 */

import { Command } from "../commander.ts";
import { UsageError } from "../exit.ts";
import { DEFAULT_CONFIG } from "../fleet_options.ts";
import type { Host } from "../host.ts";
import { oneOf, rankFile, repeated, wholeNumber } from "../values.ts";
import type { UpOptions } from "../cluster.ts";

const EXAMPLE = `
The parties' lines carry their ranks. Ctrl-C ends all of them, and the command
with 0. When one party ends by itself, its exit code is told, the others are
ended, and the command ends with 1.

The list of the parties goes to ${DEFAULT_CONFIG}, where the other commands look
for it. A file that lists others is not overwritten unless --write-config names
it.

Example:
  partyline up --parties 2 --data 0:table=a.csv --data 1:table=b.csv
  partyline run mean --param column=age       (in another terminal)

What follows -- goes to each party's serve:
  partyline up --parties 2 -- --log-level debug --timeout-ms 5000`;

/** {@inheritDoc CommandFile.command} */
export function command(host: Host): Command {
  return new Command("up")
    .description("start parties on this machine, each in a process of its own")
    .argument("[options...]", "after --: options for each party's serve")
    .option("--parties <number>", "how many", wholeNumber(1, 64), 3)
    .option(
      "--port <number>",
      "the port of rank 0, the others follow; 0 picks free ones",
      wholeNumber(0, 65_535),
      8000,
    )
    .option("--program <file>", "a module with programs of your own (repeatable)", repeated)
    .option("--data <rank:name=file>", "private data of one party (repeatable)", rankFile)
    .option("--write-config <file>", `where to list the parties (default: ${DEFAULT_CONFIG})`)
    .option(
      "--log <form>",
      "how the parties log: pretty, json or none",
      oneOf("pretty", "json", "none"),
      "pretty",
    )
    .option("--json", "print one JSON object a line")
    .addHelpText("after", EXAMPLE)
    .action(async (extra: string[], options: UpOptions) => {
      const { parties, port } = options;
      const stray = options.data?.find(({ rank }) => rank >= parties);
      if (stray !== undefined) {
        throw new UsageError(
          `Cannot give data to rank ${stray.rank}: there are ${parties} parties`,
        );
      }
      if (port + parties > 65_536) {
        throw new UsageError(
          `Cannot use ports from ${port} on: ${parties} parties need lower ones`,
        );
      }
      const { runCluster } = await import("../cluster.ts");
      await runCluster(options, extra, host);
    });
}
