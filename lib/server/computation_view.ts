/**
 * A computation as the API shows it.
 *
 * @module
 */

import type { PeerStats } from "../comm/communicator.ts";
import { v } from "../deps.ts";
import { ERROR_CODES, type PartyError, PeerAbortedError } from "../errors.ts";
import { type Computation, COMPUTATION_STATES } from "../resources/computation.ts";
import { Count, Milliseconds, Moment, Name, Rank } from "../schema.ts";
import { encodeJson } from "../wire/json.ts";

/** The JSON form of a computation's traffic with one rank. */
const TrafficJson = v.object({
  rank: Rank,
  messages_sent: Count,
  bytes_sent: Count,
  messages_received: Count,
  bytes_received: Count,
});

/** The JSON form of a computation among others: without its params, which may be large. */
export const ListedComputationJson = v.object({
  computation_id: Name,
  program: Name,
  version: v.string(),
  state: v.picklist(COMPUTATION_STATES),
  input_names: v.record(v.string(), Name),
  output_names: v.record(v.string(), Name),
  progress: v.nullable(
    v.object({
      fraction: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
      note: v.string(),
    }),
  ),
  created_at: Moment,
  started_at: v.nullable(Moment),
  ended_at: v.nullable(Moment),
  elapsed_ms: Milliseconds,
  traffic: v.array(TrafficJson),
  traceparent: v.string(),
  error: v.nullable(
    v.object({
      code: v.picklist(ERROR_CODES),
      detail: v.string(),
      rank: v.nullable(Rank),
      peer_code: v.nullable(v.picklist(ERROR_CODES)),
      reason: v.nullable(v.string()),
    }),
  ),
});

/** The JSON form of a computation. */
export const ComputationJson = v.object({ ...ListedComputationJson.entries, params: v.unknown() });

/** A computation in a listing, for example. */
export const LISTED_EXAMPLE = {
  computation_id: "mass-1",
  program: "mean",
  version: "1.0.0",
  state: "completed",
  input_names: { table: "penguins" },
  output_names: { moments: "moments" },
  progress: null,
  created_at: "2026-01-01T12:00:00.000Z",
  started_at: "2026-01-01T12:00:00.010Z",
  ended_at: "2026-01-01T12:00:00.030Z",
  elapsed_ms: 30,
  traffic: [{
    rank: 0,
    messages_sent: 10,
    bytes_sent: 516,
    messages_received: 10,
    bytes_received: 516,
  }],
  traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
  error: null,
};

/** A computation, for example. */
export const COMPUTATION_EXAMPLE = { ...LISTED_EXAMPLE, params: { column: "body_mass_g" } };

/** @returns the JSON form of a computation */
export function viewComputation(computation: Computation): v.InferOutput<typeof ComputationJson> {
  const params: unknown = JSON.parse(encodeJson(computation.params ?? null));
  return { ...listComputation(computation), params };
}

/** @returns the JSON form of a computation among others */
export function listComputation(
  computation: Computation,
): v.InferOutput<typeof ListedComputationJson> {
  const { id, program, state, progress, createdAt, startedAt, endedAt, error } = computation;
  return {
    computation_id: id,
    program: program.name,
    version: program.version,
    state,
    input_names: { ...computation.inputs },
    output_names: { ...computation.outputs },
    progress: progress ?? null,
    created_at: createdAt.toISOString(),
    started_at: startedAt?.toISOString() ?? null,
    ended_at: endedAt?.toISOString() ?? null,
    elapsed_ms: Number(endedAt ?? new Date()) - Number(createdAt),
    traffic: computation.stats.map(viewTraffic),
    traceparent: computation.traceparent,
    error: error === undefined ? null : viewError(error),
  };
}

/** What went to and came from one rank. */
function viewTraffic(stats: Readonly<PeerStats>, rank: number) {
  return {
    rank,
    messages_sent: stats.messagesSent,
    bytes_sent: stats.bytesSent,
    messages_received: stats.messagesReceived,
    bytes_received: stats.bytesReceived,
  };
}

/** An error of ours, as far as anyone may know it; the rank is that of the party that it blames. */
function viewError(error: PartyError) {
  return {
    code: error.code,
    detail: error.message,
    rank: error.rank ?? null,
    peer_code: error instanceof PeerAbortedError ? error.peerCode : null,
    reason: error instanceof PeerAbortedError ? error.reason : null,
  };
}
