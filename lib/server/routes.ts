/**
 * How routes are written down, each with what the API's description says of it, and mounted on the
 * router.
 *
 * @module
 */

import { type IRequest, Router, type v } from "../deps.ts";
import { type ErrorCode, PartyError } from "../errors.ts";
import { NAME_PATTERN } from "../names.ts";
import type { Operator, Right } from "../security/config.ts";
import { check } from "../schema.ts";
import { RoutingError } from "./problem.ts";

/** What the certificate of a client says, which the server has verified. */
export interface ClientCertificate {
  /** The hosts and addresses that it is for, in lower case; wildcards are as they stand in it. */
  names: readonly string[];
  /** The SHA-256 of its DER form, as 64 hexadecimal digits. */
  fingerprint: string;
}

/** What a handler may need to know of the server. */
export interface RequestContext {
  /** Aborts when the server is about to close: what would go on for long has to end. */
  draining?: AbortSignal;
  /** Whether only this machine reaches the server, as it listens on a loopback address. */
  isLocal?: boolean;
  /** What the client showed, where TLS is mutual. */
  clientCertificate?: ClientCertificate;
}

/** What a handler knows besides. */
export interface HandlerContext extends RequestContext {
  /** Who signed the request, where the party has operators. */
  operator?: Operator;
}

/** Answers one request; may throw, which becomes a problem answer. */
export type Handler = (
  request: IRequest,
  context: HandlerContext,
) => Response | Promise<Response>;

/** Makes of a handler one that answers only operators who may. */
export type Guard = (handle: Handler, need: Right, maxBytes?: number) => Handler;

/** What a request or an answer carries. */
export interface Content {
  /** The media type. @default {"application/json"} */
  mediaType?: string;
  /** What a JSON body is checked against, or made to fit; without it the body is bytes or text. */
  schema?: v.GenericSchema;
  /** One that fits. */
  example?: unknown;
  /** How large a request's may be, in bytes, where that is not the party's `maxRequestBytes`. */
  maxBytes?: number;
}

/** What an operation answers when all is well; without content, nothing. */
export interface Answer extends Content {
  /** What it says, in a few words. */
  description: string;
  /** Its headers of note, and what they say. */
  headers?: Record<string, string>;
  /** What it carries instead, when the request asks for that media type. */
  instead?: Content;
}

/** The parameters of a query: each is text, and describes itself. */
export type QuerySchema = v.GenericSchema<unknown, Record<string, string>> & {
  readonly entries: Readonly<Record<string, v.GenericSchema>>;
};

/** What one method of a path does: for callers, and in code. */
export interface Operation {
  /** Its name in clients that are made from the description; unique. */
  id: string;
  /** What it does, in one sentence. */
  summary: string;
  /** What the request carries. */
  body?: Content;
  /** The request's headers of note, and what they say. */
  headers?: Record<string, string>;
  /** The parameters of the request's query, for {@linkcode readQuery}; all may be left out. */
  query?: QuerySchema;
  /** The good answers, by status. */
  answers: Record<number, Answer>;
  /** What it refuses with, besides what follows from its parameters and its body. */
  problems?: readonly ErrorCode[];
  /** Who may call it, where not only operators do. */
  openTo?: "anyone" | "parties";
  /** Does it. */
  handle: Handler;
}

/** One path. */
export interface Route {
  /** As itty-router has it, such as `/sessions/:session`. */
  path: string;
  /** The kind of thing that it is about. */
  tag: string;
  /** What each method does; `HEAD` comes with `GET`. */
  operations: Partial<Record<"GET" | "POST" | "PUT" | "DELETE", Operation>>;
}

/** One request that was answered, for who counts it or notes it down. */
export interface Exchange {
  /** The request's method. */
  method: string;
  /** The path of the route, with the names of its parameters; undefined when there is none. */
  route: string | undefined;
  /** The parameters of the path, as they came. */
  params: Readonly<Record<string, string | undefined>>;
  /** The request's headers. */
  headers: Headers;
  /** The status of the answer. */
  status: number;
  /** How long it took until the answer began, in milliseconds. */
  elapsedMs: number;
  /** Who signed it, where the party has operators. */
  operator?: Operator | undefined;
  /** What the handler threw, where it did. */
  error?: unknown;
}

/** What becomes of requests besides their handlers. */
export interface MountOptions {
  /** Throws for a request that is not to be answered. */
  check(request: Request, context: RequestContext): void;
  /** Makes the answer to whatever a handler throws. */
  onError(error: unknown, request: Request): Promise<Response>;
  /** Hears of each request, once it is answered. */
  onAnswer(exchange: Exchange): void;
  /** Keeps all but operators out of what is theirs; without it, anyone may. */
  guard?: Guard | undefined;
}

/** The path of what is left. */
const ANY = "*";

/**
 * @param routes all that there is; anything else is 404 or, with another method, 405
 * @returns the router's `fetch`
 */
export function mount(
  routes: readonly Route[],
  { check, onError, onAnswer, guard }: MountOptions,
): (request: Request, context?: RequestContext) => Promise<Response> {
  const router = Router();
  for (const { path, operations } of routes) {
    const { GET, POST, PUT, DELETE } = operations;
    const guarded = ({ handle, openTo, body }: Operation, need: Right) =>
      guard === undefined || openTo !== undefined ? handle : guard(handle, need, body?.maxBytes);
    if (GET) {
      const handle = guarded(GET, "read");
      router.get(path, handle).head(path, headOf(handle));
    }
    if (POST) router.post(path, guarded(POST, "run"));
    if (PUT) router.put(path, guarded(PUT, "run"));
    if (DELETE) router.delete(path, guarded(DELETE, "run"));
    const allow = Object.keys(operations).join(", ").replace("GET", "GET, HEAD");
    router.all(path, ({ method }) => {
      throw new RoutingError(405, `${method} is not possible here: use ${allow}`, { allow });
    });
  }
  router.all(ANY, ({ method, url }) => {
    throw new RoutingError(404, `There is no ${method} ${new URL(url).pathname.slice(0, 200)}`);
  });
  return async (request, context = {}) => {
    const startedAt = performance.now();
    let response: Response;
    let error: unknown;
    const known: HandlerContext = { ...context }; // whoever finds out more notes it there
    try {
      check(request, context);
      response = await router.fetch(request, known);
    } catch (thrown) {
      // The `Host` of a request is in its URL, and can be anything.
      error = URL.canParse(request.url) ? thrown : badUrl();
      response = await onError(error, request);
    }
    const { method, headers, route, params = {} } = request as IRequest; // the router's notes
    onAnswer({
      method,
      route: route === ANY ? undefined : route,
      params,
      headers,
      status: response.status,
      elapsedMs: performance.now() - startedAt,
      operator: known.operator,
      error,
    });
    return response;
  };
}

/** The same without the body, which may go on for as long as something is followed. */
function headOf(handle: Handler): Handler {
  return async (request, context) => {
    const { status, headers, body } = await handle(request, context);
    void body?.cancel();
    return new Response(null, { status, headers });
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

/**
 * The parameters of a request's query. One that is misspelt or comes twice is refused: it may be what
 * keeps data from being deleted.
 *
 * @throws {PartyError} `INVALID_REQUEST` when they do not fit
 */
export function readQuery<Query extends QuerySchema>(
  { query }: IRequest,
  schema: Query,
): v.InferOutput<Query> {
  return check(schema, { ...query }, "the query");
}
