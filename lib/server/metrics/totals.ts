/**
 * What a party has done since it began: the live state of its sessions, and what those that are
 * closed had come to. Nothing is counted here while messages pass.
 *
 * @module
 */

import type { PeerView } from "../../comm/http.ts";
import {
  type Computation,
  COMPUTATION_STATES,
  type ComputationState,
} from "../../resources/computation.ts";
import type { Session } from "../../resources/session.ts";
import type { SessionManager, SessionObserver } from "../../resources/sessions.ts";
import { ByLabels, Histogram } from "./histogram.ts";

/** What has passed between the party and another, over all sessions. */
export interface Traffic {
  messagesSent: number;
  bytesSent: number;
  messagesReceived: number;
  bytesReceived: number;
  retries: number;
  duplicatesDropped: number;
  resumes: number;
  bytesResent: number;
}

/** What waits between the party and another at present, over all sessions. */
export interface Waiting {
  unreadMessages: number;
  unreadBytes: number;
  pending: number;
  oldestMs: number;
}

/** How many other parties are told apart; whoever creates sessions could name any number. */
const MAX_PEERS = 1_000;
/** Stands for all that came after them. */
const OTHER = "other";
/** In seconds. */
const DURATIONS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1_800, 3_600];

/** Watches a party's sessions. */
export class Totals implements SessionObserver {
  /** How long computations took that have ended, in seconds, by `program` and `outcome`. */
  readonly ended: ByLabels<Histogram> = new ByLabels(() => new Histogram(DURATIONS));
  readonly #sessions: SessionManager;
  readonly #names: Set<string> = new Set();
  readonly #closed: Map<string, Traffic> = new Map();

  /** @param sessions the party's, none of which is there yet */
  constructor(sessions: SessionManager) {
    this.#sessions = sessions;
    sessions.observe(this);
  }

  /** {@inheritDoc SessionObserver.onSessionClosed} */
  onSessionClosed(session: Session): void {
    this.#addTraffic(this.#closed, session);
  }

  /** {@inheritDoc SessionObserver.onComputationEnded} */
  onComputationEnded({ program, state, createdAt, endedAt }: Computation): void {
    const seconds = (Number(endedAt) - Number(createdAt)) / 1_000;
    this.ended.of({ program: program.name, outcome: state }).observe(seconds);
  }

  /** What has passed since the party began, by the other party. */
  traffic(): Map<string, Traffic> {
    const all = new Map([...this.#closed].map(([peer, traffic]) => [peer, { ...traffic }]));
    for (const session of this.#sessions.alive()) this.#addTraffic(all, session);
    return all;
  }

  /** What waits at present, by the other party. */
  waiting(): Map<string, Waiting> {
    const all = new Map<string, Waiting>();
    for (const session of this.#sessions.alive()) {
      for (const view of session.describe()) {
        const name = this.#nameOf(session.endpoints[view.rank]!);
        all.set(name, addWaiting(all.get(name), view));
      }
    }
    return all;
  }

  /** How many links there are to each other party, by how messages travel on them. */
  links(): ByLabels<{ total: number }> {
    const all = new ByLabels(() => ({ total: 0 }));
    for (const session of this.#sessions.list()) {
      for (const { rank, link: { kind } } of session.describe()) {
        all.of({ peer: this.#nameOf(session.endpoints[rank]!), kind }).total++;
      }
    }
    return all;
  }

  /** How many computations there are, of those that are kept, by their state. */
  computations(): Record<ComputationState, number> {
    const counts = Object.fromEntries(COMPUTATION_STATES.map((state) => [state, 0])) as Record<
      ComputationState,
      number
    >;
    for (const session of this.#sessions.list()) {
      for (const { state } of session.computations) counts[state]++;
    }
    return counts;
  }

  #addTraffic(all: Map<string, Traffic>, session: Session): void {
    for (const { rank, traffic, link } of session.describe()) {
      const name = this.#nameOf(session.endpoints[rank]!);
      const before = all.get(name);
      const { resumes, bytesResent } = link;
      const more: Traffic = { ...traffic, resumes, bytesResent };
      all.set(name, before === undefined ? more : sumTraffic(before, more));
    }
  }

  #nameOf(endpoint: string): string {
    if (this.#names.size < MAX_PEERS) this.#names.add(endpoint);
    return this.#names.has(endpoint) ? endpoint : OTHER;
  }
}

/** @returns both together */
export function sumTraffic(a: Traffic, b: Traffic): Traffic {
  return {
    messagesSent: a.messagesSent + b.messagesSent,
    bytesSent: a.bytesSent + b.bytesSent,
    messagesReceived: a.messagesReceived + b.messagesReceived,
    bytesReceived: a.bytesReceived + b.bytesReceived,
    retries: a.retries + b.retries,
    duplicatesDropped: a.duplicatesDropped + b.duplicatesDropped,
    resumes: a.resumes + b.resumes,
    bytesResent: a.bytesResent + b.bytesResent,
  };
}

function addWaiting(before: Waiting | undefined, { pending, unread }: PeerView): Waiting {
  const oldestMs = pending.reduce((most, { waitedMs }) => Math.max(most, waitedMs), 0);
  return {
    unreadMessages: (before?.unreadMessages ?? 0) + unread.messages,
    unreadBytes: (before?.unreadBytes ?? 0) + unread.bytes,
    pending: (before?.pending ?? 0) + pending.length,
    oldestMs: Math.max(before?.oldestMs ?? 0, oldestMs),
  };
}
