/**
 * A session: what several parties do together under one name, seen from one of them.
 *
 * @module
 */

import { HttpCommunicator, type HttpCommunicatorOptions, type PeerView } from "../comm/http.ts";
import type { Farewell } from "../comm/ending.ts";
import type { SessionCover } from "../comm/link/sealed/cover.ts";
import { SessionClosedError } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { ProgramRegistry } from "../programs/registry.ts";
import { encodeJson } from "../wire/json.ts";
import type { Computation } from "./computation.ts";
import type { ComputationSpec } from "./computation_spec.ts";
import { type ComputationLimits, Computations } from "./computations.ts";
import type { SessionSpec } from "./spec.ts";
import type { SymbolLimits, SymbolTable } from "./symbols.ts";

/** `failed` once this party or another gave up; only closing it is left then. */
export type SessionState = "open" | "failed" | "closed";

/** The limits and defaults that a party gives its sessions. */
export type SessionLimits =
  & Pick<
    HttpCommunicatorOptions,
    "timeoutMs" | "maxMailboxBytes" | "maxMessageBytes" | "maxRequestBytes" | "fetch"
  >
  & ComputationLimits
  & SymbolLimits;

/** What a session has of its party. */
export interface SessionHost {
  /** Limits and defaults. */
  limits: SessionLimits;
  /** What its computations may run. */
  programs: ProgramRegistry;
  /** The party's log. */
  log: Logger;
  /** What seals everything between the parties; undefined where they have no keys. */
  cover?: SessionCover | undefined;
  /** Hears that the session has closed. */
  onClosed: () => void;
  /** Hears of each computation that is over. */
  onComputationEnded: (computation: Computation) => void;
}

/** One party's part in a session; `party.createSession()` makes it. */
export class Session {
  /** The session's name, the same at every party. */
  readonly name: string;
  /** This party's rank. */
  readonly rank: number;
  /** The base URL of every party, in the order of the ranks. */
  readonly endpoints: readonly string[];
  /** Reaches the other parties. */
  readonly communicator: HttpCommunicator;
  /** The session's named values at this party. */
  readonly symbols: SymbolTable;
  readonly #computations: Computations;
  readonly #onClosed: () => void;

  /**
   * Opens the session; `party.createSession()` does so.
   *
   * @param spec checked already
   * @param symbols its named values
   * @param host the party's part
   */
  constructor(spec: SessionSpec, symbols: SymbolTable, host: SessionHost) {
    const { limits, programs, log, onClosed, onComputationEnded } = host;
    this.name = spec.name;
    this.rank = spec.rank;
    this.endpoints = spec.endpoints;
    const options = { ...limits, ...spec, session: spec.name, cover: host.cover };
    this.communicator = new HttpCommunicator(options);
    this.symbols = symbols;
    const about = log.about({ session: spec.name, rank: spec.rank });
    this.#computations = new Computations({
      session: spec.name,
      communicator: this.communicator,
      symbols: this.symbols,
      programs,
      log: about,
      limits,
      onEnded: onComputationEnded,
    });
    this.communicator.ended.addEventListener("abort", () => {
      const failure = this.communicator.failure!;
      this.#computations.endAll(failure);
      if (failure instanceof SessionClosedError) about.info("Session closed");
      else about.warn("Session failed", {}, failure);
    }, { once: true });
    this.#onClosed = onClosed;
    about.info("Session created", { worldSize: this.worldSize });
  }

  /** The number of parties. */
  get worldSize(): number {
    return this.endpoints.length;
  }

  /** Whether the session can be used. */
  get state(): SessionState {
    const { failure } = this.communicator;
    if (failure === undefined) return "open";
    return failure instanceof SessionClosedError ? "closed" : "failed";
  }

  /**
   * The computations of the session, in the order in which they were started. Of those that have
   * ended, the last ones.
   */
  get computations(): Computation[] {
    return this.#computations.list();
  }

  /** The computation of that id. @throws {PartyError} `UNKNOWN_COMPUTATION` */
  computation(id: string): Computation {
    return this.#computations.get(id);
  }

  /**
   * Tells who waits for whom here: for each other rank what a `recv` waits for, what came and was
   * not read, how messages travel, and how many did.
   */
  describe(): PeerView[] {
    return this.communicator.describe();
  }

  /** Whether the session was created from the same rank and endpoints. */
  matches(spec: SessionSpec): boolean {
    return this.rank === spec.rank && encodeJson(this.endpoints) === encodeJson(spec.endpoints);
  }

  /**
   * Runs a program with the other parties, each of which has to start it too. When it fails or is
   * cancelled at one of them, so it is at all, and the session goes on. When the session fails, so
   * does the computation.
   *
   * @param spec which computation it is; the same again is the same computation
   * @param trace the trace context (W3C `traceparent`) of who asks for it; a new one by default
   * @returns the computation, whose `result` is the program's
   * @throws {PartyError} `UNKNOWN_PROGRAM`; `CONFLICT` when the id stands for another computation;
   * `INVALID_REQUEST`; `SERIALIZATION` when the params are no plain data, `PAYLOAD_TOO_LARGE` when
   * they are too large; `TOO_MANY_COMPUTATIONS`; why the session failed, when it has
   */
  compute(spec: ComputationSpec, trace?: string): Computation {
    return this.#computations.start(spec, trace);
  }

  /** Takes another party's farewell: to the session, or to one of its computations. */
  onFarewell(from: number, farewell: Farewell): void {
    if (farewell.computation === undefined) this.communicator.onFarewell(from, farewell);
    else this.#computations.onFarewell(from, farewell.computation, farewell);
  }

  /**
   * Ends this party's part: computations are cancelled, everything that waits rejects with
   * `SESSION_CLOSED`, symbols are deleted and the other parties are told.
   *
   * @param reason what the others are told
   * @throws {PartyError} `INTERNAL` when the party's store keeps the symbols, as it failed
   */
  close(reason?: string): Promise<void> {
    return this.#end(reason, () => this.symbols.close());
  }

  /**
   * The same, but the party's store keeps the symbols: they are back when a session of this name,
   * rank and endpoints is created again. This is how sessions end when their party closes, or when
   * they are closed to be created anew, such as after one of the parties restarted.
   *
   * @param reason what the others are told
   */
  suspend(reason?: string): Promise<void> {
    return this.#end(reason, () => this.symbols.suspend());
  }

  async #end(reason: string | undefined, endSymbols: () => Promise<void>): Promise<void> {
    const closing = this.communicator.close(reason);
    const ending = endSymbols();
    this.#computations.clear();
    try {
      await Promise.all([closing, ending]);
    } finally {
      await closing;
      this.#onClosed();
    }
  }

  /** Closes the session, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
