/**
 * How a connection breaks that is to break: when, and what still passes until then.
 *
 * @module
 */

import type { ByteStream, Connection, Flow } from "./connection.ts";
import type { Plan } from "./plan.ts";
import { networkError } from "./request.ts";

/** The kinds of fault that let a part of the request, or all of it, arrive. */
export type BreakKind = "resetMidway" | "resetAfter" | "loseAnswer";

/** The end of one connection. */
export class Breakage {
  readonly kind: BreakKind;
  /** What both sides see. */
  readonly error: TypeError;
  readonly #plan: Plan;
  readonly #connection: Connection;
  readonly #maxDelayMs: number;
  readonly #onStrike: () => void;
  /** How many bytes of the request pass at most. */
  readonly #maxBytes: number;
  readonly #streams: boolean;
  readonly #startedAt = performance.now();
  #sent = 0;
  #comes = false;
  #struck = false;

  /**
   * @param kind which
   * @param plan the request's
   * @param connection what breaks
   * @param size how many bytes the request's body has; undefined when it is a stream
   * @param maxDelayMs how long what was sent last may be under way
   * @param onStrike hears of it when it happens
   */
  constructor(
    kind: BreakKind,
    plan: Plan,
    connection: Connection,
    size: number | undefined,
    maxDelayMs: number,
    onStrike: () => void,
  ) {
    this.kind = kind;
    this.error = networkError(kind);
    this.#plan = plan;
    this.#connection = connection;
    this.#maxDelayMs = maxDelayMs;
    this.#onStrike = onStrike;
    this.#streams = size === undefined;
    this.#maxBytes = size === undefined ? plan.breakAfter.bytes : Math.floor(size * plan.part);
    if (this.#streams) connection.after(plan.breakAfter.ms, () => this.strike());
  }

  /** Breaks the connection now. */
  strike(): void {
    if (!this.#struck) this.#onStrike();
    this.#struck = true;
    this.#connection.break(this.error);
  }

  /** Takes an answer of which nothing comes back, and throws. */
  async lose({ body }: Response): Promise<never> {
    // The receiver may still be reading while it answers.
    if (!this.#streams) this.#connection.after(this.#plan.breakAfter.ms, () => this.strike());
    await this.#connection.drain(body as ByteStream | null);
    this.strike();
    throw this.error;
  }

  /** What happens to the request's chunks. */
  get up(): Flow {
    const cuts = this.kind === "resetMidway";
    return {
      take: ({ byteLength }) => {
        const room = this.#maxBytes - this.#sent;
        this.#sent += byteLength;
        if (byteLength < room) return byteLength;
        if (cuts || this.#streams) this.#soon();
        return cuts ? Math.max(0, room) : byteLength;
      },
      atEnd: () => {
        if (cuts) this.#soon();
        return !cuts;
      },
    };
  }

  /** What happens to the answer's chunks. */
  get down(): Flow {
    if (this.kind !== "loseAnswer") return {};
    return {
      take: ({ byteLength }) => {
        if (this.#streams) return this.#progress() < this.#plan.part ? byteLength : undefined;
        this.#soon();
        return Math.floor(byteLength * this.#plan.part);
      },
      atEnd: () => {
        this.strike();
        return false;
      },
    };
  }

  /** How near the break is, from 0 to 1. */
  #progress(): number {
    const elapsedMs = performance.now() - this.#startedAt;
    return Math.max(this.#sent / this.#maxBytes, elapsedMs / this.#plan.breakAfter.ms);
  }

  /** Breaks it when what has passed has had a moment to arrive. */
  #soon(): void {
    if (this.#comes) return;
    this.#comes = true;
    this.#connection.after(this.#plan.up.upTo(this.#maxDelayMs), () => this.strike());
  }
}
