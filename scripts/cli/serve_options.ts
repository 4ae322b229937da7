/**
 * What `partyline serve` may be told.
 *
 * @module
 */

import type { TlsFileOptions } from "./tls_files.ts";

/** The options of the command line. */
export interface ServeOptions extends TlsFileOptions {
  rank?: number;
  port?: number;
  host: string;
  endpoints?: string;
  config?: string;
  session?: string;
  run?: string;
  param?: Record<string, unknown>;
  program?: string[];
  data?: Record<string, string>;
  store?: string;
  key?: string;
  mutualTls?: boolean;
  insecure?: boolean;
  allowOrigin?: string[];
  allowHost?: string[];
  timeoutMs: number;
  maxMailboxBytes?: number;
  maxMessageBytes?: number;
  maxRequestBytes?: number;
  maxSymbolBytes?: number;
  maxSessions?: number;
  maxActiveComputations?: number;
  maxEndedComputations?: number;
  maxEndedAgeMs?: number;
  log: "pretty" | "json" | "none";
  logLevel?: "debug" | "info" | "warn" | "error";
  json?: boolean;
}
