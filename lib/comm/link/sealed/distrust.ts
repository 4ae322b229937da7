/**
 * Which errors of a sealed link are to be believed. No I/O.
 *
 * @module
 */

import { NetworkError, PartyError } from "../../../errors.ts";
import { RetryLater } from "../../retry.ts";

/** Codes of errors that come only of what the peer sealed. */
const CERTAIN = ["AGREEMENT_MISMATCH", "PEER_RESTARTED"];

/**
 * Judges what a sealed link met.
 *
 * @param error what was thrown
 * @param rank the peer's
 * @returns the error, when it comes of what the peer sealed; else that it may be tried again
 */
export function distrust(error: unknown, rank: number): unknown {
  if (error instanceof RetryLater || isCertain(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new RetryLater(new NetworkError(message, { cause: error, rank }));
}

/** Whether an error comes of what the peer sealed. */
export function isCertain(error: unknown): boolean {
  return error instanceof PartyError && CERTAIN.includes(error.code);
}
