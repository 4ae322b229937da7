/**
 * A session as the API shows it.
 *
 * @module
 */

import type { PeerView } from "../comm/http.ts";
import { v } from "../deps.ts";
import type { Session } from "../resources/session.ts";
import { Count, Milliseconds, Name, Rank } from "../schema.ts";

const endpoints = ["http://127.0.0.1:8000", "http://127.0.0.1:8001"];

/** The JSON form of a session. */
export const SessionJson = v.object({
  name: Name,
  rank: Rank,
  world_size: Count,
  endpoints: v.array(v.string()),
  state: v.picklist(["open", "failed", "closed"]),
});

/** What to create a session from, for example. */
export const SPEC_EXAMPLE = { name: "demo", rank: 0, endpoints };

/** A session, for example. */
export const SESSION_EXAMPLE = { ...SPEC_EXAMPLE, world_size: 2, state: "open" };

/** The JSON form of what passed between a session and one peer. */
const TrafficJson = v.object({
  messages_sent: Count,
  bytes_sent: Count,
  messages_received: Count,
  bytes_received: Count,
  retries: Count,
  duplicates_dropped: Count,
  resumes: Count,
  bytes_resent: Count,
  ack_ms: v.nullable(v.object({ p50: Milliseconds, p99: Milliseconds })),
});

/** The JSON form of a session's view of one peer: who waits for whom. */
export const PeerJson = v.object({
  rank: Rank,
  pending: v.array(v.object({ key: v.string(), waited_ms: Milliseconds })),
  unread: v.object({ messages: Count, bytes: Count }),
  link: v.object({
    kind: v.picklist(["none", "streaming", "segments", "json"]),
    age_ms: v.nullable(Milliseconds),
  }),
  traffic: TrafficJson,
});

/** A peer, for example. */
export const PEER_EXAMPLE = {
  rank: 1,
  pending: [{ key: "greeting", waited_ms: 12 }],
  unread: { messages: 0, bytes: 0 },
  link: { kind: "streaming", age_ms: 2_300 },
  traffic: {
    messages_sent: 10,
    bytes_sent: 516,
    messages_received: 9,
    bytes_received: 480,
    retries: 0,
    duplicates_dropped: 0,
    resumes: 0,
    bytes_resent: 0,
    ack_ms: { p50: 0.21, p99: 0.9 },
  },
};

/** @returns the JSON form of a session */
export function viewSession(
  { name, rank, worldSize, endpoints, state }: Session,
): v.InferOutput<typeof SessionJson> {
  return { name, rank, world_size: worldSize, endpoints: [...endpoints], state };
}

/** @returns the JSON form of what a session knows of one peer */
export function viewPeer(
  { rank, pending, unread, link, traffic }: PeerView,
): v.InferOutput<typeof PeerJson> {
  return {
    rank,
    pending: pending.map(({ key, waitedMs }) => ({ key, waited_ms: waitedMs })),
    unread,
    link: { kind: link.kind, age_ms: link.ageMs ?? null },
    traffic: {
      messages_sent: traffic.messagesSent,
      bytes_sent: traffic.bytesSent,
      messages_received: traffic.messagesReceived,
      bytes_received: traffic.bytesReceived,
      retries: traffic.retries,
      duplicates_dropped: traffic.duplicatesDropped,
      resumes: link.resumes,
      bytes_resent: link.bytesResent,
      ack_ms: link.ackMs ?? null,
    },
  };
}
