/**
 * What each runtime's own file gives to `serve()`.
 *
 * @module
 */

import type { Drain, Handler } from "./drain.ts";

/** What a runtime's own file gives: a server that listens, and its sudden end. */
export interface Listener {
  /** The port that it listens on. */
  port: number;
  /** Ends all connections at once. */
  stop(): Promise<void>;
}

/** Listens on this runtime; counts each request in `drain` until its answer is written. */
export type Listen = (
  handler: Handler,
  drain: Drain,
  options: { hostname: string; port: number },
) => Promise<Listener>;
