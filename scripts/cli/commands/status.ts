/**
 * `partyline status`: how each party is.
 *
 * @module
 */

import type { StatusView } from "../../../lib/client/views.ts";
import { PartyError } from "../../../lib/errors.ts";
import { Command } from "../commander.ts";
import type { Host } from "../host.ts";
import type { Answer } from "../fleet.ts";
import { type FleetOptions, withFleet } from "../fleet_options.ts";

const EXAMPLE = `
Ends with 1 when a party is down, or refuses the operator.

Example:
  partyline status --config parties.json`;

/** {@inheritDoc CommandFile.command} */
export function command(host: Host): Command {
  return withFleet(new Command("status"))
    .description("tell how each party is: up, version, uptime, sessions, computations, traffic")
    .addHelpText("after", EXAMPLE)
    .action(async (options: FleetOptions) => {
      const { config, json } = options;
      const { askAll, errorView, requireAll } = await import("../fleet.ts");
      const { layOut, print } = await import("../print.ts");
      const { printable } = await import("../printable.ts");
      const answers = await askAll(
        options,
        host.stopped,
        (client, call) => client.status(call),
      );
      const parties = answers.map((answer) => {
        const { rank, id, url } = answer;
        return answer.ok
          ? { rank, id, url, up: true, ...viewStatus(answer.value) }
          : { rank, id, url, up: false, error: errorView(answer.error) };
      });
      const head = ["rank", "party", "is", "version", "up for", "sessions", "running", "sent"];
      const lines = layOut(head, answers.map(row));
      for (const answer of answers) {
        if (!answer.ok) {
          const { detail } = errorView(answer.error);
          lines.push(`rank ${answer.rank} ${fateOf(answer)}: ${printable(detail)}`);
        }
      }
      print(json, { parties }, lines.join("\n"));
      requireAll(answers, config);
    });
}

/** A party that answers, but not to this operator, is not down. */
function fateOf({ error }: Extract<Answer<StatusView>, { ok: false }>): "down" | "refuses" {
  return error instanceof PartyError && error.code !== "NETWORK" ? "refuses" : "down";
}

function row(answer: Answer<StatusView>): string[] {
  const { rank, id } = answer;
  if (!answer.ok) return [String(rank), id, fateOf(answer), "-", "-", "-", "-", "-"];
  const { ready, version, uptimeS, sessions, computations, traffic } = answer.value;
  return [
    String(rank),
    id,
    ready ? "up" : "ending",
    version,
    duration(uptimeS),
    String(sessions.length),
    String((computations["running"] ?? 0) + (computations["pending"] ?? 0)),
    size(traffic.bytesSent),
  ];
}

function viewStatus({ version, ready, startedAt, uptimeS, time, ...rest }: StatusView) {
  const { configFingerprint = null, programs, sessions, computations, traffic, parties } = rest;
  return {
    version,
    ready,
    started_at: startedAt.toISOString(),
    uptime_s: uptimeS,
    time: time.toISOString(),
    config_fingerprint: configFingerprint,
    programs,
    sessions: sessions.map(({ name, rank, worldSize, endpoints, state, computations }) => ({
      name,
      rank,
      world_size: worldSize,
      endpoints,
      state,
      computations: computations.map(({ id, program, state }) => ({ id, program, state })),
    })),
    computations,
    sees: parties.map(({ url, answers, latencyMs = null, version = null }) => ({
      url,
      answers,
      latency_ms: latencyMs,
      version,
    })),
    messages_sent: traffic.messagesSent,
    bytes_sent: traffic.bytesSent,
    messages_received: traffic.messagesReceived,
    bytes_received: traffic.bytesReceived,
  };
}

function duration(seconds: number): string {
  const [days, hours, minutes] = [86_400, 3_600, 60].map((unit) => Math.floor(seconds / unit));
  if (days! > 0) return `${days} d ${hours! % 24} h`;
  if (hours! > 0) return `${hours} h ${minutes! % 60} min`;
  return minutes! > 0 ? `${minutes} min` : `${Math.floor(seconds)} s`;
}

function size(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let value = bytes / 1_024;
  while (value >= 1_024 && units.length > 1) {
    value /= 1_024;
    units.shift();
  }
  return `${value.toFixed(1)} ${units[0]}`;
}
