/**
 * What each runtime's own file gives to `serve()`.
 *
 * @module
 */

import type { Drain, Handler } from "./drain.ts";

/** What a runtime's own file gives: a server that listens, and its end. */
export interface Listener {
  /** The port that it listens on. */
  port: number;
  /**
   * Ends all connections.
   *
   * @param graceMs how long answers may still be written for, in milliseconds; 0 cuts them off
   */
  stop(graceMs: number): Promise<void>;
}

/** Listens on this runtime; counts each request in `drain` until `stop` can be left to wait for its answer. */
export type Listen = (
  handler: Handler,
  drain: Drain,
  options: { hostname: string; port: number },
) => Promise<Listener>;
