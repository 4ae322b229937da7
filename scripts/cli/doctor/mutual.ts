/**
 * The parties with each other: a short session in which each reaches each.
 *
 * @module
 */

import type { PartyClient } from "../../../lib/client/party_client.ts";
import { describeError } from "../../../lib/errors.ts";
import type { Check } from "./check.ts";

const PROGRAM = "latency";
const COMPUTATION = "latency";

/** What came of it. */
export interface Mutual {
  check: Check;
  latencyMs: number[][] | null;
}

/** Measures how long messages take between the parties; the session is closed in any case. */
export async function checkMutual(
  clients: readonly PartyClient[],
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<Mutual> {
  const check = { rank: null, check: "together" } as const;
  const session = `doctor-${crypto.randomUUID().slice(0, 8)}`;
  const endpoints = clients.map(({ url }) => url);
  const late = new AbortController();
  const stop = () => late.abort(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  const timer = setTimeout(() => late.abort(new Error("the time is over")), timeoutMs);
  const options = { signal: late.signal };
  try {
    await Promise.all(
      clients.map((client, rank) =>
        client.createSession({ name: session, rank, endpoints }, options)
      ),
    );
    await Promise.all(
      clients.map((client) =>
        client.startComputation(session, { id: COMPUTATION, program: PROGRAM }, options)
      ),
    );
    await Promise.all(clients.map((client) => ended(client, session, late.signal)));
    const { value } = await clients[0]!.getSymbol(session, "p50_ms", options);
    const latencyMs = value as number[][];
    const slowest = Math.max(...latencyMs.flat());
    const detail = latencyMs.length === 1
      ? "there is one party only"
      : `each reaches each, in at most ${slowest.toFixed(2)} ms there and back`;
    return { check: { ...check, state: "ok", detail }, latencyMs };
  } catch (error) {
    signal.throwIfAborted();
    const waits = late.signal.aborted ? await whoWaits(clients, session) : [];
    const detail = waits.length > 0
      ? `after ${timeoutMs} ms ${waits.join(", ")}`
      : describeError(error);
    const advice =
      "let the parties reach each other by the URLs of the list, as this machine does; " +
      "or raise --timeout-ms";
    return { check: { ...check, state: "fail", detail, advice }, latencyMs: null };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
    await Promise.all(
      clients.map((client) => client.deleteSession(session, { timeoutMs: 5_000 }).catch(() => {})),
    );
  }
}

async function ended(client: PartyClient, session: string, signal: AbortSignal): Promise<void> {
  for await (const view of client.followComputation(session, COMPUTATION, { signal })) {
    if (view.error !== undefined) throw new Error(view.error.detail);
  }
  signal.throwIfAborted();
}

/** Which rank has not heard from which. */
async function whoWaits(clients: readonly PartyClient[], session: string): Promise<string[]> {
  const views = await Promise.allSettled(
    clients.map((client) => client.session(session, { timeoutMs: 5_000 })),
  );
  return views.flatMap((view, rank) => {
    if (view.status === "rejected") return [];
    const silent = view.value.peers.filter(({ pending }) => pending.length > 0)
      .map((peer) => peer.rank);
    return silent.length === 0 ? [] : [`rank ${rank} has not heard from rank ${silent.join(", ")}`];
  });
}
