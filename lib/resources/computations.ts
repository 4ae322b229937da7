/**
 * The computations of one session: started once, kept for a while after they have ended.
 *
 * @module
 */

import type { Farewell } from "../comm/ending.ts";
import type { HttpCommunicator } from "../comm/http.ts";
import { PartyError, SessionClosedError } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { ProgramRegistry } from "../programs/registry.ts";
import { inBackground } from "../timing.ts";
import { Computation, type ComputationHost, scopeName } from "./computation.ts";
import { checkComputation, type ComputationSpec } from "./computation_spec.ts";
import type { SymbolTable } from "./symbols.ts";

/** How many computations a session may have, and for how long they are kept. */
export interface ComputationLimits {
  /**
   * How many of them may be pending or running in a session.
   *
   * @default {1_000}
   */
  maxActiveComputations?: number;
  /**
   * How many that have ended a session keeps, each with its params of 64 KiB at most.
   *
   * @default {1_000}
   */
  maxEndedComputations?: number;
  /**
   * For how long they are kept, in milliseconds.
   *
   * @default {86_400_000}
   */
  maxEndedAgeMs?: number;
}

/** What the computations of a session need. */
export interface ComputationsHost {
  /** The session's name. */
  session: string;
  /** Reaches the other parties. */
  communicator: HttpCommunicator;
  /** Where inputs come from and outputs go. */
  symbols: SymbolTable;
  /** What may run. */
  programs: ProgramRegistry;
  /** The session's log. */
  log: Logger;
  /** How many there may be. */
  limits: ComputationLimits;
  /** Hears of each computation that is over. */
  onEnded: (computation: Computation) => void;
}

/** How many ends are remembered of computations that have yet to be started here. */
const MAX_EARLY_ENDS = 1_000;

/** Owns the Map of computations. */
export class Computations {
  readonly #host: ComputationsHost;
  readonly #byId: Map<string, Computation> = new Map();
  /** Those that are over, in the order in which they ended. */
  readonly #ended: Set<Computation> = new Set();
  #stopTimer: (() => void) | undefined;
  /** The ends at other parties of computations that were not started here yet. */
  readonly #earlyEnds: Map<string, [from: number, farewell: Farewell]> = new Map();
  readonly #runHost: ComputationHost;

  /** @param host what they need of the session */
  constructor(host: ComputationsHost) {
    const { communicator, session, symbols, log } = host;
    this.#host = host;
    this.#runHost = {
      session,
      log,
      beginScope: (name, events) => communicator.beginScope(name, events),
      endScope: (name, end) => communicator.endScope(name, end),
      values: {
        get: (name) => symbols.has(name) ? symbols.get(name).value : undefined,
        has: (name) => symbols.has(name),
        isPrivate: (name) => symbols.has(name) && symbols.get(name).isPrivate,
        put: async (name, value) => void await symbols.put(name, value),
        delete: (name) => symbols.delete(name),
      },
    };
  }

  /** Starts one; the same again is the same. @throws {PartyError} as `session.compute()` does */
  start(given: ComputationSpec, trace?: string): Computation {
    this.#forget();
    const spec = checkComputation(given);
    const existing = this.#byId.get(spec.id);
    if (existing !== undefined) {
      if (existing.matches(spec)) return existing;
      const { session } = this.#host;
      throw new PartyError(
        "CONFLICT",
        `Cannot start computation ${spec.id} in session ${session}: it exists with program ` +
          `${existing.program.name}, other names or other params; use another id`,
        { session },
      );
    }
    const { communicator, programs } = this.#host;
    if (communicator.failure) throw communicator.failure;
    const program = programs.get(spec.program);
    this.#checkRoom(spec.id);
    const computation = new Computation(spec, program, this.#runHost, trace);
    this.#byId.set(spec.id, computation);
    computation.onChange(() => {
      if (computation.hasEnded) this.#onEnded(computation);
    });
    const early = this.#earlyEnds.get(spec.id);
    this.#earlyEnds.delete(spec.id);
    if (early !== undefined) computation.onFarewell(...early);
    return computation;
  }

  /** The computation of that id. @throws {PartyError} `UNKNOWN_COMPUTATION` */
  get(id: string): Computation {
    this.#forget();
    const computation = this.#byId.get(id);
    if (computation !== undefined) return computation;
    const { session } = this.#host;
    throw new PartyError("UNKNOWN_COMPUTATION", `Session ${session} has no computation ${id}`, {
      session,
    });
  }

  /** All that are kept, in the order in which they were started. */
  list(): Computation[] {
    this.#forget();
    return [...this.#byId.values()];
  }

  /** One has ended before its time at another party, perhaps before it was started here. */
  onFarewell(from: number, id: string, farewell: Farewell): void {
    const computation = this.#byId.get(id);
    if (computation !== undefined) return computation.onFarewell(from, farewell);
    if (this.#earlyEnds.has(id)) return; // whoever failed first
    this.#earlyEnds.set(id, [from, farewell]);
    const { communicator, session } = this.#host;
    const message = `Computation ${id} of session ${session} has ended at rank ${from}`;
    const error = new SessionClosedError(message, { session });
    communicator.endScope(scopeName(id), { error }); // drops what came
    if (this.#earlyEnds.size <= MAX_EARLY_ENDS) return;
    const [oldest] = this.#earlyEnds.keys();
    this.#earlyEnds.delete(oldest!);
  }

  /** Ends those that have not ended: the session has. @param reason why */
  endAll(reason: Error): void {
    for (const computation of this.#byId.values()) computation.cancel(reason);
  }

  /** Forgets all of them: the session is closed. */
  clear(): void {
    this.#byId.clear();
    this.#ended.clear();
    this.#earlyEnds.clear();
    this.#stopTimer?.();
  }

  /** @throws {PartyError} `TOO_MANY_COMPUTATIONS` */
  #checkRoom(id: string): void {
    const { limits: { maxActiveComputations = 1_000 }, session } = this.#host;
    const active = this.#byId.size - this.#ended.size;
    if (active < maxActiveComputations) return;
    throw new PartyError(
      "TOO_MANY_COMPUTATIONS",
      `Cannot start computation ${id} in session ${session}: ${active} are pending or running; try ` +
        `again once one has ended, or raise the party's maxActiveComputations`,
      { session },
    );
  }

  #onEnded(computation: Computation): void {
    if (this.#byId.has(computation.id)) { // else the session is closed
      this.#ended.add(computation);
      this.#forget();
    }
    this.#host.onEnded(computation);
  }

  /** Drops those that ended long ago, or before too many others; and does so again in time. */
  #forget(): void {
    const { maxEndedComputations = 1_000, maxEndedAgeMs = 86_400_000 } = this.#host.limits;
    for (const computation of this.#ended) {
      const leftMs = Number(computation.endedAt) + maxEndedAgeMs - Date.now();
      if (leftMs >= 0 && this.#ended.size <= maxEndedComputations) {
        return void (this.#stopTimer ??= inBackground(leftMs + 1, () => {
          this.#stopTimer = undefined;
          this.#forget();
        }));
      }
      this.#ended.delete(computation);
      this.#byId.delete(computation.id);
    }
  }
}
