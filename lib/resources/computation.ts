/**
 * Computations: one run of a program in a session, with messages of its own.
 *
 * @module
 */

import { Context } from "../comm/collectives.ts";
import type { Communicator } from "../comm/communicator.ts";
import { v } from "../deps.ts";
import { check, Name } from "../schema.ts";
import { encodeJson } from "../wire/json.ts";

/** What a computation is asked to be; the same at every party. */
export interface ComputationSpec {
  /** 1 to 128 letters, digits, `.`, `_` or `-`; unique in the session. */
  id: string;
  /** The name of the program that runs. */
  program: string;
  /** What the program is told; plain data. */
  params?: unknown;
}

/** What a running program has. */
export interface ComputationContext {
  /** Reaches the same computation at the other parties. */
  communicator: Communicator;
  /** Aborts when the computation is cancelled, or the session fails or closes. */
  signal: AbortSignal;
}

/** Where a computation is in its life. */
export type ComputationState = "running" | "completed" | "failed" | "cancelled";

/** What {@linkcode ComputationSpec} is checked against. */
const ComputationSchema: v.GenericSchema<unknown, ComputationSpec> = v.object({
  id: Name,
  program: Name,
  params: v.optional(v.unknown()),
});

/** One run of a program. */
export class Computation {
  /** What it was asked to be. */
  readonly spec: ComputationSpec;
  /** The program's result; rejects with what it threw, or with why it ended before. */
  readonly result: Promise<unknown>;
  readonly #params: string;
  readonly #stop: AbortController = new AbortController();
  #state: ComputationState = "running";

  /**
   * Starts it.
   *
   * @param spec what it is
   * @param communicator the session's
   * @param run the program
   * @throws {PartyError} `INVALID_REQUEST`; `SERIALIZATION` when the params are no plain data
   */
  constructor(
    spec: ComputationSpec,
    communicator: Communicator,
    run: (context: ComputationContext) => Promise<unknown>,
  ) {
    this.spec = check(ComputationSchema, spec, "a computation");
    this.#params = encodeJson(spec.params);
    // Names of contexts that programs spawn have no slash, so that none meets a computation's.
    const own = new Context(communicator, `computations/${spec.id}`);
    this.result = this.#run(() => run({ communicator: own, signal: this.#stop.signal }));
    this.result.catch(() => {}); // nobody has to await it
  }

  /** Whether it was started from the same program and params. */
  matches(spec: ComputationSpec): boolean {
    return this.spec.program === spec.program && this.#params === encodeJson(spec.params);
  }

  /** Where it is in its life. */
  get state(): ComputationState {
    return this.#state;
  }

  /** Cancels it, unless it has ended. @param reason what `result` rejects with */
  cancel(reason: Error): void {
    this.#end("cancelled", reason);
  }

  /** Ends it as failed, unless it has ended: the session has failed. @param reason why */
  fail(reason: Error): void {
    this.#end("failed", reason);
  }

  #end(state: ComputationState, reason: Error): void {
    if (this.#state !== "running") return;
    this.#state = state;
    this.#stop.abort(reason);
  }

  async #run(program: () => Promise<unknown>): Promise<unknown> {
    const { signal } = this.#stop;
    const stopped = new Promise<never>((_, reject) =>
      signal.addEventListener("abort", () => reject(signal.reason), { once: true })
    );
    try {
      const result = await Promise.race([program(), stopped]);
      this.#state = "completed";
      return result;
    } catch (error) {
      if (this.#state === "running") this.#state = "failed";
      throw error;
    }
  }
}
