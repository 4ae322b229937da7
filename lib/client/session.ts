/**
 * A session at all parties, as a driver sees it.
 *
 * @module
 */

import { PartyError, SessionClosedError } from "../errors.ts";
import { randomHex } from "../random.ts";
import { check, Name } from "../schema.ts";
import { onAbort } from "../timing.ts";
import { encodeJson } from "../wire/json.ts";
import { atAll, driverError, tryAtAll } from "./everyone.ts";
import type { ComputationRequest } from "./options.ts";
import type { CloseOptions, PartyClient } from "./party_client.ts";
import { Run, type RunControl } from "./run.ts";
import type { ComputationView, ListedSymbol, SessionDetails } from "./views.ts";

/** How a program is run. */
export interface RunOptions extends RunControl, Partial<Omit<ComputationRequest, "program">> {
  /**
   * 1 to 128 letters, digits, `.`, `_` or `-`. The same id with the same request is the same
   * computation, whose end is waited for; with another request it is a `CONFLICT`.
   *
   * @default {a random one}
   */
  id?: string;
}

/**
 * A session that all parties have; `driver.session()` creates it. Its methods reject with the
 * `PartyError` of the party that was asked, or with a `DriverError` that names the first that failed.
 */
export class DriverSession {
  /** The session's name. */
  readonly name: string;
  readonly #parties: readonly PartyClient[];
  readonly #awayMs: number;
  readonly #closed: AbortController = new AbortController();

  /**
   * Stands for a session that exists; `driver.session()` makes it.
   *
   * @param name the session's
   * @param parties all of them
   * @param awayMs how long a party may be away, in milliseconds
   */
  constructor(name: string, parties: readonly PartyClient[], awayMs: number) {
    this.name = name;
    this.#parties = parties;
    this.#awayMs = awayMs;
  }

  /** The number of parties. */
  get worldSize(): number {
    return this.#parties.length;
  }

  /**
   * Gives a party a value; no other party sees it. The same again is the same.
   *
   * @param rank the party's
   * @param name 1 to 128 letters, digits, `.`, `_` or `-`
   * @param value plain data, and typed arrays
   * @param mptype what type the parties say it has; plain JSON of a few kilobytes
   * @throws {PartyError} `CONFLICT` when the name has another value already
   */
  async put(rank: number, name: string, value: unknown, mptype?: unknown): Promise<void> {
    await this.#party(rank).putSymbol(this.name, name, value, mptype);
  }

  /** Reads a value from a party. @throws {PartyError} `UNKNOWN_SYMBOL` */
  async get(rank: number, name: string): Promise<unknown> {
    return (await this.#party(rank).getSymbol(this.name, name)).value;
  }

  /** The names and types of a party's values. */
  async symbols(rank: number): Promise<ListedSymbol[]> {
    return await this.#party(rank).symbols(this.name);
  }

  /** Deletes a value at a party. @throws {PartyError} `UNKNOWN_SYMBOL` */
  async delete(rank: number, name: string): Promise<void> {
    await this.#party(rank).deleteSymbol(this.name, name);
  }

  /**
   * Runs a program at all parties, and waits for its end. When it fails at one, it is cancelled at
   * the rest, and the session goes on.
   *
   * @param program the name of a program that all parties run
   * @param options its id, inputs, outputs and params, which are the same for all parties; the signal
   * that cancels it, and who hears of its progress
   * @returns how it ended at each party, by rank; its outputs are symbols then
   * @throws {DriverError} naming the party that failed first, and why; `PEER_UNREACHABLE` for one that
   * died
   * @throws {PartyError} `INVALID_REQUEST`, `SERIALIZATION` for a mistake that no party was asked about
   */
  async run(program: string, options: RunOptions = {}): Promise<ComputationView[]> {
    this.#checkOpen();
    const { id = `run-${randomHex(8)}`, inputs, outputs, params, signal, ...control } = options;
    const request: ComputationRequest = {
      id: check(Name, id, "the id of a computation"),
      program: check(Name, program, "the name of a program"),
    };
    encodeJson(params); // throws before any party has started
    if (inputs !== undefined) request.inputs = inputs;
    if (outputs !== undefined) request.outputs = outputs;
    if (params !== undefined) request.params = params;
    const stop = new AbortController();
    if (signal?.aborted) stop.abort(signal.reason);
    const ignored = [signal, this.#closed.signal].map((one) =>
      one && onAbort(one, () => stop.abort(one.reason))
    );
    try {
      const all = { ...control, signal: stop.signal };
      return await new Run(this.#parties, this.name, request, all, this.#awayMs).start();
    } finally {
      for (const ignore of ignored) ignore?.();
    }
  }

  /**
   * Cancels a computation at all parties; nothing happens where it has ended.
   *
   * @throws {PartyError} `UNKNOWN_COMPUTATION` when no party has it
   */
  async cancel(id: string): Promise<void> {
    this.#checkOpen();
    const outcomes = await tryAtAll(
      this.#parties,
      (party) => party.cancelComputation(this.name, id),
    );
    const failures = outcomes.failures.filter(({ code }) => code !== "UNKNOWN_COMPUTATION");
    if (failures.length > 0) this.#throw(`Cannot cancel computation ${id} everywhere`, failures);
    if (outcomes.failures.length < this.worldSize) return;
    this.#throw(`Cannot cancel computation ${id}`, outcomes.failures);
  }

  /** The session as each party sees it, by rank: who waits for whom, and what passed. */
  async describe(): Promise<SessionDetails[]> {
    this.#checkOpen();
    const what = `Cannot describe session ${this.name}`;
    return await atAll(this.#parties, what, (party) => party.session(this.name));
  }

  /** The computations of each party, by rank, in the order in which they were started. */
  async computations(): Promise<ComputationView[][]> {
    this.#checkOpen();
    const what = `Cannot list the computations of session ${this.name}`;
    return await atAll(this.#parties, what, (party) => party.computations(this.name));
  }

  /**
   * Closes the session at all parties, which cancels what runs; also when one cannot be reached.
   * Closing it again tries those again that failed.
   *
   * @param options whether the parties' stores keep its symbols; they are deleted otherwise
   * @throws {DriverError} naming the parties where it is not closed
   */
  async close(options: CloseOptions = {}): Promise<void> {
    this.#closed.abort(
      new SessionClosedError(`Session ${this.name} is closed`, { session: this.name }),
    );
    const outcomes = await tryAtAll(
      this.#parties,
      (party) => party.deleteSession(this.name, options),
    );
    const failures = outcomes.failures.filter(({ code }) => code !== "UNKNOWN_SESSION");
    if (failures.length > 0) {
      const ranks = failures.map(({ rank }) => rank).join(", ");
      this.#throw(`Session ${this.name} is not closed at rank ${ranks}`, failures);
    }
  }

  /** Closes the session, for `await using`; where a party cannot be reached, it is left there. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close().catch((error) => {
      if (!(error instanceof PartyError)) throw error;
    });
  }

  #party(rank: number): PartyClient {
    this.#checkOpen();
    const party = this.#parties[rank];
    if (party !== undefined) return party;
    throw new RangeError(
      `Cannot ask rank ${rank}: session ${this.name} has ranks 0 to ${this.worldSize - 1}`,
    );
  }

  #checkOpen(): void {
    this.#closed.signal.throwIfAborted();
  }

  #throw(what: string, failures: Parameters<typeof driverError>[1]): never {
    throw driverError(what, failures, this.#parties, this.name);
  }
}
