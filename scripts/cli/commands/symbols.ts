/**
 * `partyline symbols`: the named values of a session, and which parties have them.
 *
 * @module
 */

import { Command } from "../commander.ts";
import { type FleetOptions, withFleet } from "../fleet_options.ts";
import type { Host } from "../host.ts";
import { name } from "../values.ts";

const EXAMPLE = `
What they are, not their values: those are printed by partyline run. Where ranks
differ, there is one figure for each. Private ones can be read by programs only.

Example:
  partyline symbols study --config parties.json`;

/** {@inheritDoc CommandFile.command} */
export function command(host: Host): Command {
  return withFleet(new Command("symbols"))
    .description("list a session's named values, and which parties have them")
    .argument("<session>", "the session's name", name)
    .addHelpText("after", EXAMPLE)
    .action(async (session: string, options: FleetOptions) => {
      const { config, json } = options;
      const { askAll, ranksText, requireAll } = await import("../fleet.ts");
      const { layOut, print } = await import("../print.ts");
      const answers = await askAll(
        options,
        host.stopped,
        (client, call) => client.symbols(session, call),
      );
      const found = new Map<string, { mptype: unknown; ranks: number[]; held: Held[] }>();
      for (const answer of answers) {
        for (
          const { name, mptype, shape = null, bytes, ...rest } of answer.ok ? answer.value : []
        ) {
          const symbol = found.get(name) ?? { mptype, ranks: [], held: [] };
          symbol.ranks.push(answer.rank);
          symbol.held.push({ rank: answer.rank, shape, bytes, private: rest.private });
          found.set(name, symbol);
        }
      }
      const symbols = [...found].map(([name, rest]) => ({ name, ...rest }));
      const rows = symbols.map(({ name, mptype, ranks, held }) => [
        name,
        ranksText(ranks, answers.length),
        distinct(held.map((one) => one.shape === null ? "-" : one.shape.join(" x "))),
        distinct(held.map((one) => String(one.bytes))),
        distinct(held.map((one) => one.private ? "yes" : "no")),
        mptype === null ? "-" : JSON.stringify(mptype),
      ]);
      const text = rows.length === 0
        ? `No party shows a symbol in session ${session}`
        : layOut(["symbol", "at ranks", "shape", "bytes", "private", "type"], rows).join("\n");
      // A session that no party has is a failure, not an empty list.
      if (answers.some(({ ok }) => ok)) print(json, { session, symbols }, text);
      requireAll(answers, config);
    });
}

/** What one party has of a symbol. */
interface Held {
  rank: number;
  shape: number[] | null;
  bytes: number;
  private: boolean;
}

/** One text when all are the same, else each of them, by rank. */
function distinct(texts: readonly string[]): string {
  return new Set(texts).size === 1 ? texts[0]! : texts.join(", ");
}
