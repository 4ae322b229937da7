/**
 * How routes are written down, and mounted on the router.
 *
 * @module
 */

import { type IRequest, Router } from "../deps.ts";
import { PartyError } from "../errors.ts";
import { NAME_PATTERN } from "../names.ts";
import { RoutingError } from "./problem.ts";

/** What a handler may need to know of the server. */
export interface RequestContext {
  /** Aborts when the server is about to close: what would go on for long has to end. */
  draining?: AbortSignal;
}

/** Answers one request; may throw, which becomes a problem answer. */
export type Handler = (
  request: IRequest,
  context: RequestContext,
) => Response | Promise<Response>;

/** The handlers of one path, by method. */
export interface Route {
  /** As itty-router has it, such as `/sessions/:session`. */
  path: string;
  /** What each method does; `HEAD` comes with `GET`. */
  handlers: Partial<Record<"GET" | "POST" | "DELETE", Handler>>;
}

/**
 * @param routes all that there is; anything else is 404 or, with another method, 405
 * @param onError makes the answer to whatever a handler throws
 * @returns the router's `fetch`
 */
export function mount(
  routes: Route[],
  onError: (error: unknown, request: Request) => Promise<Response>,
): (request: Request, context?: RequestContext) => Promise<Response> {
  const router = Router();
  for (const { path, handlers } of routes) {
    const { GET, POST, DELETE } = handlers;
    if (GET) router.get(path, GET).head(path, GET);
    if (POST) router.post(path, POST);
    if (DELETE) router.delete(path, DELETE);
    const allow = Object.keys(handlers).join(", ").replace("GET", "GET, HEAD");
    router.all(path, ({ method }) => {
      throw new RoutingError(405, `${method} is not possible here: use ${allow}`, { allow });
    });
  }
  router.all("*", ({ method, url }) => {
    throw new RoutingError(404, `There is no ${method} ${new URL(url).pathname.slice(0, 200)}`);
  });
  return async (request, context = {}) => {
    try {
      return await router.fetch(request, context);
    } catch (error) {
      // The `Host` of a request is in its URL, and can be anything.
      const cause = URL.canParse(request.url) ? error : badUrl();
      return await onError(cause, request);
    }
  };
}

function badUrl(): PartyError {
  return new PartyError(
    "INVALID_REQUEST",
    "Cannot make a URL of the request's Host and path: send the host of this party's endpoint",
  );
}

/**
 * A name from the path; the router leaves it percent-encoded.
 *
 * @throws {PartyError} `INVALID_REQUEST` when it is not a name
 */
export function nameParam(request: IRequest, param: string): string {
  const raw = request.params[param] ?? "";
  let name: string | undefined;
  try {
    name = decodeURIComponent(raw);
  } catch {
    // A stray percent sign makes no name.
  }
  if (name !== undefined && NAME_PATTERN.test(name)) return name;
  throw new PartyError(
    "INVALID_REQUEST",
    `Cannot take ${JSON.stringify(raw.slice(0, 100))} as the name of a ${param}: use 1 to 128 ` +
      `letters, digits, '.', '_' or '-', but not '.' or '..'`,
  );
}
