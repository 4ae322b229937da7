/**
 * `/metrics`: what Prometheus scrapes.
 *
 * @module
 */

import type { Route } from "../routes.ts";
import type { Registry } from "./deps.ts";
import type { MetricsSource } from "./registry.ts";

/** The route of metrics. */
export function metricsRoute(source: MetricsSource): Route {
  let registry: Promise<Registry> | undefined;
  const load = async () => (await import("./registry.ts")).metricsRegistry(source);
  return {
    path: "/metrics",
    tag: "operation",
    operations: {
      GET: {
        id: "getMetrics",
        summary: "Tells the metrics of the party, for Prometheus.",
        answers: {
          200: { description: "Prometheus text format 0.0.4.", mediaType: "text/plain" },
        },
        handle: async () => {
          const all = await (registry ??= load());
          const headers = { "content-type": all.contentType };
          return new Response(await all.metrics(), { headers });
        },
      },
    },
  };
}
