/**
 * Telling a peer that this party leaves the session, or failed in it or in one of its computations:
 * `POST .../abort`.
 *
 * @module
 */

import { ERROR_CODES, isRefused, PartyError } from "../errors.ts";
import { NAME_PATTERN } from "../names.ts";
import { sleep } from "../timing.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Farewell } from "./ending.ts";
import { JSON_HEADERS } from "./json/post.ts";
import { LINK_HEADERS } from "./link/request.ts";
import type { Lifetimes } from "./link/sealed/cover.ts";
import { SEALED_MEDIA_TYPE } from "./link/sealed/records.ts";

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
  /** Seals what is said; without it, it is said in the clear. */
  seal?: FarewellSeal | undefined;
}

/** What farewells to one peer are sealed with. */
export interface FarewellSeal {
  /** Asks for the peer's lifetime, for which alone it is sealed: undefined when it does not say. */
  ask(signal: AbortSignal): Promise<{ boot: string | undefined; status: number }>;
  /** Seals it. */
  seal(lifetimes: Lifetimes, text: string): Promise<Uint8Array>;
}

/** How long a peer is tried to be told. */
const TIMEOUT_MS = 2_000;
const RETRY_MS = 100;
/** Answers of a gateway, behind which the peer may be all the same. */
const PASSING_STATUSES = [408, 502, 503, 504];
/** Answers of a peer, if it is one, that needs not be told. */
const GONE_STATUSES = [403, 404];
/** How long a reason may be, in UTF-16 code units; no party gives as much. */
const MAX_REASON_LENGTH = 4_096;
/** The answer of a peer that cannot open what was sealed. */
const STALE_STATUS = 401;

/**
 * Tells one peer, again and again for 2 seconds where it may not have been heard.
 *
 * @param farewell why this party leaves
 * @param ends who leaves, and whom it tells
 * @returns resolves when the peer has heard, or need not; never rejects
 */
export async function sayFarewell(farewell: Farewell, ends: FarewellEnds): Promise<void> {
  const { endpoint, toBoot, hasLeft, seal } = ends;
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const { code, traceparent } = farewell;
  const trace: Record<string, string> = traceparent === undefined ? {} : { traceparent };
  const body = seal === undefined ? clearBody(farewell, ends) : sealedBody(farewell, ends, seal);
  // Who was never met may be about to create the session, and would wait for one that failed.
  const patient = code !== "SESSION_CLOSED" && toBoot === undefined;
  let status = 0;
  while (!signal.aborted && !hasLeft()) {
    try {
      const said = await body(signal, status);
      status = typeof said === "number" ? said : await post(endpoint, said, trace, signal);
      if (status === 200) return;
      const isPassing = patient || PASSING_STATUSES.includes(status) ||
        seal !== undefined && !GONE_STATUSES.includes(status); // anybody may have answered
      if (!isPassing) return;
    } catch (error) {
      if (!patient && isRefused(error)) return;
    }
    await sleep(RETRY_MS, signal);
  }
}

interface Said {
  headers: Record<string, string>;
  body: string | Uint8Array;
}

async function post(
  endpoint: Endpoint,
  { headers, body }: Said,
  trace: Record<string, string>,
  signal: AbortSignal,
): Promise<number> {
  const request = { action: "abort", headers: { ...headers, ...trace }, body, signal } as const;
  const response = await endpoint.request(request);
  response.body?.cancel().catch(() => {}); // the status says it all
  return response.status;
}

/**
 * What is said in one attempt, given the status of the last one; or a status, when the peer had to be
 * asked before, and answered so.
 */
type Say = (signal: AbortSignal, status: number) => Promise<Said | number>;

function clearBody(
  { code, reason, computation }: Farewell,
  { from, boot, toBoot }: FarewellEnds,
): Say {
  const body = JSON.stringify({
    from_rank: from,
    code,
    reason,
    computation_id: computation,
    boot,
    to_boot: toBoot,
  });
  return () => Promise.resolve({ headers: JSON_HEADERS, body });
}

/** Sealed for the lifetime that was met, unless the peer cannot open that: it may have another. */
function sealedBody(
  farewell: Farewell,
  { from, boot, toBoot }: FarewellEnds,
  seal: FarewellSeal,
): Say {
  const text = farewellText(farewell);
  const headers = sealedHeaders(from, boot);
  let known = toBoot;
  return async (signal, status) => {
    if (known === undefined || status === STALE_STATUS) {
      const asked = await seal.ask(signal);
      if (asked.boot === undefined) return asked.status === 200 ? STALE_STATUS : asked.status;
      known = asked.boot;
    }
    return { headers, body: await seal.seal({ boot, toBoot: known }, text) };
  };
}

/** @returns the head of what is sealed @param from who says it @param boot its lifetime */
export function sealedHeaders(from: number, boot: string): Record<string, string> {
  return {
    "content-type": SEALED_MEDIA_TYPE,
    [LINK_HEADERS.from]: String(from),
    [LINK_HEADERS.boot]: boot,
  };
}

/** A farewell as it is sealed; as an answer, it may tell of another rank's failure. */
export interface SealedFarewell extends Farewell {
  /** Who failed first; the sender, by default. */
  rank?: number;
}

/** @returns what is sealed */
export function farewellText({ code, reason, computation, rank }: SealedFarewell): string {
  return JSON.stringify({ code, reason, computation_id: computation, peer_rank: rank });
}

/**
 * @param text what was sealed
 * @returns what it says
 * @throws {PartyError} `INVALID_REQUEST` when it is no farewell
 */
export function readFarewell(text: string): SealedFarewell {
  const said = JSON.parse(text) as Record<string, unknown>;
  const { reason, computation_id: computation, peer_rank: rank } = said;
  const code = ERROR_CODES.find((known) => known === said.code);
  const isName = computation === undefined ||
    typeof computation === "string" && NAME_PATTERN.test(computation);
  const isRank = rank === undefined || typeof rank === "number";
  const isReason = typeof reason === "string" && reason.length <= MAX_REASON_LENGTH;
  if (code === undefined || !isReason || !isName || !isRank) {
    throw new PartyError("INVALID_REQUEST", "Cannot take a farewell that is none");
  }
  return {
    code,
    reason,
    ...computation === undefined ? {} : { computation },
    ...rank === undefined ? {} : { rank },
  };
}
