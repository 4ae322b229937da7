/**
 * What each kind of server gives to `serve()`.
 *
 * @module
 */

import type { Drain, Handler } from "./drain.ts";
import type { ServeLimits } from "./limits.ts";
import type { ServeTlsOptions } from "./tls.ts";

/** A server that listens, and its end. */
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

/** Where to listen, and how. */
export interface ListenOptions {
  hostname: string;
  port: number;
  limits: Required<ServeLimits>;
  tls: ServeTlsOptions | undefined;
}

/** Listens; counts each request in `drain` until `stop` can be left to wait for its answer. */
export type Listen = (
  handler: Handler,
  drain: Drain,
  options: ListenOptions,
) => Promise<Listener>;
