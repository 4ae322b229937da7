/**
 * The HTTP API of one party: a function from `Request` to `Response`, for any server.
 *
 * @module
 */

import { PartyError } from "../errors.ts";
import type { SessionManager } from "../resources/sessions.ts";
import { commRoutes } from "./comm.ts";
import { refuse } from "./refuse.ts";
import { linkRoutes } from "./link.ts";
import { mount, type RequestContext, type Route } from "./routes.ts";
import { sessionRoutes } from "./sessions.ts";
import { symbolRoutes } from "./symbols.ts";

/** What the API needs to know. */
export interface AppOptions {
  /** How large the body of a request may be, in bytes. */
  maxRequestBytes: number;
  /** Hears of faults that the answer says nothing about. */
  onError: (error: unknown) => void;
}

const healthRoute: Route = {
  path: "/health",
  handlers: { GET: () => Response.json({ status: "ok" }) },
};

/**
 * @param sessions what the API gives access to
 * @param options limits, and who hears of faults
 * @returns the handler; it never throws
 */
export function createApp(
  sessions: SessionManager,
  { maxRequestBytes, onError }: AppOptions,
): (request: Request, context?: RequestContext) => Promise<Response> {
  const routes = [
    healthRoute,
    ...commRoutes(sessions, maxRequestBytes),
    ...linkRoutes(sessions, maxRequestBytes),
    ...sessionRoutes(sessions, maxRequestBytes),
    ...symbolRoutes(sessions, maxRequestBytes),
  ];
  return mount(routes, (error, request) => {
    if (!(error instanceof PartyError)) onError(error);
    return refuse(error, request, maxRequestBytes);
  });
}
