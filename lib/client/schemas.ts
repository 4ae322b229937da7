/**
 * What the answers of a party have to be, and what becomes of them.
 *
 * @module
 */

import { v } from "../deps.ts";
import { ERROR_CODES } from "../errors.ts";
import { decodeJson } from "../wire/json.ts";
import type {
  ComputationFailure,
  ComputationView,
  ListedSymbol,
  ProgramView,
  SessionDetails,
  SessionPeerView,
  SessionView,
  StatusView,
  SymbolView,
  Traffic,
} from "./views.ts";

type Schema<View> = v.GenericSchema<unknown, View>;

const Count = v.number();
const When = v.pipe(v.string(), v.isoTimestamp(), v.transform((text) => new Date(text)));
const Code = v.picklist(ERROR_CODES);
const JsonObject = v.record(v.string(), v.unknown());

/** Null is what JSON has for what is not there. */
function maybe<View>(schema: Schema<View>): Schema<View | undefined> {
  return v.pipe(
    v.optional(v.nullable(schema)),
    v.transform((value) => value ?? undefined),
  );
}

const trafficFields = {
  messages_sent: Count,
  bytes_sent: Count,
  messages_received: Count,
  bytes_received: Count,
};

type TrafficJson = Record<keyof typeof trafficFields, number>;

function trafficOf(json: TrafficJson): Traffic {
  return {
    messagesSent: json.messages_sent,
    bytesSent: json.bytes_sent,
    messagesReceived: json.messages_received,
    bytesReceived: json.bytes_received,
  };
}

const TrafficSchema = v.pipe(v.object(trafficFields), v.transform(trafficOf));

const PeerSchema: Schema<SessionPeerView> = v.pipe(
  v.object({
    rank: Count,
    pending: v.array(v.object({ key: v.string(), waited_ms: Count })),
    unread: v.object({ messages: Count, bytes: Count }),
    link: v.object({ kind: v.string(), age_ms: maybe(Count) }),
    traffic: TrafficSchema,
  }),
  v.transform(({ pending, link, ...rest }) => ({
    ...rest,
    pending: pending.map(({ key, waited_ms: waitedMs }) => ({ key, waitedMs })),
    link: { kind: link.kind, ageMs: link.age_ms },
  })),
);

const sessionFields = {
  name: v.string(),
  rank: Count,
  world_size: Count,
  endpoints: v.array(v.string()),
  state: v.picklist(["open", "failed", "closed"]),
};

/** The answer that shows a session. */
export const SessionSchema: Schema<SessionView> = v.pipe(
  v.object(sessionFields),
  v.transform(({ world_size: worldSize, ...rest }) => ({ ...rest, worldSize })),
);

const detailsFields = { ...sessionFields, peers: v.array(PeerSchema) };

/** The answer that shows a session and its peers. */
export const SessionDetailsSchema: Schema<SessionDetails> = v.pipe(
  v.object(detailsFields),
  v.transform(({ world_size: worldSize, ...rest }) => ({ ...rest, worldSize })),
);

/** The answer that lists sessions. */
export const SessionsSchema: v.GenericSchema<unknown, { sessions: SessionView[] }> = v.object({
  sessions: v.array(SessionSchema),
});

/** The answer that shows a symbol without its value. */
export const SymbolSchema: Schema<SymbolView> = v.object({
  name: v.string(),
  mptype: v.unknown(),
});

/** The answer that lists symbols. */
export const SymbolsSchema: Schema<{ symbols: ListedSymbol[] }> = v.object({
  symbols: v.array(v.object({
    name: v.string(),
    mptype: v.unknown(),
    shape: maybe(v.array(Count)),
    bytes: Count,
    private: v.boolean(),
  })),
});

/** The answer that lists programs. */
export const ProgramsSchema: Schema<{ programs: ProgramView[] }> = v.object({
  programs: v.array(v.object({
    name: v.string(),
    version: v.string(),
    description: v.string(),
    inputs: JsonObject,
    outputs: JsonObject,
    params: v.unknown(),
  })),
});

const FailureSchema: Schema<ComputationFailure> = v.pipe(
  v.object({
    code: Code,
    detail: v.string(),
    rank: maybe(Count),
    peer_code: maybe(Code),
    reason: maybe(v.string()),
  }),
  v.transform(({ peer_code: peerCode, ...rest }) => ({ ...rest, peerCode })),
);

/** The answer, or the event, that shows a computation. */
export const ComputationSchema: Schema<ComputationView> = v.pipe(
  v.object({
    computation_id: v.string(),
    program: v.string(),
    version: v.string(),
    state: v.picklist(["pending", "running", "completed", "failed", "cancelled"]),
    input_names: v.record(v.string(), v.string()),
    output_names: v.record(v.string(), v.string()),
    params: v.optional(v.unknown()),
    progress: maybe(v.object({ fraction: Count, note: v.string() })),
    created_at: When,
    started_at: maybe(When),
    ended_at: maybe(When),
    elapsed_ms: Count,
    traffic: v.array(v.pipe(
      v.object({ rank: Count, ...trafficFields }),
      v.transform((json) => ({ rank: json.rank, ...trafficOf(json) })),
    )),
    traceparent: v.string(),
    error: maybe(FailureSchema),
  }),
  v.transform((json) => ({
    id: json.computation_id,
    program: json.program,
    version: json.version,
    state: json.state,
    inputs: json.input_names,
    outputs: json.output_names,
    params: json.params === undefined ? undefined : decodeJson(JSON.stringify(json.params)),
    progress: json.progress,
    createdAt: json.created_at,
    startedAt: json.started_at,
    endedAt: json.ended_at,
    elapsedMs: json.elapsed_ms,
    traffic: json.traffic,
    traceparent: json.traceparent,
    error: json.error,
  })),
);

/** The answer that lists computations. */
export const ComputationsSchema: Schema<{ computations: ComputationView[] }> = v.object({
  computations: v.array(ComputationSchema),
});

/** The answer that tells how a party is. */
export const StatusSchema: Schema<StatusView> = v.pipe(
  v.object({
    version: v.string(),
    started_at: When,
    uptime_s: Count,
    time: When,
    ready: v.boolean(),
    config_fingerprint: maybe(v.string()),
    programs: v.array(v.object({ name: v.string(), version: v.string() })),
    sessions: v.array(v.pipe(
      v.object({ ...detailsFields, computations: v.array(ComputationSchema) }),
      v.transform(({ world_size: worldSize, ...rest }) => ({ ...rest, worldSize })),
    )),
    computations: v.record(v.string(), Count),
    traffic: TrafficSchema,
    parties: v.array(v.pipe(
      v.object({
        url: v.string(),
        answers: v.boolean(),
        latency_ms: maybe(Count),
        version: maybe(v.string()),
      }),
      v.transform(({ latency_ms: latencyMs, ...rest }) => ({ ...rest, latencyMs })),
    )),
  }),
  v.transform(({
    started_at: startedAt,
    uptime_s: uptimeS,
    config_fingerprint: configFingerprint,
    ...rest
  }) => ({
    ...rest,
    startedAt,
    uptimeS,
    configFingerprint,
  })),
);
