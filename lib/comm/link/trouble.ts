/**
 * When a peer that does not answer is given up, and how soon it is asked again. One that was never
 * met may still be about to start; one that was met may be on its way back, or gone. No I/O.
 *
 * @module
 */

import {
  isRefused,
  NetworkError,
  PartyError,
  PeerRestartedError,
  PeerUnreachableError,
} from "../../errors.ts";
import { Backoff, type RetryLater } from "../retry.ts";

/** A peer that refuses connections this often, for this long, has ended. */
const MIN_REFUSALS = 3;
const REFUSED_MS = 1_500;
/** A peer that was met and has no session for this long has forgotten it; a farewell comes sooner. */
const FORGOTTEN_MS = 400;
/** How long a network may be out. */
const [SILENT_MS, MIN_FAILURES] = [30_000, 10];
/** The longest that a gateway can ask for, so that a link is back soon after the gateway is. */
const MAX_AFTER_MS = 2_000;
/** The longest pause before the next attempt: for peers to come, and for peers that were there. */
const [PATIENT_MS, EAGER_MS] = [1_000, 200];

/** The attempts to reach one peer since it was last reached. */
export class Trouble {
  readonly #rank: number;
  readonly #session: string;
  readonly #backoff: Backoff = new Backoff();
  #failures = 0;
  #refusals = 0;
  /** When it began, and when the session was first found forgotten. */
  #since: number | undefined;
  #forgottenSince: number | undefined;
  #last: Error | undefined;
  #wasMet = false;

  /** @param rank the peer's @param session the session's name */
  constructor(rank: number, session: string) {
    this.#rank = rank;
    this.#session = session;
  }

  /** What the last attempt met; undefined while all is well. */
  get last(): Error | undefined {
    return this.#last;
  }

  /**
   * Why nothing is acknowledged, as far as that is known.
   *
   * @param isGreeted whether the peer answered
   */
  why(isGreeted: boolean): Error | undefined {
    if (this.#last !== undefined || !isGreeted) return this.#last;
    return new NetworkError(
      `rank ${this.#rank} was reached, but has not taken it: it does not answer any more, or unread ` +
        `messages fill its mailbox`,
      { rank: this.#rank },
    );
  }

  /** Notes that the peer was reached. */
  clear(): void {
    if (this.#since === undefined) return;
    this.#backoff.reset();
    this.#failures = this.#refusals = 0;
    this.#since = this.#forgottenSince = this.#last = undefined;
  }

  /**
   * Notes an attempt that failed.
   *
   * @param attempt what it met
   * @param met whether the peer was ever reached in this session
   * @param now the time on any clock, in milliseconds
   * @returns how long to wait before the next, in milliseconds
   * @throws {PeerUnreachableError} when the peer is gone
   * @throws {PeerRestartedError} when it has forgotten the session
   */
  note({ cause, afterMs }: RetryLater, met: boolean, now: number): number {
    const error = cause as Error;
    // What came before the peer did is not held against it.
    if (met && !this.#wasMet) this.clear();
    this.#wasMet = met;
    this.#last = error;
    this.#since ??= now;
    this.#failures++;
    if (isUnknownSession(error)) this.#forgottenSince ??= now;
    else this.#forgottenSince = undefined;
    this.#refusals = isRefused(error) ? this.#refusals + 1 : 0;
    if (met) this.#judge(error, now);
    return Math.max(
      Math.min(afterMs, MAX_AFTER_MS),
      this.#backoff.next(met ? EAGER_MS : PATIENT_MS),
    );
  }

  #judge(error: Error, now: number): void {
    const [rank, session] = [this.#rank, this.#session];
    if (this.#forgottenSince !== undefined && now - this.#forgottenSince >= FORGOTTEN_MS) {
      throw restarted(rank, session);
    }
    const elapsedMs = Math.round(now - this.#since!);
    const refused = this.#refusals >= MIN_REFUSALS && elapsedMs >= REFUSED_MS;
    // A process that slept has not tried for long, whatever the clock says.
    const silent = this.#failures >= MIN_FAILURES && elapsedMs >= SILENT_MS;
    if (refused || silent) throw unreachable(rank, session, elapsedMs, error);
  }
}

/** @returns the error for a rank that is there anew */
export function restarted(rank: number, session: string): PeerRestartedError {
  return new PeerRestartedError(
    `Rank ${rank} restarted and has forgotten session ${session}: close it at every party, keeping ` +
      `its symbols if they are needed, and create it again`,
    { rank, session },
  );
}

/** @returns the error for a rank that was there and is not any more */
export function unreachable(
  rank: number,
  session: string,
  elapsedMs: number,
  cause: Error,
): PeerUnreachableError {
  return new PeerUnreachableError(
    `Cannot reach rank ${rank} any more in session ${session}, for ${elapsedMs} ms ` +
      `(${cause.message}); check that it runs, close the session at every party and begin again`,
    { rank, session, elapsedMs, cause },
  );
}

function isUnknownSession({ cause }: Error): boolean {
  return cause instanceof PartyError && cause.code === "UNKNOWN_SESSION";
}
