/**
 * Faults in a party itself, as a test collects them.
 *
 * @module
 */

import type { LogSink } from "../../mod.ts";

/** @param faults what errors are added to @returns a log that takes nothing else */
export function faultsTo(faults: unknown[]): LogSink {
  return ({ level, error }) => void (level === "error" && faults.push(error));
}
