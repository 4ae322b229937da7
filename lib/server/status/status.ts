/**
 * How a party is, all of it: what `/status` and `/events` tell.
 *
 * @module
 */

import { v } from "../../deps.ts";
import type { ProgramRegistry } from "../../programs/registry.ts";
import { type Computation, COMPUTATION_STATES } from "../../resources/computation.ts";
import type { SessionManager } from "../../resources/sessions.ts";
import { Count, Milliseconds, Moment, Name } from "../../schema.ts";
import { VERSION } from "../../version.ts";
import { listComputation, LISTED_EXAMPLE, ListedComputationJson } from "../computation_view.ts";
import type { Totals } from "../metrics/totals.ts";
import { isReady } from "../ready.ts";
import {
  PEER_EXAMPLE,
  PeerJson,
  SESSION_EXAMPLE,
  SessionJson,
  viewPeer,
  viewSession,
} from "../session_view.ts";
import type { Probes } from "./probes.ts";

/** How many computations of a session are told that have ended: the last ones. */
const MAX_ENDED = 50;

/** The JSON form of a party's status. */
export const StatusJson = v.object({
  version: v.string(),
  started_at: Moment,
  uptime_s: v.pipe(v.number(), v.minValue(0)),
  time: Moment,
  ready: v.boolean(),
  /** That of its `parties.json`, which all have to have alike; null without keys. */
  config_fingerprint: v.nullable(v.string()),
  programs: v.array(v.object({ name: Name, version: v.string() })),
  sessions: v.array(v.object({
    ...SessionJson.entries,
    peers: v.array(PeerJson),
    /** All that are pending or running, and the last 50 that have ended. */
    computations: v.array(ListedComputationJson),
  })),
  /** How many are in each state, of all that are kept. */
  computations: v.object(v.entriesFromList(COMPUTATION_STATES, Count)),
  traffic: v.object({
    messages_sent: Count,
    bytes_sent: Count,
    messages_received: Count,
    bytes_received: Count,
  }),
  parties: v.array(v.object({
    url: v.string(),
    answers: v.boolean(),
    latency_ms: v.nullable(Milliseconds),
    version: v.nullable(v.string()),
  })),
});

/** A status, for example. */
export const STATUS_EXAMPLE = {
  version: VERSION,
  started_at: "2026-01-01T11:00:00.000Z",
  uptime_s: 3_600,
  time: "2026-01-01T12:00:00.000Z",
  ready: true,
  config_fingerprint: "3F7K-9QXR-0M2C-WT5E-J8HV-6BDA-1ZNP-4GYS",
  programs: [{ name: "mean", version: "1.0.0" }],
  sessions: [{ ...SESSION_EXAMPLE, peers: [PEER_EXAMPLE], computations: [LISTED_EXAMPLE] }],
  computations: { pending: 0, running: 0, completed: 1, failed: 0, cancelled: 0 },
  traffic: { messages_sent: 10, bytes_sent: 516, messages_received: 10, bytes_received: 516 },
  parties: [{ url: "http://127.0.0.1:8001", answers: true, latency_ms: 1.2, version: VERSION }],
};

/** What a status is made of. */
export interface StatusSource {
  /** The party's sessions. */
  sessions: SessionManager;
  /** What it runs. */
  programs: ProgramRegistry;
  /** What it has done. */
  totals: Totals;
  /** Who else answers. */
  probes: Probes;
  /** The fingerprint of its list of parties, where it has keys. */
  configFingerprint: string | undefined;
  /** When the party began. */
  startedAt: Date;
}

/** @returns how the party is at present @param draining of the server, where it tells */
export async function statusOf(
  { sessions, programs, totals, probes, configFingerprint, startedAt }: StatusSource,
  draining?: AbortSignal,
): Promise<v.InferOutput<typeof StatusJson>> {
  // First: it takes a while, and what comes after it is of one moment.
  const parties = await probes.see(sessions.list().flatMap(({ endpoints }) => endpoints));
  const now = new Date();
  const traffic = { messages_sent: 0, bytes_sent: 0, messages_received: 0, bytes_received: 0 };
  for (const one of totals.traffic().values()) {
    traffic.messages_sent += one.messagesSent;
    traffic.bytes_sent += one.bytesSent;
    traffic.messages_received += one.messagesReceived;
    traffic.bytes_received += one.bytesReceived;
  }
  return {
    version: VERSION,
    started_at: startedAt.toISOString(),
    uptime_s: Math.max(0, Number(now) - Number(startedAt)) / 1_000,
    time: now.toISOString(),
    ready: isReady(sessions, draining),
    config_fingerprint: configFingerprint ?? null,
    programs: programs.list().map(({ name, version }) => ({ name, version })),
    sessions: sessions.list().map((session) => ({
      ...viewSession(session),
      peers: session.describe().map(viewPeer),
      computations: lastOf(session.computations).map(listComputation),
    })),
    computations: totals.computations(),
    traffic,
    parties: parties.map(({ url, answers, latencyMs, version }) => ({
      url,
      answers,
      latency_ms: latencyMs,
      version,
    })),
  };
}

/** All that go on, and the last that have ended, in the order in which they were started. */
function lastOf(computations: readonly Computation[]): Computation[] {
  const ended = computations.filter(({ hasEnded }) => hasEnded)
    .sort((a, b) => Number(a.endedAt) - Number(b.endedAt));
  const told = new Set(ended.slice(-MAX_ENDED));
  return computations.filter((one) => !one.hasEnded || told.has(one));
}
