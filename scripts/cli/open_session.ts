/**
 * The session of a `partyline run`: a new one, or one that stays.
 *
 * @module
 */

import type { Driver } from "../../lib/client/driver.ts";
import type { DriverSession } from "../../lib/client/session.ts";
import { type ErrorCode, PartyError } from "../../lib/errors.ts";
import { withAdvice } from "./advice.ts";

/** What a session does not go on after. */
const LOST: readonly ErrorCode[] = ["UNKNOWN_SESSION", "PEER_RESTARTED", "PEER_UNREACHABLE"];

/**
 * Creates a session, or takes over the one of that name.
 *
 * @param driver of all parties
 * @param name the session's; a random one when left out
 * @param signal gives it up
 * @returns the session, which all parties have
 * @throws {PartyError} when it cannot be created, or some parties have lost it
 */
export async function openSession(
  driver: Driver,
  name: string | undefined,
  signal: AbortSignal,
): Promise<DriverSession> {
  try {
    return await driver.session(name, { signal });
  } catch (error) {
    const isThere = error instanceof PartyError && error.code === "CONFLICT";
    if (!isThere || name === undefined) throw error;
  }
  try {
    return await driver.attach(name);
  } catch (error) {
    throw adviseReopening(error, name);
  }
}

/**
 * Says how a session that stays goes on after a party was lost.
 *
 * @param error what a run in it met
 * @param name the session's name
 * @returns the error, with what to do where it is of that kind
 */
export function adviseReopening(error: unknown, name: string): unknown {
  if (!(error instanceof PartyError) || !LOST.includes(error.code)) return error;
  return withAdvice(
    error,
    `once all parties are up, partyline sessions --close ${name} --keep-values, and run this again`,
  );
}
