/**
 * `partyline doctor`: finds what keeps the parties from working together.
 *
 * @module
 */

import { Command } from "../commander.ts";
import { type FleetOptions, withFleet } from "../fleet_options.ts";
import type { Host } from "../host.ts";
import { wholeNumber } from "../values.ts";

const EXAMPLE = `
Checks of each party: its name resolves, its port takes connections, it answers
as a party does, its clock is right to 10 s, the sessions there have the
endpoints of the list, and how large a request passes the gateways before it (up
to 8 MiB). Of all: the same list, version and programs; and, in a short session,
that each reaches each, and how long a message and its answer take.

Where the list has keys, its fingerprint is compared; where it has none, compare
the files yourself. An operator who may only read learns neither how large
requests may be nor whether each reaches each. Ends with 1 when a check fails; a
warning is no failure.

Examples:
  partyline doctor --config parties.json
  partyline doctor --operator-key alice.key.json --tls-ca ca.pem`;

/** {@inheritDoc CommandFile.command} */
export function command(host: Host): Command {
  return withFleet(new Command("doctor"))
    .description("check that the parties can work together, and tell what to do")
    .option(
      "--timeout-ms <number>",
      "how long the parties have to reach each other",
      wholeNumber(1, 2 ** 31 - 1),
      30_000,
    )
    .addHelpText("after", EXAMPLE)
    .action(async (options: FleetOptions & { timeoutMs: number }) => {
      const { json, timeoutMs } = options;
      const { readReach } = await import("../reach.ts");
      const { examine } = await import("../doctor/examine.ts");
      const { COLOURS, layOut, paint, print } = await import("../print.ts");
      const reach = await readReach(options);
      const { checks, latencyMs } = await examine(reach, { timeoutMs, signal: host.stopped });
      const colours = { "ok": COLOURS.green, "warn": COLOURS.yellow, "FAIL": COLOURS.red };
      const style = (cell: string) => {
        const colour = colours[cell.trim() as keyof typeof colours];
        return colour === undefined ? cell : paint(cell, colour);
      };
      const rows = checks.map(({ rank, check, state, detail, advice }) => [
        rank === null ? "all" : String(rank),
        check,
        state === "fail" ? "FAIL" : state,
        advice === undefined ? detail : `${detail}: ${advice}`,
      ]);
      const lines = layOut(["rank", "check", "is", "what was seen: what to do"], rows, style);
      if (latencyMs !== null) {
        const ranks = latencyMs.map((_, rank) => String(rank));
        const cells = latencyMs.map((row, from) => [
          String(from),
          ...row.map((ms, to) => from === to ? "-" : ms.toFixed(2)),
        ]);
        lines.push("", "Milliseconds for a message and its answer, half of them take less:");
        lines.push(...layOut(["rank", ...ranks], cells));
      }
      print(json, { checks, latency_p50_ms: latencyMs }, lines.join("\n"));
      const failed = checks.filter(({ state }) => state === "fail").length;
      if (failed === 0) return;
      throw new Error(`${failed} of ${checks.length} checks failed: see what to do beside each`);
    });
}
