/**
 * A session: what several parties do together under one name, seen from one of them.
 *
 * @module
 */

import { HttpCommunicator, type HttpCommunicatorOptions, type PeerView } from "../comm/http.ts";
import { PartyError, SessionClosedError } from "../errors.ts";
import { encodeJson } from "../wire/json.ts";
import { Computation, type ComputationContext, type ComputationSpec } from "./computation.ts";
import type { SessionSpec } from "./spec.ts";
import { SymbolTable } from "./symbols.ts";

/** `failed` once this party or another gave up; only closing it is left then. */
export type SessionState = "open" | "failed" | "closed";

/** The limits and defaults that a party gives its sessions. */
export type SessionLimits = Pick<
  HttpCommunicatorOptions,
  "timeoutMs" | "maxMailboxBytes" | "maxMessageBytes" | "maxRequestBytes" | "fetch"
>;

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
  readonly #computations: Map<string, Computation> = new Map();
  readonly #onClosed: () => void;

  /**
   * Opens the session; `party.createSession()` does so.
   *
   * @param spec checked already
   * @param limits the party's
   * @param onClosed is called when the session closes
   */
  constructor(spec: SessionSpec, limits: SessionLimits, onClosed: () => void) {
    this.name = spec.name;
    this.rank = spec.rank;
    this.endpoints = spec.endpoints;
    const options = { ...limits, ...spec, session: spec.name };
    this.communicator = new HttpCommunicator(options);
    this.communicator.ended.addEventListener("abort", () => {
      const failure = this.communicator.failure!;
      for (const computation of this.#computations.values()) {
        if (failure instanceof SessionClosedError) computation.cancel(failure);
        else computation.fail(failure);
      }
    });
    this.symbols = new SymbolTable(spec.name);
    this.#onClosed = onClosed;
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

  /** The computations of the session, in the order in which they were started. */
  get computations(): Computation[] {
    return [...this.#computations.values()];
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
   * Runs a program with the other parties, each of which has to start it too. When it throws, the
   * session fails, here and at the others. When the session fails, so does the computation.
   *
   * @param spec which computation it is; the same again is the same computation
   * @param run the program
   * @returns the computation, whose `result` is the program's
   * @throws {PartyError} `CONFLICT` when the id stands for another computation; `INVALID_REQUEST`;
   * `SERIALIZATION` when the params are no plain data; why the session failed, when it has
   */
  compute(
    spec: ComputationSpec,
    run: (context: ComputationContext) => Promise<unknown>,
  ): Computation {
    const existing = this.#computations.get(spec.id);
    if (existing !== undefined) {
      if (existing.matches(spec)) return existing;
      throw new PartyError(
        "CONFLICT",
        `Cannot start computation ${spec.id} in session ${this.name}: it exists with program ` +
          `${existing.spec.program} or other params; use another id`,
        { session: this.name },
      );
    }
    if (this.communicator.failure) throw this.communicator.failure;
    const computation = new Computation(spec, this.communicator, run);
    this.#computations.set(spec.id, computation);
    computation.result.catch((error) => this.communicator.abort(error));
    return computation;
  }

  /**
   * Ends this party's part: computations are cancelled, everything that waits rejects with
   * `SESSION_CLOSED`, symbols are dropped and the other parties are told.
   *
   * @param reason what the others are told
   */
  async close(reason?: string): Promise<void> {
    const closing = this.communicator.close(reason);
    this.#computations.clear();
    this.symbols.close();
    await closing;
    this.#onClosed();
  }

  /** Closes the session, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
