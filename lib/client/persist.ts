/**
 * Trying again while a party is away.
 *
 * @module
 */

import { isRefused, PartyError } from "../errors.ts";
import { sleep } from "../timing.ts";
import { UnreachedError } from "./request.ts";

/** The pauses between attempts, in milliseconds. */
const [FIRST_PAUSE_MS, MAX_PAUSE_MS] = [50, 1_000];

/** For how long, and until when, a party is tried again. */
export interface Persistence {
  /** How long a party may be away, in milliseconds. */
  awayMs: number;
  /**
   * How long it may refuse connections, in milliseconds: less for one that was there before.
   *
   * @default {awayMs}
   */
  refusedMs?: number;
  /** Ends the attempts: what the last one met is thrown. */
  signal: AbortSignal;
}

/**
 * Tries until a party answers. Only for what may be done twice.
 *
 * @returns what the attempt comes to
 * @throws what it met last, when the party was away for too long; what a party answered, at once
 */
export async function persist<T>(
  attempt: () => Promise<T>,
  { awayMs, refusedMs = awayMs, signal }: Persistence,
): Promise<T> {
  let since: number | undefined;
  let refusedSince: number | undefined;
  for (let pauseMs = FIRST_PAUSE_MS;; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
    try {
      return await attempt();
    } catch (error) {
      const now = performance.now();
      since ??= now;
      refusedSince = isRefused(error) ? refusedSince ?? now : undefined;
      const until = Math.min(since + awayMs, (refusedSince ?? Infinity) + refusedMs);
      if (!isAway(error) || now + pauseMs > until) throw error;
      await sleep(pauseMs * (0.5 + Math.random() / 2), signal);
      if (signal.aborted) throw error;
    }
  }
}

function isAway(error: unknown): boolean {
  return error instanceof UnreachedError ||
    (error instanceof PartyError && error.code === "DRAINING");
}
