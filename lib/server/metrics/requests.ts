/**
 * How many requests a party has answered, and how long that took.
 *
 * @module
 */

import type { Exchange } from "../routes.ts";
import { ByLabels, Histogram } from "./histogram.ts";

/** In seconds. */
const DURATIONS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60];
/** Of others there are any number. */
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** Counts requests, by method, pattern of the path, and status. */
export class RequestCounts {
  /** How many there were. */
  readonly counts: ByLabels<{ total: number }> = new ByLabels(() => ({ total: 0 }));
  /** How long they took, in seconds, whatever the status. */
  readonly seconds: ByLabels<Histogram> = new ByLabels(() => new Histogram(DURATIONS));

  /** Counts one. */
  add({ method: given, route = "none", status, elapsedMs }: Exchange): void {
    const method = METHODS.includes(given) ? given : "other";
    this.counts.of({ method, route, status: String(status) }).total++;
    this.seconds.of({ method, route }).observe(elapsedMs / 1_000);
  }
}
