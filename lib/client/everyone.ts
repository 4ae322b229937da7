/**
 * The same at all parties.
 *
 * @module
 */

import { PartyError } from "../errors.ts";
import { onAbort } from "../timing.ts";
import { DriverError, failureOf, type ToldFailure } from "./failures.ts";
import type { PartyClient } from "./party_client.ts";

/** What came of it at each party. */
export interface Outcomes<T> {
  /** By rank; undefined where it failed. */
  values: (T | undefined)[];
  /** In the order in which they came. */
  failures: ToldFailure[];
}

/** Does something at one party; the signal says that another has failed. */
export type Action<T> = (party: PartyClient, rank: number, stop: AbortSignal) => Promise<T>;

/**
 * Does something at all parties, and waits for all of them; never rejects.
 *
 * @param signal stops all, as a failure does
 */
export async function tryAtAll<T>(
  parties: readonly PartyClient[],
  action: Action<T>,
  signal?: AbortSignal,
): Promise<Outcomes<T>> {
  const stop = new AbortController();
  const ignore = signal && onAbort(signal, () => stop.abort());
  const failures: ToldFailure[] = [];
  const values = await Promise.all(parties.map(async (party, rank) => {
    try {
      return await action(party, rank, stop.signal);
    } catch (error) {
      failures.push(failureOf(rank, party.url, error));
      stop.abort();
      return undefined;
    }
  }));
  ignore?.();
  return { values, failures };
}

/**
 * Does something at all parties, or fails.
 *
 * @param what is done, for the error, such as `Cannot read a session`
 * @throws {DriverError} when it failed at one of them
 */
export async function atAll<T>(
  parties: readonly PartyClient[],
  what: string,
  action: Action<T>,
): Promise<T[]> {
  const { values, failures } = await tryAtAll(parties, action);
  if (failures.length === 0) return values as T[];
  throw driverError(what, failures, parties);
}

/** @returns the error of what the parties told; what is no party's error, such as a signal's reason, as it is */
export function driverError(
  what: string,
  failures: readonly ToldFailure[],
  parties: readonly PartyClient[],
  session?: string,
): unknown {
  const cause = failures[0]?.cause;
  if (cause !== undefined && !(cause instanceof PartyError)) return cause;
  const urls = parties.map(({ url }) => url);
  return new DriverError(what, failures, session === undefined ? { urls } : { urls, session });
}
