/**
 * `/health`: the process answers. `/ready`: the party takes work.
 *
 * @module
 */

import { v } from "../deps.ts";
import { PartyError } from "../errors.ts";
import type { SessionManager } from "../resources/sessions.ts";
import { VERSION } from "../version.ts";
import type { Route } from "./routes.ts";

/** Tells the version of the party that answers. */
export const VERSION_HEADER = "partyline-version";

/** What is answered where there is nothing else to say. */
export const OK = {
  description: "Done.",
  schema: v.object({ status: v.literal("ok") }),
  example: { status: "ok" },
};

/** The routes of probes. */
export function probeRoutes(sessions: SessionManager): Route[] {
  return [{
    path: "/health",
    tag: "operation",
    operations: {
      GET: {
        id: "getHealth",
        openTo: "anyone",
        summary: "Whether the process answers.",
        answers: { 200: { ...OK, headers: { [VERSION_HEADER]: "The party's version." } } },
        handle: () => Response.json({ status: "ok" }, { headers: { [VERSION_HEADER]: VERSION } }),
      },
    },
  }, {
    path: "/ready",
    tag: "operation",
    operations: {
      GET: {
        id: "getReady",
        summary: "Whether the party takes work; 503 while it ends.",
        answers: {
          200: {
            description: "It does.",
            schema: v.object({ status: v.literal("ready") }),
            example: { status: "ready" },
          },
        },
        handle: (_, { draining }) => {
          if (isReady(sessions, draining)) return Response.json({ status: "ready" });
          throw new PartyError("DRAINING", "This party is about to end, or has; try another");
        },
      },
    },
  }];
}

/** Whether the party takes work. @param draining of the server, where it tells */
export function isReady(sessions: SessionManager, draining?: AbortSignal): boolean {
  return !sessions.isClosed && !draining?.aborted;
}
