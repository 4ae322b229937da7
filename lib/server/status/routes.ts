/**
 * `/status` and `/events`: how the party is, once or again and again.
 *
 * @module
 */

import { eventStream } from "../event_stream.ts";
import type { Route } from "../routes.ts";
import { STATUS_EXAMPLE, StatusJson, statusOf, type StatusSource } from "./status.ts";

/** How often it is told. */
const INTERVAL_MS = 1_000;

/** The routes of the status. */
export function statusRoutes(source: StatusSource): Route[] {
  return [{
    path: "/status",
    tag: "operation",
    operations: {
      GET: {
        id: "getStatus",
        summary: "Tells how the party is: its sessions, what runs, what passed, who answers. " +
          "It asks the first 100 endpoints of its sessions, at most once in 2 seconds.",
        answers: {
          200: {
            description: "The status; of ended computations the last 50 of each session.",
            schema: StatusJson,
            example: STATUS_EXAMPLE,
          },
        },
        handle: async (_, { draining }) => Response.json(await statusOf(source, draining)),
      },
    },
  }, {
    path: "/events",
    tag: "operation",
    operations: {
      GET: {
        id: "followStatus",
        summary: "Tells how the party is at once, and then about once a second.",
        answers: {
          200: {
            description: "Events `status`, whose data is what /status answers.",
            mediaType: "text/event-stream",
          },
        },
        handle: (_, { draining }) =>
          eventStream({
            event: "status",
            current: () => statusOf(source, draining),
            isOver: () => source.sessions.isClosed,
            onChange: (listener) => {
              const timer = setInterval(listener, INTERVAL_MS);
              return () => clearInterval(timer);
            },
          }, draining),
      },
    },
  }];
}
