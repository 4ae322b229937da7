/**
 * Failures of what several parties do together: which of them failed first, and why.
 *
 * @module
 */

import { type ErrorCode, PartyError, PeerAbortedError } from "../errors.ts";
import type { ComputationFailure } from "./views.ts";

/** How one party failed. */
export interface PartyFailure {
  /** The party's rank. */
  rank: number;
  /** Its URL. */
  url: string;
  /** What went wrong, for programs. */
  code: ErrorCode;
  /** The same for people. */
  detail: string;
}

/** A failure as one party tells it, which may be that of another. */
export interface ToldFailure extends PartyFailure {
  /** The rank that it blames, with `PEER_ABORTED` or because it cannot be reached. */
  blamed?: number | undefined;
  /** What the other party told of its own failure. */
  told?: { code: ErrorCode; detail: string } | undefined;
  /** What was thrown, when it was not told by a party. */
  cause?: unknown;
}

/** What a party says of another that it has lost. */
const LOST: readonly ErrorCode[] = ["PEER_UNREACHABLE", "PEER_RESTARTED", "NETWORK"];

/** One or more parties failed. */
export class DriverError extends PartyError {
  /** The name of the class. */
  override name = "DriverError";
  /** The rank that failed first. */
  declare readonly rank: number;
  /** The URL of the party that failed first. */
  readonly url: string;
  /** Why it failed, for people, as the party itself or who noticed it says. */
  readonly detail: string;
  /** How each party failed that did; the first one first. */
  readonly failures: readonly PartyFailure[];

  /**
   * Makes the error.
   *
   * @param what could not be done
   * @param failures what the parties told, in the order in which they did; at least one
   * @param session the session's name
   * @param urls of all parties
   */
  constructor(
    what: string,
    failures: readonly ToldFailure[],
    { session, urls }: { session?: string; urls: readonly string[] },
  ) {
    const { cause, ...first } = rootOf(failures, urls);
    const { rank, url, code, detail } = first;
    const how = code === "CANCELLED"
      ? `it was cancelled at rank ${rank} at ${url}: `
      : `rank ${rank} at ${url} failed first, with ${code}: `;
    // What a client of ours threw names the party already.
    const who = cause === undefined ? how : "";
    super(code, `${what}: ${who}${detail}`, {
      rank,
      cause,
      ...session === undefined ? {} : { session },
    });
    this.url = url;
    this.detail = detail;
    const others = failures.filter((failure) => failure.rank !== rank);
    this.failures = [first, ...others].map(({ rank, url, code, detail }) => ({
      rank,
      url,
      code,
      detail,
    }));
  }
}

/** @returns a thrown error as a failure of the party that was asked */
export function failureOf(rank: number, url: string, error: unknown): ToldFailure {
  const failure = { rank, url, cause: error };
  if (error instanceof PeerAbortedError) {
    const { code, message: detail, peerCode, reason } = error;
    return {
      ...failure,
      code,
      detail,
      blamed: error.rank,
      told: { code: peerCode, detail: reason },
    };
  }
  if (error instanceof PartyError) return { ...failure, code: error.code, detail: error.message };
  return { ...failure, code: "INTERNAL", detail: String(error) };
}

/** @returns what a party says of a computation that failed there, as a failure */
export function failureOfView(
  rank: number,
  url: string,
  { code, detail, rank: about, peerCode, reason }: ComputationFailure,
): ToldFailure {
  const failure = { rank, url, code, detail };
  if (code === "PEER_ABORTED") {
    return {
      ...failure,
      blamed: about,
      told: { code: peerCode ?? code, detail: reason ?? detail },
    };
  }
  if (!LOST.includes(code)) return failure;
  return { ...failure, blamed: about, told: { code, detail: `as rank ${rank} says: ${detail}` } };
}

/**
 * Goes from the failure that was heard of first to the one that it is an echo of.
 *
 * @param failures what the parties told, in the order in which they did
 * @param urls of all parties
 */
function rootOf(failures: readonly ToldFailure[], urls: readonly string[]): ToldFailure {
  let [at] = failures as [ToldFailure];
  const seen = new Set<ToldFailure>();
  while (at.blamed !== undefined && at.blamed !== at.rank && urls[at.blamed] !== undefined) {
    seen.add(at);
    const { blamed: rank, told } = at;
    const own = failures.find((failure) => failure.rank === rank);
    // When it was cancelled, that was only because of what others told of it.
    if (own === undefined || (own.code === "CANCELLED" && told!.code !== "CANCELLED")) {
      return { rank, url: urls[rank]!, ...told! };
    }
    if (seen.has(own)) break;
    at = own;
  }
  return at;
}
