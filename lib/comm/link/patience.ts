/**
 * For how long a peer may acknowledge nothing. Counted in ticks, which a process that was busy or
 * asleep has not seen, and so does not hold against its peer. No I/O.
 *
 * @module
 */

import { NetworkError } from "../../errors.ts";
import { RetryLater } from "../retry.ts";
import type { Attempt } from "./attempt.ts";
import { Streaming } from "./streaming.ts";
import { unreachable } from "./trouble.ts";

/** How long a tick is. */
export const TICK_MS = 1_000;
/** When a peer is given up, over however many requests. */
const SILENT_TICKS = 30;
/**
 * When the stream goes on in another request, as the connection may be lost without a word; a
 * finite request may be held up by its receiver.
 */
const [STREAMING_TICKS, SEGMENT_TICKS] = [5, 12];

/** The patience with one peer. */
export class Patience {
  readonly #rank: number;
  readonly #session: string;
  #silentTicks = 0;

  /** @param rank the peer's @param session the session's name */
  constructor(rank: number, session: string) {
    this.#rank = rank;
    this.#session = session;
  }

  /** Something was acknowledged. */
  renew(): void {
    this.#silentTicks = 0;
  }

  /**
   * Counts a tick of a request that is under way.
   *
   * @param isMet whether the peer was ever reached; one that was not may still be about to start
   * @returns what to cut the request with; undefined while there is patience
   */
  tick(attempt: Attempt, isMet: boolean): Error | undefined {
    this.#silentTicks = attempt.silentTicks === 0 || !isMet ? 0 : this.#silentTicks + 1;
    const cause = new NetworkError("no answer came", { rank: this.#rank });
    if (this.#silentTicks >= SILENT_TICKS) {
      return unreachable(this.#rank, this.#session, SILENT_TICKS * TICK_MS, cause);
    }
    const ticks = attempt instanceof Streaming ? STREAMING_TICKS : SEGMENT_TICKS;
    return attempt.silentTicks >= ticks ? new RetryLater(cause) : undefined;
  }
}
