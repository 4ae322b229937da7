/**
 * Telling a peer that this party leaves the session, or failed in it or in one of its computations:
 * `POST .../abort`.
 *
 * @module
 */

import { isRefused } from "../errors.ts";
import { sleep } from "../timing.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Farewell } from "./ending.ts";
import { JSON_HEADERS } from "./json/post.ts";

/** Who leaves, and whom it tells. */
export interface FarewellEnds {
  /** The peer's. */
  endpoint: Endpoint;
  /** The rank that leaves. */
  from: number;
  /** Its lifetime in the session. */
  boot: string;
  /** The peer's lifetime; undefined when it was never met. */
  toBoot: string | undefined;
  /** Whether the peer has left meanwhile, and needs not be told. */
  hasLeft: () => boolean;
}

/** How long a peer is tried to be told. */
const TIMEOUT_MS = 2_000;
const RETRY_MS = 100;
/** Answers of a gateway, behind which the peer may be all the same. */
const PASSING_STATUSES = [408, 502, 503, 504];

/**
 * Tells one peer, again and again for 2 seconds where it may not have been heard.
 *
 * @param farewell why this party leaves
 * @param ends who leaves, and whom it tells
 * @returns resolves when the peer has heard, or need not; never rejects
 */
export async function sayFarewell(
  { code, reason, computation, traceparent }: Farewell,
  { endpoint, from, boot, toBoot, hasLeft }: FarewellEnds,
): Promise<void> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const body = JSON.stringify({
    from_rank: from,
    code,
    reason,
    computation_id: computation,
    boot,
    to_boot: toBoot,
  });
  const headers = traceparent === undefined ? JSON_HEADERS : { ...JSON_HEADERS, traceparent };
  // Who was never met may be about to create the session, and would wait for one that failed.
  const patient = code !== "SESSION_CLOSED" && toBoot === undefined;
  while (!signal.aborted && !hasLeft()) {
    try {
      const request = { action: "abort", headers, body, signal } as const;
      const response = await endpoint.request(request);
      response.body?.cancel().catch(() => {}); // the status says it all
      const isPassing = patient || PASSING_STATUSES.includes(response.status);
      if (response.status === 200 || !isPassing) return;
    } catch (error) {
      if (!patient && isRefused(error)) return;
    }
    await sleep(RETRY_MS, signal);
  }
}
