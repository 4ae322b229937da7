/**
 * The metrics of one party by their names. All of them are read when they are asked for.
 *
 * @module
 */

import type { ProgramRegistry } from "../../programs/registry.ts";
import type { SessionManager } from "../../resources/sessions.ts";
import { VERSION } from "../../version.ts";
import { Counter, Gauge, type Metric, Registry } from "./deps.ts";
import type { ByLabels, Histogram } from "./histogram.ts";
import type { RequestCounts } from "./requests.ts";
import type { Totals, Traffic, Waiting } from "./totals.ts";

/** What there is to tell. */
export interface MetricsSource {
  /** The party's sessions. */
  sessions: SessionManager;
  /** What it runs. */
  programs: ProgramRegistry;
  /** What it has done. */
  totals: Totals;
  /** The requests that it has answered. */
  requests: RequestCounts;
}

type Labels = Record<string, string>;
/** Labels and the value of each set of them. */
type Values = Iterable<readonly [labels: Labels, value: number]>;

const OUTCOMES = ["completed", "failed", "cancelled"];

/** @returns the metrics of a party, to be asked for their text */
export function metricsRegistry({ sessions, programs, totals, requests }: MetricsSource): Registry {
  const registry = new Registry();
  const define = (Kind: typeof Counter | typeof Gauge) =>
  (
    name: string,
    help: string,
    labelNames: string[],
    read: () => Values,
  ): void => {
    const collect = () => {
      metric.reset();
      for (const [labels, value] of read()) metric.inc(labels, value);
    };
    const metric: Counter | Gauge = new Kind({
      name,
      help,
      labelNames,
      registers: [registry],
      collect,
    });
  };
  const [counter, gauge] = [define(Counter), define(Gauge)];
  const histogram = (name: string, help: string, all: ByLabels<Histogram>) =>
    registry.registerMetric(readHistogram(name, help, all));

  const traffic = (pick: (traffic: Traffic) => number) => (): Values =>
    [...totals.traffic()].map(([peer, all]) => [{ peer }, pick(all)]);
  const waiting = (pick: (waiting: Waiting) => number) => (): Values =>
    [...totals.waiting()].map(([peer, all]) => [{ peer }, pick(all)]);
  const both =
    (sent: (traffic: Traffic) => number, received: (traffic: Traffic) => number) => (): Values =>
      [...totals.traffic()].flatMap(([peer, all]) => [
        [{ peer, direction: "sent" }, sent(all)] as const,
        [{ peer, direction: "received" }, received(all)] as const,
      ]);

  counter(
    "partyline_http_requests_total",
    "HTTP requests that were answered; route is the pattern of the path.",
    ["method", "route", "status"],
    () => requests.counts.all().map(({ labels, value }) => [labels, value.total]),
  );
  histogram(
    "partyline_http_request_duration_seconds",
    "Time until the answer to an HTTP request began.",
    requests.seconds,
  );
  counter(
    "partyline_messages_total",
    "Messages that a peer has acknowledged, or that were taken from it.",
    ["peer", "direction"],
    both((all) => all.messagesSent, (all) => all.messagesReceived),
  );
  counter(
    "partyline_message_bytes_total",
    "Bytes of the messages that a peer has acknowledged, or that were taken from it.",
    ["peer", "direction"],
    both((all) => all.bytesSent, (all) => all.bytesReceived),
  );
  counter(
    "partyline_send_retries_total",
    "Attempts to send to a peer that were made again.",
    ["peer"],
    traffic((all) => all.retries),
  );
  counter(
    "partyline_link_resumes_total",
    "Requests in which the link to a peer went on.",
    ["peer"],
    traffic((all) => all.resumes),
  );
  counter(
    "partyline_link_resent_bytes_total",
    "Bytes that were sent to a peer more than once.",
    ["peer"],
    traffic((all) => all.bytesResent),
  );
  counter(
    "partyline_duplicates_dropped_total",
    "Messages of a peer that came again, and were dropped.",
    ["peer"],
    traffic((all) => all.duplicatesDropped),
  );
  gauge(
    "partyline_mailbox_messages",
    "Messages of a peer that nothing has asked for yet.",
    ["peer"],
    waiting((all) => all.unreadMessages),
  );
  gauge(
    "partyline_mailbox_bytes",
    "Bytes that the unread messages of a peer take.",
    ["peer"],
    waiting((all) => all.unreadBytes),
  );
  gauge(
    "partyline_pending_receives",
    "Receives that wait for a message of a peer.",
    ["peer"],
    waiting((all) => all.pending),
  );
  gauge(
    "partyline_pending_receive_oldest_age_seconds",
    "How long the oldest of them has waited; 0 when there is none.",
    ["peer"],
    waiting((all) => all.oldestMs / 1_000),
  );
  gauge(
    "partyline_links",
    "Links to a peer, one a session, by how messages travel on them.",
    ["peer", "kind"],
    () => totals.links().all().map(({ labels, value }) => [labels, value.total]),
  );
  gauge(
    "partyline_sessions",
    "Sessions by state.",
    ["state"],
    () =>
      ["open", "failed"].map((state) => [
        { state },
        sessions.list().filter((session) => session.state === state).length,
      ]),
  );
  gauge(
    "partyline_computations",
    "Computations that are kept, by state.",
    ["state"],
    () => Object.entries(totals.computations()).map(([state, count]) => [{ state }, count]),
  );
  counter(
    "partyline_computations_finished_total",
    "Computations that have ended.",
    ["program", "outcome"],
    () =>
      programs.list().flatMap(({ name: program }) =>
        OUTCOMES.map((outcome) => {
          const labels = { program, outcome };
          return [labels, countOf(totals.ended.of(labels))] as const;
        })
      ),
  );
  histogram(
    "partyline_computation_duration_seconds",
    "Time from the creation of a computation to its end.",
    totals.ended,
  );
  gauge("partyline_build_info", "Always 1; the version is a label.", ["version"], () => [
    [{ version: VERSION }, 1],
  ]);
  gauge("process_start_time_seconds", "When the process began, in Unix time.", [], () => [
    [{}, performance.timeOrigin / 1_000],
  ]);
  gauge("process_resident_memory_bytes", "Resident memory of the process.", [], () => {
    const bytes = residentBytes();
    return bytes === undefined ? [] : [[{}, bytes]];
  });
  return registry;
}

/** The package has no histogram that is counted elsewhere; a registry asks for no more than this. */
function readHistogram(name: string, help: string, all: ByLabels<Histogram>): Metric {
  const get = () => {
    const values = all.all().flatMap(({ labels, value: { bounds, counts, sum } }) => {
      let count = 0;
      const buckets = counts.map((more, at) => {
        count += more;
        const le = bounds[at] === undefined ? "+Inf" : String(bounds[at]);
        return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: count };
      });
      return [
        ...buckets,
        { metricName: `${name}_sum`, labels, value: sum },
        { metricName: `${name}_count`, labels, value: count },
      ];
    });
    return Promise.resolve({ name, help, type: "histogram", aggregator: "sum", values });
  };
  return { name, get } as unknown as Metric;
}

function countOf({ counts }: Histogram): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Where the runtime tells: both have this of Node. */
function residentBytes(): number | undefined {
  const { process } = globalThis as { process?: { memoryUsage?(): { rss: number } } };
  return process?.memoryUsage?.().rss;
}
