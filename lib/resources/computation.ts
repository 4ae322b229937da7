/**
 * Computations: one run of a program in a session, with messages of its own. It can fail or be
 * cancelled, here and at the other parties, while the session goes on.
 *
 * @module
 */

import type { PeerStats } from "../comm/communicator.ts";
import { explainFailure, type Farewell } from "../comm/ending.ts";
import type { Scope, ScopeEnd, ScopeEvents } from "../comm/scopes.ts";
import {
  errorOf,
  type ErrorRecord,
  PartyError,
  PeerAbortedError,
  recordOf,
  SerializationError,
  SessionClosedError,
} from "../errors.ts";
import type { Logger } from "../log.ts";
import type { Program } from "../programs/program.ts";
import { followTrace, newTrace } from "../trace.ts";
import { decodeJson } from "../wire/json.ts";
import { bindNames, keepOutputs, readOutputs } from "./bindings.ts";
import { type ComputationSpec, encodeParams, requestOf } from "./computation_spec.ts";
import { runProgram } from "./run.ts";
import type { Values } from "./values.ts";

/**
 * Where a computation is in its life: `pending` until all parties have started it and agree on what
 * it is.
 */
export type ComputationState = "pending" | "running" | "completed" | "failed" | "cancelled";

/** All of them. */
export const COMPUTATION_STATES: readonly ComputationState[] = [
  "pending",
  "running",
  "completed",
  "failed",
  "cancelled",
];

/** How far a computation is, as its program tells. */
export interface Progress {
  /** From 0 to 1. */
  fraction: number;
  /** What is done just now. */
  note: string;
}

/** The session in which a computation runs, as far as it needs to know it. */
export interface ComputationHost {
  /** The session's name. */
  session: string;
  /** The session's log. */
  log: Logger;
  /** Begins the part of the session that is the computation's. */
  beginScope(name: string, events: ScopeEvents): Scope;
  /** Ends it, and tells the other parties when that is before its time. */
  endScope(name: string, end: ScopeEnd): void;
  /** Where inputs come from and outputs go. */
  values: Values;
}

/** What the part of a session is called that is a computation's; no context has a slash. */
export function scopeName(id: string): string {
  return `computations/${id}`;
}

/** How long the note of a program's progress may be, in UTF-16 code units. */
const MAX_NOTE_LENGTH = 200;

/**
 * One run of a program. Once it has ended, nothing is kept of what the program read and made besides
 * the symbols.
 */
export class Computation {
  /** Its name, unique in the session. */
  readonly id: string;
  /** The program that runs. */
  readonly program: Program;
  /** The symbol of each input, by the input's name. */
  readonly inputs: Readonly<Record<string, string>>;
  /** The symbol of each output, by the output's name. */
  readonly outputs: Readonly<Record<string, string>>;
  /** Its traffic with each rank. */
  readonly stats: readonly Readonly<PeerStats>[];
  /** When it was created. */
  readonly createdAt: Date = new Date();
  /** Resolves once it is completed, rejects with `error` when it ended before. */
  readonly ended: Promise<void>;
  readonly #host: ComputationHost;
  readonly #paramsJson: string | undefined;
  readonly #listeners: Set<() => void> = new Set();
  /** These three until its end is over: they may hold what the program had. */
  #stop: AbortController | undefined = new AbortController();
  #result: Promise<Record<string, unknown>> | undefined;
  #error: PartyError | undefined;
  #log: Logger;
  #trace: string;
  #state: ComputationState = "pending";
  #startedAt: Date | undefined;
  #endedAt: Date | undefined;
  #progress: Progress | undefined;
  #failure: ErrorRecord | undefined;
  /** The outputs that it made. */
  #made: string[] = [];

