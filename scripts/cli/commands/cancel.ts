/**
 * `partyline cancel`: ends a computation before its time.
 *
 * @module
 */

import { Command } from "../commander.ts";
import { type FleetOptions, withFleet } from "../fleet_options.ts";
import type { Host } from "../host.ts";
import { name } from "../values.ts";

/** How long a computation has to end once it is cancelled. */
const PATIENCE_MS = 2_000;

const EXAMPLE = `
The session goes on. One that has ended already stays as it is. Done when one
party took it: that one tells the others.

Example:
  partyline sessions                  (tells which computations there are)
  partyline cancel study job-1`;

/** {@inheritDoc CommandFile.command} */
export function command(host: Host): Command {
  return withFleet(new Command("cancel"))
    .description("cancel a computation at all parties")
    .argument("<session>", "the session's name", name)
    .argument("<computation>", "the computation's id", name)
    .addHelpText("after", EXAMPLE)
    .action(async (session: string, id: string, options: FleetOptions) => {
      const { config, json } = options;
      const { askAll, errorView, requireAll } = await import("../fleet.ts");
      const { print } = await import("../print.ts");
      const { printable } = await import("../printable.ts");
      const answers = await askAll(options, host.stopped, async (client, call) => {
        await client.cancelComputation(session, id, call);
        const signal = AbortSignal.timeout(PATIENCE_MS);
        let { state } = await client.computation(session, id, call);
        try {
          const views = client.followComputation(session, id, { signal });
          for await (const view of views) state = view.state;
        } catch {
          // Its last known state has to do.
        }
        return state;
      });
      if (!answers.some(({ ok }) => ok)) return requireAll(answers, config);
      const ranks = answers.map((answer) =>
        answer.ok
          ? { rank: answer.rank, state: answer.value }
          : { rank: answer.rank, state: null, error: errorView(answer.error) }
      );
      const lines = ranks.map(({ rank, state, error }) =>
        `Rank ${rank}: ${state ?? `not reached: ${printable(error!.detail)}`}`
      );
      print(json, { session, computation: id, ranks }, lines.join("\n"));
    });
}
