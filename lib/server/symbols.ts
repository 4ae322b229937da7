/**
 * `/sessions/{s}/symbols`: the named values of a session.
 *
 * @module
 */

import { type IRequest, v } from "../deps.ts";
import type { SessionSymbol, SymbolTable } from "../resources/symbols.ts";
import type { SessionManager } from "../resources/sessions.ts";
import { check, Name } from "../schema.ts";
import { decodePayload } from "../wire/message.ts";
import { readJson } from "./body.ts";
import { nameParam, type Route } from "./routes.ts";

const SymbolBody = v.strictObject({
  name: Name,
  mptype: v.optional(v.unknown(), null),
  data: v.string(),
});

/** The routes of symbols. */
export function symbolRoutes(sessions: SessionManager, maxRequestBytes: number): Route[] {
  const symbolsOf = (request: IRequest): SymbolTable =>
    sessions.get(nameParam(request, "session")).symbols;
  return [{
    path: "/sessions/:session/symbols",
    handlers: {
      GET: (request) => Response.json({ symbols: symbolsOf(request).list().map(summarize) }),
      POST: async (request) => {
        symbolsOf(request); // before a large body is read for nothing
        const body = check(SymbolBody, await readJson(request, maxRequestBytes), "a symbol");
        const { value } = decodePayload(body.data);
        // Meanwhile the session may have been closed, and another created under its name.
        const symbol = symbolsOf(request).put(body.name, value, body.mptype);
        return Response.json(summarize(symbol));
      },
    },
  }, {
    path: "/sessions/:session/symbols/:symbol",
    handlers: {
      GET: (request) => {
        const symbol = symbolsOf(request).get(nameParam(request, "symbol"));
        return Response.json({ ...summarize(symbol), data: symbol.payload.data });
      },
      DELETE: (request) => {
        symbolsOf(request).delete(nameParam(request, "symbol"));
        return new Response(null, { status: 204 });
      },
    },
  }];
}

function summarize({ name, mptype }: SessionSymbol) {
  return { name, mptype };
}