  /**
   * Starts it; `session.compute()` does so.
   *
   * @param spec what it is, checked
   * @param program the program that it names
   * @param host the session
   * @param trace the trace context of who asked for it
   * @throws {PartyError} `INVALID_REQUEST`; `SERIALIZATION` when the params are no plain data;
   * `PAYLOAD_TOO_LARGE` when they are too large
   */
  constructor(
    spec: ComputationSpec,
    program: Program,
    host: ComputationHost,
    trace: string = newTrace(),
  ) {
    this.id = spec.id;
    this.program = program;
    this.inputs = bindNames(program, "input", spec.inputs);
    this.outputs = bindNames(program, "output", spec.outputs);
    this.#paramsJson = encodeParams(program, spec.params);
    this.#host = host;
    this.#trace = trace;
    this.#log = host.log.about({ computation: spec.id, traceparent: trace });
    const onFailure = (error: Error) => this.cancel(error);
    const scope = host.beginScope(scopeName(spec.id), { onFailure });
    this.stats = scope.stats;
    this.#result = this.#run(scope, this.#stop!.signal);
    this.ended = this.#result.then(() => this.#release(), () => {
      this.#release();
      throw this.error;
    });
    this.ended.catch(() => {}); // nobody has to await it
  }

  /** Whether it was started from the same request. */
  matches(spec: ComputationSpec): boolean {
    const { program, inputs, outputs } = this;
    const own = { inputs, outputs, paramsJson: this.#paramsJson };
    return spec.program === program.name &&
      requestOf(own) === requestOf({
          inputs: bindNames(program, "input", spec.inputs),
          outputs: bindNames(program, "output", spec.outputs),
          paramsJson: encodeParams(program, spec.params),
        });
  }

  /**
   * What the program returned; rejects with why it ended before. Asked for once that is past, it is
   * what the outputs' symbols hold, or rejects with `error`.
   *
   * @throws {PartyError} `UNKNOWN_SYMBOL` when such a symbol was deleted
   */
  get result(): Promise<Record<string, unknown>> {
    if (this.#result !== undefined) return this.#result;
    const { program, outputs } = this;
    const result = this.ended.then(() =>
      readOutputs(program, outputs, this.#made, this.#host.values)
    );
    result.catch(() => {});
    return result;
  }

  /** What the program is asked for: a copy, the keys of its objects in order; undefined for nothing. */
  get params(): unknown {
    return this.#paramsJson === undefined ? undefined : decodeJson(this.#paramsJson);
  }

  /** Where it is in its life. */
  get state(): ComputationState {
    return this.#state;
  }

  /** Whether it is over, in whatever way. */
  get hasEnded(): boolean {
    return this.#endedAt !== undefined;
  }

  /** When all parties had agreed and the program began; undefined before. */
  get startedAt(): Date | undefined {
    return this.#startedAt;
  }

  /** When it ended; undefined before. */
  get endedAt(): Date | undefined {
    return this.#endedAt;
  }

  /** How far it is; undefined before the program tells. */
  get progress(): Progress | undefined {
    return this.#progress;
  }

  /** Why it failed or was cancelled, without the cause of that; undefined otherwise. */
  get error(): PartyError | undefined {
    return this.#failure && errorOf(this.#failure);
  }

  /** The trace that it belongs to, the same at all parties once they have agreed. */
  get traceparent(): string {
    return this.#trace;
  }

  /**
   * Follows it.
   *
   * @param listener is called after each change of state or progress
   * @returns ends that
   */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Cancels it, here and at the other parties, unless it has ended. @param reason why */
  cancel(reason: Error = new PartyError("CANCELLED", "It was cancelled")): void {
    if (!this.hasEnded) this.#fail(reason);
  }

  /** Hears that it has ended before its time at another party. */
  onFarewell(from: number, { code, reason }: Farewell): void {
    if (this.hasEnded) return;
    const { session } = this.#host;
    if (code === "AGREEMENT_MISMATCH" && this.#state === "pending") {
      // What all have sent to all shows it to each of them, sooner or later.
      return void this.#fail(new PartyError(code, reason, { rank: from, session }), true);
    }
    const message = `Computation ${this.id} ${
      code === "CANCELLED" ? "was cancelled" : "failed"
    } at rank ${from}: ${reason} (${code})`;
    const fields = { rank: from, session, peerCode: code, reason };
    this.#fail(new PeerAbortedError(message, fields), true);
  }

  async #run(scope: Scope, signal: AbortSignal): Promise<Record<string, unknown>> {
    const stopped = new Promise<never>((_, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason), { once: true })
    );
    const { program, outputs: names } = this;
    try {
      const outputs = await Promise.race([this.#work(scope, signal), stopped]) ?? {};
      const drop = await keepOutputs(program, names, outputs, this.#host.values, signal);
      if (signal.aborted) await drop();
      signal.throwIfAborted();
      this.#made = Object.keys(outputs).filter((name) => outputs[name] !== undefined);
      this.#end("completed", {
        error: new SessionClosedError(`Computation ${this.id} is completed`),
      });
      return outputs;
    } catch (cause) {
      throw this.#fail(cause);
    }
  }

  async #work(scope: Scope, signal: AbortSignal): Promise<Record<string, unknown>> {
    await Promise.resolve(); // the session has to know of it first
    signal.throwIfAborted();
    const { program, inputs, outputs } = this;
    this.#log.info("Computation pending", { program: program.name, version: program.version });
    return await runProgram({
      program,
      params: this.params,
      inputs,
      outputs,
      values: this.#host.values,
      communicator: scope.communicator,
      signal,
      trace: this.#trace,
      onAgreed: (traces) => this.#begin(traces),
      onProgress: (fraction, note) => this.#report(fraction, note),
    });
  }

  /** The trace of the lowest rank becomes that of all. */
  #begin([trace]: unknown[]): Logger {
    this.#trace = followTrace(this.#trace, trace);
    this.#log = this.#log.about({ traceparent: this.#trace });
    this.#state = "running";
    this.#startedAt = new Date();
    this.#log.info("Computation running");
    this.#changed();
    return this.#log;
  }

  /** Rounding, or a division by no work at all, must not fail the work. */
  #report(fraction: number, note: unknown = ""): void {
    if (this.#state !== "running") return;
    this.#progress = {
      fraction: Math.min(1, Math.max(0, fraction)) || 0,
      note: typeof note === "string" ? note.slice(0, MAX_NOTE_LENGTH) : "",
    };
    this.#changed();
  }

  /** @param isKnown whether the other parties have been told by who failed first */
  #fail(cause: unknown, isKnown = false): PartyError {
    if (this.#error !== undefined) return this.#error;
    const { error, farewell } = explainFailure(cause, this.#host.session);
    const code = error instanceof PeerAbortedError ? error.peerCode : error.code;
    const wasCancelled = code === "CANCELLED" || error instanceof SessionClosedError;
    const stop = this.#stop;
    this.#error = error;
    const record = recordOf(error);
    // The place in a value, which the log has, may be made of what the value holds.
    const isPlace = error instanceof SerializationError;
    this.#failure = isPlace ? { ...record, message: farewell.reason } : record;
    this.#end(wasCancelled ? "cancelled" : "failed", {
      error,
      farewell: { ...farewell, computation: this.id, traceparent: this.#trace },
      isKnown,
    });
    stop?.abort(error);
    return error;
  }

  #end(state: ComputationState, end: ScopeEnd): void {
    this.#state = state;
    this.#endedAt = new Date();
    this.#stop = undefined;
    this.#host.endScope(scopeName(this.id), end);
    const fields = { elapsedMs: Number(this.#endedAt) - Number(this.createdAt) };
    if (state === "completed") this.#log.info("Computation completed", fields);
    else this.#log.warn(`Computation ${state}`, fields, end.error);
    this.#changed();
  }

  /** Errors hold the functions on their stack, and what these use. */
  #release(): void {
    this.#result = undefined;
    this.#error = undefined;
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
