/**
 * Asking all parties of the list at once.
 *
 * @module
 */

import { PartyClient } from "../../lib/client/party_client.ts";
import { describeError, PartyError } from "../../lib/errors.ts";
import { reachAdvice } from "./advice.ts";
import type { FleetOptions } from "./fleet_options.ts";
import { readReach } from "./reach.ts";

/** How long a party has for an answer, in milliseconds. */
const TIMEOUT_MS = 10_000;
/** What a list of the sessions and their computations tells of. */
const LISTED = ["UNKNOWN_SESSION", "UNKNOWN_COMPUTATION"];

/** What one party answered, or why it did not. */
export type Answer<T> =
  & { id: string; url: string; rank: number }
  & ({ ok: true; value: T } | { ok: false; error: unknown });

/**
 * Asks all parties of the list.
 *
 * @param options where they are, and how to ask them
 * @param stopped gives it up
 * @param ask what to ask each
 * @returns the answers, by rank
 * @throws {UsageError} when there is no such list
 */
export async function askAll<T>(
  options: FleetOptions,
  stopped: AbortSignal,
  ask: (client: PartyClient, options: { signal: AbortSignal }) => Promise<T>,
): Promise<Answer<T>[]> {
  const { parties, client: how } = await readReach(options);
  const answers = await Promise.all(parties.map(async ({ id, url }, rank): Promise<Answer<T>> => {
    const party = { id, url, rank };
    const client = new PartyClient(url, { ...how, rank, timeoutMs: TIMEOUT_MS });
    try {
      return { ...party, ok: true, value: await ask(client, { signal: stopped }) };
    } catch (error) {
      return { ...party, ok: false, error };
    }
  }));
  stopped.throwIfAborted();
  return answers;
}

/** An error for a machine. */
export function errorView(error: unknown): { code: string | null; detail: string } {
  return { code: error instanceof PartyError ? error.code : null, detail: describeError(error) };
}

/** @throws {Error} when a party did not answer, or refused; with what to do next */
export function requireAll(answers: readonly Answer<unknown>[], config: string): void {
  const failures = answers.filter((answer) => !answer.ok);
  if (failures.length === 0) return;
  const silent = failures.find(({ error }) => errorView(error).code === "NETWORK");
  const { error, url } = silent ?? failures[0]!;
  const what = silent === undefined ? "refused" : "did not answer";
  const isListed = LISTED.includes(errorView(error).code ?? "");
  const then = silent !== undefined
    ? `; ${reachAdvice(url, config)}`
    : isListed
    ? "; partyline sessions tells which there are"
    : "";
  throw new Error(
    `${failures.length} of ${answers.length} parties ${what}: ${describeError(error)}${then}`,
  );
}

/** Ranks as text: `all`, or their numbers. */
export function ranksText(ranks: readonly number[], of: number): string {
  return ranks.length === of ? "all" : ranks.join(", ") || "none";
}
