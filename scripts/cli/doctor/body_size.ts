/**
 * How large a request may be on its way to a party.
 *
 * @module
 */

import type { ClientOptions } from "../../../lib/client/options.ts";
import { describeError } from "../../../lib/errors.ts";
import { onAbort } from "../../../lib/timing.ts";
import { type Check, mebibytes } from "./check.ts";

/** What is tried first; a party takes as much unless its operator says otherwise. */
const LARGEST_BYTES = 8 * 1_048_576;
/** Fewer than this would leave no room for work. */
const SMALLEST_BYTES = 1_024;
/** How close the limit is looked for. */
const PRECISION_BYTES = 65_536;
/** How long one request may take, in milliseconds. */
const TIMEOUT_MS = 30_000;

/** What became of a request. */
type Fate = { passed: true } | { passed: false; byParty: boolean; how: string };

/** Where requests go, and how they are made. */
export interface Target extends Pick<ClientOptions, "authorize" | "fetch"> {
  /** The party's base URL. */
  url: string;
  /** Its rank. */
  rank: number;
}

/**
 * Sends requests that no party takes for more than that, and halves the range in which the limit
 * lies.
 */
export async function checkBodySize(
  target: Target,
  signal: AbortSignal,
): Promise<Check> {
  const check = { rank: target.rank, check: "request size" } as const;
  let refusal = await send(target, LARGEST_BYTES, signal);
  if (refusal.passed) {
    return { ...check, state: "ok", detail: `${mebibytes(LARGEST_BYTES)} pass` };
  }
  const first = await send(target, SMALLEST_BYTES, signal);
  if (!first.passed) {
    const detail = `not even ${mebibytes(SMALLEST_BYTES)} pass: ${first.how}`;
    const advice = first.byParty
      ? "have the list there allow this operator to run"
      : "let POST requests through the gateway";
    return { ...check, state: "fail", detail, advice };
  }
  let [passes, stops] = [SMALLEST_BYTES, LARGEST_BYTES];
  while (stops - passes > PRECISION_BYTES) {
    const middle = Math.floor((passes + stops) / 2);
    const fate = await send(target, middle, signal);
    if (fate.passed) passes = middle;
    else [stops, refusal] = [middle, fate];
  }
  const detail = `${mebibytes(passes)} pass, ${mebibytes(stops)} do not: ${refusal.how}`;
  if (refusal.byParty) return { ...check, state: "ok", detail };
  const advice =
    "parties go on in smaller requests; to be faster, raise the gateway's limit, such " +
    "as client_max_body_size of nginx";
  return { ...check, state: "warn", detail, advice };
}

async function send(
  { url, authorize = (request) => request, fetch = globalThis.fetch }: Target,
  bytes: number,
  stopped: AbortSignal,
): Promise<Fate> {
  // A session's description must not have this field: the party reads it all, and answers 400.
  const around = JSON.stringify({ doctor: "" });
  const body = JSON.stringify({ doctor: "x".repeat(Math.max(0, bytes - around.length)) });
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Error("it took too long")), TIMEOUT_MS);
  const stop = () => late.abort(stopped.reason);
  const ignore = onAbort(stopped, stop);
  if (stopped.aborted) stop();
  try {
    const request = new Request(`${url}/sessions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
      redirect: "manual",
    });
    const response = await fetch(await authorize(request), { signal: late.signal });
    const text = await response.text();
    const isParty = response.headers.get("content-type") === "application/problem+json";
    if (isParty && response.status === 400) return { passed: true };
    if (isParty && response.status === 413) {
      return { passed: false, byParty: true, how: "the party's own limit" };
    }
    const who = isParty ? "the party" : "a gateway";
    const said = JSON.stringify(text.slice(0, 40).replaceAll(/\s+/g, " "));
    return { passed: false, byParty: isParty, how: `${who} answers ${response.status} ${said}` };
  } catch (error) {
    return { passed: false, byParty: false, how: `the connection breaks, ${describeError(error)}` };
  } finally {
    clearTimeout(timer);
    ignore();
  }
}
