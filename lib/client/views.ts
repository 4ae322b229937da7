/**
 * What a party answers, as types.
 *
 * @module
 */

import type { ErrorCode } from "../errors.ts";

/** A session as one party shows it. */
export interface SessionView {
  /** Its name. */
  name: string;
  /** The party's rank in it. */
  rank: number;
  /** The number of parties. */
  worldSize: number;
  /** The base URL of every party, in the order of the ranks. */
  endpoints: string[];
  /** `failed` until it is closed. */
  state: "open" | "failed" | "closed";
}

/** A session with who waits for whom, and what passed. */
export interface SessionDetails extends SessionView {
  /** One for every other rank. */
  peers: SessionPeerView[];
}

/** One party's part with another. */
export interface SessionPeerView {
  /** The other party's rank. */
  rank: number;
  /** The keys that a `recv` waits for, and for how long it has. */
  pending: { key: string; waitedMs: number }[];
  /** What came, and was not read. */
  unread: { messages: number; bytes: number };
  /** How messages travel there, and for how long. */
  link: { kind: string; ageMs: number | undefined };
  /** What passed. */
  traffic: Traffic;
}

/** How many messages and bytes passed. */
export interface Traffic {
  /** How many messages went there. */
  messagesSent: number;
  /** How many bytes they had. */
  bytesSent: number;
  /** How many messages came from there. */
  messagesReceived: number;
  /** How many bytes they had. */
  bytesReceived: number;
}

/** A symbol, without its value. */
export interface SymbolView {
  /** Its name. */
  name: string;
  /** What type the parties say it has; plain JSON. */
  mptype: unknown;
}

/** A symbol in a listing. */
export interface ListedSymbol extends SymbolView {
  /** How many rows, columns and so on it has; undefined for what is no array. */
  shape: number[] | undefined;
  /** How much it takes, in bytes. */
  bytes: number;
  /** Whether it is the party's own, which programs may read and a driver may not. */
  private: boolean;
}

/** A program that a party runs. */
export interface ProgramView {
  /** Its name. */
  name: string;
  /** Its version. */
  version: string;
  /** What it does, in one sentence. */
  description: string;
  /** What it reads: JSON Schemas by name. */
  inputs: Record<string, unknown>;
  /** What it makes: JSON Schemas by name. */
  outputs: Record<string, unknown>;
  /** What it may be asked for, as JSON Schema; null when it takes no params. */
  params: unknown;
}

/** Why a computation failed or was cancelled at a party. */
export interface ComputationFailure {
  /** The party's error. */
  code: ErrorCode;
  /** The same for people. */
  detail: string;
  /** The rank that it blames. */
  rank: number | undefined;
  /** With `PEER_ABORTED`: the error of the rank that failed first. */
  peerCode: ErrorCode | undefined;
  /** With `PEER_ABORTED`: the same for people. */
  reason: string | undefined;
}

/** A computation as one party shows it. */
export interface ComputationView {
  /** Its id. */
  id: string;
  /** The program that runs. */
  program: string;
  /** The program's version. */
  version: string;
  /** Where it is in its life; the last three are for good. */
  state: "pending" | "running" | "completed" | "failed" | "cancelled";
  /** The symbol of each input, by the input's name. */
  inputs: Record<string, string>;
  /** The symbol of each output, by the output's name. */
  outputs: Record<string, string>;
  /** What the program was asked for; undefined in a list, and in a status, that leaves it out. */
  params: unknown;
  /** How far it is; undefined before the program tells. */
  progress: { fraction: number; note: string } | undefined;
  /** When it was created. */
  createdAt: Date;
  /** When all parties had agreed, and the program began. */
  startedAt: Date | undefined;
  /** When it ended. */
  endedAt: Date | undefined;
  /** How long it has been there, or was until it ended, in milliseconds. */
  elapsedMs: number;
  /** What went to and came from each rank. */
  traffic: (Traffic & { rank: number })[];
  /** The trace that it belongs to (W3C `traceparent`). */
  traceparent: string;
  /** Why it failed or was cancelled. */
  error: ComputationFailure | undefined;
}

/** How a party is, all sessions together. */
export interface StatusView {
  /** The version of Partyline that it runs. */
  version: string;
  /** When it was started. */
  startedAt: Date;
  /** For how long it has run, in seconds. */
  uptimeS: number;
  /** What time it is there. */
  time: Date;
  /** Whether it takes work: false while it ends. */
  ready: boolean;
  /** The fingerprint of its `parties.json`, the same at all; undefined without keys. */
  configFingerprint: string | undefined;
  /** What it runs. */
  programs: { name: string; version: string }[];
  /** Its sessions, with their peers and computations. */
  sessions: (SessionDetails & { computations: ComputationView[] })[];
  /** How many computations there are in each state. */
  computations: Record<string, number>;
  /** What passed between it and all other parties. */
  traffic: Traffic;
  /** The parties of its sessions, and whether they answer it. */
  parties: SeenParty[];
}

/** One party as another sees it. */
export interface SeenParty {
  /** Its base URL. */
  url: string;
  /** Whether it answered. */
  answers: boolean;
  /** How long that took, in milliseconds. */
  latencyMs: number | undefined;
  /** The version of Partyline that it runs. */
  version: string | undefined;
}
