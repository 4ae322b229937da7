/**
 * The HTTP API of one party: a function from `Request` to `Response`, for any server.
 *
 * @module
 */

import type { Logger } from "../log.ts";
import type { ProgramRegistry } from "../programs/registry.ts";
import type { SessionManager } from "../resources/sessions.ts";
import { commRoutes } from "./comm.ts";
import { computationRoutes } from "./computations.ts";
import { withCors } from "./cors.ts";
import { hostCheck } from "./hosts.ts";
import { linkRoutes } from "./link.ts";
import { RequestCounts } from "./metrics/requests.ts";
import { metricsRoute } from "./metrics/route.ts";
import { Totals } from "./metrics/totals.ts";
import { openApiRoute } from "./openapi/route.ts";
import { pageRoute } from "./page.ts";
import { programsRoute } from "./programs.ts";
import { probeRoutes } from "./ready.ts";
import { refuse } from "./refuse.ts";
import { logExchange } from "./request_log.ts";
import { operatorGuard, type OperatorOptions } from "./operators.ts";
import { mount, type RequestContext } from "./routes.ts";
import { sessionRoutes } from "./sessions.ts";
import { Probes } from "./status/probes.ts";
import { statusRoutes } from "./status/routes.ts";
import { symbolRoutes } from "./symbols.ts";

/** What the API gives access to, and within which limits. */
export interface AppOptions {
  /** The party's sessions. */
  sessions: SessionManager;
  /** What the party runs. */
  programs: ProgramRegistry;
  /** How large the body of a request may be, in bytes. */
  maxRequestBytes: number;
  /** How many bytes the symbols of a session may take, and so the body of one. */
  maxSymbolBytes: number;
  /** The origins of pages that may call it from a browser. */
  allowOrigins: readonly string[];
  /** The names of hosts that it answers for besides its own. */
  allowHosts: readonly string[];
  /** Who may drive the party; anyone, without it. */
  operators?: OperatorOptions | undefined;
  /** The fingerprint of the list that names them; none without keys. */
  configFingerprint?: string | undefined;
  /** Asks other parties whether they answer. */
  fetch: typeof fetch;
  /** Hears of requests, and of faults that the answer says nothing about. */
  log: Logger;
}

/**
 * @param options the party's parts, limits, and who hears of faults
 * @returns the handler; it never throws
 * @throws {TypeError} when an allowed origin or host is none
 */
export function createApp(
  options: AppOptions,
): (request: Request, context?: RequestContext) => Promise<Response> {
  const { sessions, programs, maxRequestBytes, maxSymbolBytes, operators, fetch, log } = options;
  const totals = new Totals(sessions);
  const requests = new RequestCounts();
  const probes = new Probes(fetch);
  const routes = [
    ...probeRoutes(sessions),
    ...commRoutes(sessions, maxRequestBytes),
    ...linkRoutes(sessions, maxRequestBytes),
    ...sessionRoutes(sessions, maxRequestBytes),
    ...symbolRoutes(sessions, maxRequestBytes, maxSymbolBytes),
    ...computationRoutes(sessions, maxRequestBytes),
    programsRoute(programs),
    ...statusRoutes({
      sessions,
      programs,
      totals,
      probes,
      configFingerprint: options.configFingerprint,
      startedAt: new Date(),
    }),
    metricsRoute({ sessions, programs, totals, requests }),
    pageRoute(),
  ];
  const answer = mount([...routes, openApiRoute(routes)], {
    check: hostCheck([...options.allowHosts, ...hostsOf(operators)], sessions),
    onError: (error, request) => refuse(error, request, maxRequestBytes),
    onAnswer: (exchange) => {
      requests.add(exchange);
      logExchange(log, exchange);
    },
    guard: operators && operatorGuard(operators, maxRequestBytes),
  });
  return withCors(options.allowOrigins, answer);
}

/** Operators know the party by its own URL. */
function hostsOf(operators: OperatorOptions | undefined): string[] {
  return operators === undefined ? [] : [new URL(operators.url).hostname];
}
