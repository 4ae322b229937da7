/**
 * `/sessions`: create, list, read and close.
 *
 * @module
 */

import type { Session } from "../resources/session.ts";
import type { SessionManager } from "../resources/sessions.ts";
import { readJson } from "./body.ts";
import { nameParam, type Route } from "./routes.ts";

/** The routes of sessions. */
export function sessionRoutes(sessions: SessionManager, maxRequestBytes: number): Route[] {
  return [{
    path: "/sessions",
    handlers: {
      GET: () => Response.json({ sessions: sessions.list().map(describe) }),
      POST: async (request) => {
        const spec = await readJson(request, maxRequestBytes);
        return Response.json(describe(sessions.create(spec)));
      },
    },
  }, {
    path: "/sessions/:session",
    handlers: {
      GET: (request) => Response.json(describe(sessions.get(nameParam(request, "session")))),
      DELETE: async (request) => {
        await sessions.get(nameParam(request, "session")).close("it was deleted");
        return new Response(null, { status: 204 });
      },
    },
  }];
}

function describe({ name, rank, worldSize, endpoints, state }: Session) {
  return { name, rank, world_size: worldSize, endpoints, state };
}
