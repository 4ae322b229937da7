/**
 * How a party's part in a session ends, here and at the others: in peace or in failure.
 *
 * @module
 */

import {
  type ErrorCode,
  PartyError,
  PeerAbortedError,
  SerializationError,
  SessionClosedError,
} from "../errors.ts";

/** Why a party leaves a session, or ends a computation, as it tells the others. */
export interface Farewell {
  /** `SESSION_CLOSED` when it is done; the code of its error when it failed. */
  code: ErrorCode;
  /** For people. */
  reason: string;
  /** The id of the computation that ended; without it, it is the session. */
  computation?: string;
  /** The W3C trace context of the computation. */
  traceparent?: string;
}

/** Who failed first, and what it told the others of it. */
export interface FailureCause extends Farewell {
  /** The rank that failed. */
  rank: number;
}

/** What an ending does. */
export interface EndingActions {
  /** Rejects every `recv`, and takes no message any more. */
  stopReceiving(error: Error): void;
  /** Lets what was sent arrive; resolves after a while at the latest. */
  settleSends(): Promise<void>;
  /** Rejects every `send`. */
  stopSending(error: Error): void;
  /** Rejects what waits for one rank, or is sent to it. */
  partFrom(rank: number, error: Error): void;
  /** Tells the other parties, but those that have left; never rejects. */
  tell(farewell: Farewell): Promise<void>;
}

/** What the others are told of an error that is not ours to show. */
const PROGRAM_FAILED = "its program failed; what it threw is known to that party alone";
/** How much of the reason of a farewell the others are told, in UTF-16 code units. */
const MAX_REASON_LENGTH = 1_000;

/**
 * @param cause what was thrown
 * @param session the session's name
 * @returns the cause as a `PartyError`, and what the others may know of it
 */
export function explainFailure(
  cause: unknown,
  session: string,
): { error: PartyError; farewell: Farewell } {
  const error = cause instanceof PartyError
    ? cause
    : new PartyError("INTERNAL", PROGRAM_FAILED, { cause, session });
  // A program's own errors, and the paths of its values, may hold what others must not see.
  const reason = error instanceof SerializationError ? PROGRAM_FAILED : error.message;
  // Only who is done says SESSION_CLOSED; an error with that code is of another session.
  const code = error.code === "SESSION_CLOSED" ? "INTERNAL" : error.code;
  return { error, farewell: { code, reason: reason.slice(0, MAX_REASON_LENGTH) } };
}

/** The end of one party's part in a session. */
export class Ending {
  readonly #rank: number;
  readonly #session: string;
  readonly #actions: EndingActions;
  readonly #ended: AbortController = new AbortController();
  readonly #left: Set<number> = new Set();
  #cause: FailureCause | undefined;
  #lastWord: FailureCause | undefined;
  /** This party's own way out of the session, once it has begun. */
  #leaving: Promise<void> | undefined;

  /** Begins with nobody gone. @param rank this party's @param session its name @param actions what to do */
  constructor(rank: number, session: string, actions: EndingActions) {
    this.#rank = rank;
    this.#session = session;
    this.#actions = actions;
  }

  /** Aborts, with the reason, once nothing can be sent or received any more. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Why nothing can be sent or received any more; undefined while all is well. */
  get failure(): Error | undefined {
    return this.#ended.signal.reason;
  }

  /** Who failed, and what the others may know of it; undefined unless the session failed. */
  get cause(): FailureCause | undefined {
    return this.#cause;
  }

  /** What the others are told of the end; undefined while there is none. */
  get lastWord(): FailureCause | undefined {
    return this.#cause ?? this.#lastWord;
  }

  /** Whether a rank is done with the session: nothing more of it comes from there. */
  hasLeft(rank: number): boolean {
    return this.#left.has(rank);
  }

  /** Takes another party's farewell. @param from its rank */
  heard(from: number, { code, reason }: Farewell): void {
    const left = code === "SESSION_CLOSED";
    const error = new PeerAbortedError(
      `Rank ${from} ${left ? "left" : "failed in"} session ${this.#session}: ${reason} (${code})`,
      { rank: from, session: this.#session, peerCode: code, reason },
    );
    if (!left) return this.#fail(error, { rank: from, code, reason });
    this.#left.add(from);
    this.#actions.partFrom(from, error);
  }

  /** Leaves in peace. @param reason what the others are told */
  close(reason: string): Promise<void> {
    return this.#leaving ??= this.#close(reason);
  }

  /** Gives up. @param cause why */
  abort(cause: unknown): Promise<void> {
    return this.#leaving ??= this.#abort(cause);
  }

  async #close(reason: string): Promise<void> {
    if (this.failure) return;
    const error = new SessionClosedError(`Session ${this.#session} is closed: ${reason}`, {
      session: this.#session,
    });
    const farewell = {
      code: "SESSION_CLOSED",
      reason: reason.slice(0, MAX_REASON_LENGTH),
    } as const;
    this.#lastWord = { rank: this.#rank, ...farewell };
    this.#ended.abort(error);
    this.#actions.stopReceiving(error);
    await this.#actions.settleSends();
    this.#actions.stopSending(error);
    await this.#actions.tell(farewell);
  }

  async #abort(cause: unknown): Promise<void> {
    if (this.failure) return;
    const { error, farewell } = explainFailure(cause, this.#session);
    this.#fail(error, { rank: this.#rank, ...farewell });
    await this.#actions.tell(farewell);
  }

  /** Rejects everything that waits here, without telling anyone. */
  #fail(error: Error, cause: FailureCause): void {
    if (this.failure) return;
    this.#cause = cause;
    this.#ended.abort(error);
    this.#actions.stopReceiving(error);
    this.#actions.stopSending(error);
  }
}
