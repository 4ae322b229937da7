/**
 * What a link asks and tells its session.
 *
 * @module
 */

import type { Deadlines } from "../deadlines.ts";
import type { Request } from "./attempt.ts";
import type { LinkStream } from "./stream.ts";

/** How messages travel: `none` before the peer was reached. */
export type LinkKind = "none" | "streaming" | "segments" | "json";

/** What a link needs to know of its session. */
export interface LinkContext {
  /** The peer's rank. */
  rank: number;
  /** The session's name. */
  session: string;
  /** Watches the time of sends. */
  deadlines: Deadlines;
  /** What the link carries, which is empty. */
  stream: LinkStream;
  /** Makes a request to the peer's end of the link. */
  request: Request;
  /**
   * Judges what an attempt met, where answers may be anybody's; without it, all are the peer's.
   *
   * @returns what to act upon: `RetryLater` unless it is certain
   */
  distrust?: (error: unknown) => unknown;
  /** Whether the peer was ever reached, or heard of, in this session. */
  isMet(): boolean;
  /** Whether a `recv` waits for the peer. */
  isWaitedFor(): boolean;
  /** Tells what to acknowledge to the peer along with what is sent to it; undefined for nothing. */
  takeDue(): number | undefined;
  /** Hears of each attempt that is made again. */
  onRetry(): void;
  /** Hears how long a message took to be acknowledged, in milliseconds. */
  onAcknowledged(ms: number): void;
  /** Hears that the peer cannot be reached any more, or refuses what it is sent. */
  onFailure(error: unknown): void;
  /** Hears that the peer has no links; what it was to be sent is still there to be taken over. */
  onJsonOnly(): void;
}
