/**
 * `partyline programs`: what the parties will run.
 *
 * @module
 */

import type { ParamsSchema } from "../advice.ts";
import { Command } from "../commander.ts";
import { type FleetOptions, withFleet } from "../fleet_options.ts";
import type { Host } from "../host.ts";

const EXAMPLE = `
A program runs only where all parties have it in the same version. A parameter
with a question mark may be left out. --json has the schemas of inputs, outputs
and parameters.

Example:
  partyline programs --config parties.json`;

/** {@inheritDoc CommandFile.command} */
export function command(host: Host): Command {
  return withFleet(new Command("programs"))
    .description("list the programs that the parties will run")
    .addHelpText("after", EXAMPLE)
    .action(async (options: FleetOptions) => {
      const { config, json } = options;
      const { askAll, ranksText, requireAll } = await import("../fleet.ts");
      const { layOut, print } = await import("../print.ts");
      const answers = await askAll(
        options,
        host.stopped,
        (client, call) => client.programs(call),
      );
      const found = new Map<string, { program: object & { name: string }; ranks: number[] }>();
      for (const answer of answers) {
        for (const program of answer.ok ? answer.value : []) {
          const key = `${program.name} ${program.version}`;
          const entry = found.get(key) ?? { program, ranks: [] };
          entry.ranks.push(answer.rank);
          found.set(key, entry);
        }
      }
      const programs = [...found.values()].map(({ program, ranks }) => ({ ...program, ranks }));
      const rows = [...found].map(([key, { program, ranks }]) => {
        const { description, inputs, outputs, params } = program as unknown as Shown;
        const names = (schemas: object) => Object.keys(schemas).join(", ") || "-";
        const where = ranksText(ranks, answers.length);
        return [key, where, names(inputs), paramNames(params), names(outputs), description];
      });
      const head = ["program", "ranks", "inputs", "params", "outputs", "does"];
      print(json, { programs }, layOut(head, rows).join("\n"));
      requireAll(answers, config);
    });
}

interface Shown {
  description: string;
  inputs: object;
  outputs: object;
  params: ParamsSchema;
}

/** A schema that does not tell names may take anything. */
function paramNames(schema: ParamsSchema): string {
  if (schema === null) return "-";
  const { properties, required = [] } = schema;
  if (properties === undefined) return "any";
  const names = Object.keys(properties).map((name) => required.includes(name) ? name : `${name}?`);
  return names.join(", ") || "-";
}
