/**
 * `partyline sessions`: which sessions there are, and where.
 *
 * @module
 */

import { Command } from "../commander.ts";
import { UsageError } from "../exit.ts";
import { type FleetOptions, withFleet } from "../fleet_options.ts";
import type { Host } from "../host.ts";
import { name } from "../values.ts";

const EXAMPLE = `
A run that was killed leaves its session, with its values, at all parties: close
it there. What runs in it is cancelled, and its values are deleted.

After a party restarted, the sessions that it was in do not go on. Close such a
session with --keep-values, and use its name again: parties that serve with
--store give its values back, as do those that did not restart.

Examples:
  partyline sessions --config parties.json
  partyline sessions --close session-0a1b2c3d4e5f6789
  partyline sessions --close study --keep-values`;

/** {@inheritDoc CommandFile.command} */
export function command(host: Host): Command {
  return withFleet(new Command("sessions"))
    .description("list the sessions, and their computations at each party, or close one")
    .option("--close <name>", "close that session at all parties", name)
    .option("--keep-values", "with --close: keep its values for the next session of that name")
    .addHelpText("after", EXAMPLE)
    .action(async (options: FleetOptions & { close?: string; keepValues?: boolean }) => {
      const { config, json, close, keepValues = false } = options;
      if (close !== undefined) {
        const { closeSession } = await import("../close_session.ts");
        return await closeSession(close, keepValues, options, host);
      }
      if (keepValues) throw new UsageError("Cannot keep values of no session: add --close NAME");
      const { askAll, requireAll } = await import("../fleet.ts");
      const { layOut, print } = await import("../print.ts");
      const answers = await askAll(options, host.stopped, async (client, call) => {
        const sessions = await client.sessions(call);
        return await Promise.all(sessions.map(async (session) => ({
          ...session,
          // It may have been closed meanwhile.
          computations: await client.computations(session.name, call).catch(() => []),
        })));
      });
      const entries = answers.flatMap((answer) =>
        answer.ok
          ? answer.value.map(({ name, rank, state, computations }) => ({
            name,
            party: answer.id,
            rank,
            state,
            computations: computations.map(({ id, program, state }) => ({ id, program, state })),
          }))
          : []
      );
      entries.sort((one, two) => compare(one.name, two.name) || one.rank - two.rank);
      const rows = entries.map(({ name, party, rank, state, computations }) => [
        name,
        party,
        String(rank),
        state,
        computations.map(({ id, program, state }) => `${id} (${program}) ${state}`).join(", ") ||
        "none",
      ]);
      const text = rows.length === 0
        ? "There is no session"
        : layOut(["session", "party", "rank", "state", "computations"], rows).join("\n");
      print(json, { sessions: entries }, text);
      requireAll(answers, config);
    });
}

function compare(one: string, two: string): number {
  return one < two ? -1 : Number(one > two);
}
