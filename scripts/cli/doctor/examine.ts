/**
 * The order of the doctor's checks: each party by itself, then what has to be the same everywhere,
 * then the parties with each other.
 *
 * @module
 */

import { PartyClient } from "../../../lib/client/party_client.ts";
import { covers } from "../../../lib/security/signatures/rights.ts";
import type { Reach } from "../reach.ts";
import { checkBodySize } from "./body_size.ts";
import type { Check } from "./check.ts";
import { compareParties } from "./compare.ts";
import { checkMutual } from "./mutual.ts";
import { reachParty } from "./reach.ts";

/** What the doctor has found. */
export interface Findings {
  checks: Check[];
  /** The median time of a message and its answer, by the two ranks; null when it is not known. */
  latencyMs: number[][] | null;
}

/**
 * @param reach whom to look at, and how to ask them
 * @param options `timeoutMs` is for the parties to reach each other
 * @returns all findings; it is not an error when some are bad
 */
export async function examine(
  { parties, operator, fingerprint, client }: Reach,
  { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
): Promise<Findings> {
  const clients = parties.map(({ url }, rank) => new PartyClient(url, { ...client, rank }));
  const mayRun = operator === undefined || covers(operator.allow, "run");
  const reached = await Promise.all(parties.map(async ({ url }, rank) => {
    const party = await reachParty(url, clients[rank]!, rank, signal);
    if (party.status !== undefined && mayRun) {
      party.checks.push(await checkBodySize({ ...client, url, rank }, signal));
    }
    return party;
  }));
  signal.throwIfAborted();
  const checks = reached.flatMap((party) => party.checks);
  checks.push(...compareParties(parties, fingerprint, reached));
  const together = { rank: null, check: "together" } as const;
  if (reached.some(({ status }) => status === undefined)) {
    checks.push({
      ...together,
      state: "fail",
      detail: "not tried, as not all parties are up",
      advice: "see to the failed checks above first",
    });
    return { checks, latencyMs: null };
  }
  if (!mayRun) {
    checks.push({
      ...together,
      state: "warn",
      detail: `not tried, nor how large requests may be, as operator ${operator.id} may only read`,
      advice: "have the doctor called by an operator who may run",
    });
    return { checks, latencyMs: null };
  }
  const { check, latencyMs } = await checkMutual(clients, { timeoutMs, signal });
  return { checks: [...checks, check], latencyMs };
}
