/**
 * `/sessions`: create, list, read and close.
 *
 * @module
 */

import { v } from "../deps.ts";
import { PartyError } from "../errors.ts";
import type { Session } from "../resources/session.ts";
import type { SessionManager } from "../resources/sessions.ts";
import { SessionSchema } from "../resources/spec.ts";
import type { Operator } from "../security/config.ts";
import { covers } from "../security/signatures/rights.ts";
import { readJson } from "./body.ts";
import { nameParam, readQuery, type Route } from "./routes.ts";
import {
  PEER_EXAMPLE,
  PeerJson,
  SESSION_EXAMPLE,
  SessionJson,
  SPEC_EXAMPLE,
  viewPeer,
  viewSession,
} from "./session_view.ts";

/** How a session is closed. */
const CloseQuery = v.strictObject({
  keep_symbols: v.optional(
    v.pipe(
      v.picklist(["true", "false"]),
      v.description(
        "With true the party's store keeps the symbols here: they are back when a session of this " +
          "name, rank and endpoints is created again, and gone once that is closed without.",
      ),
    ),
    "false",
  ),
});

/** The routes of sessions. */
export function sessionRoutes(sessions: SessionManager, maxRequestBytes: number): Route[] {
  /** The ids of the operators who created them. */
  const owners = new WeakMap<Session, string>();
  return [{
    path: "/sessions",
    tag: "sessions",
    operations: {
      GET: {
        id: "listSessions",
        summary: "Lists the sessions.",
        answers: {
          200: {
            description: "All of them, in the order in which they were created.",
            schema: v.object({ sessions: v.array(SessionJson) }),
            example: { sessions: [SESSION_EXAMPLE] },
          },
        },
        handle: () => Response.json({ sessions: sessions.list().map(viewSession) }),
      },
      POST: {
        id: "createSession",
        summary: "Creates a session; the same again is the same, unless it has to be new.",
        headers: {
          "if-none-match":
            "With * the session has to be new: where there is one of the name, also " +
            "the same, it is a CONFLICT.",
        },
        body: { schema: SessionSchema, example: SPEC_EXAMPLE },
        answers: {
          200: { description: "The session.", schema: SessionJson, example: SESSION_EXAMPLE },
        },
        problems: ["CONFLICT"],
        handle: async (request, { operator }) => {
          const spec = await readJson(request, maxRequestBytes);
          const before = sessions.list();
          const hasToBeNew = request.headers.get("if-none-match")?.trim() === "*";
          const session = await sessions.create(spec, { hasToBeNew });
          const isNew = !before.includes(session) && !owners.has(session);
          if (isNew && operator !== undefined) owners.set(session, operator.id);
          return Response.json(viewSession(session));
        },
      },
    },
  }, {
    path: "/sessions/:session",
    tag: "sessions",
    operations: {
      GET: {
        id: "getSession",
        summary: "Reads a session, and who waits for whom in it.",
        answers: {
          200: {
            description: "The session, with its peers.",
            schema: v.object({ ...SessionJson.entries, peers: v.array(PeerJson) }),
            example: { ...SESSION_EXAMPLE, peers: [PEER_EXAMPLE] },
          },
        },
        problems: ["UNKNOWN_SESSION"],
        handle: (request) => {
          const session = sessions.get(nameParam(request, "session"));
          return Response.json({
            ...viewSession(session),
            peers: session.describe().map(viewPeer),
          });
        },
      },
      DELETE: {
        id: "closeSession",
        summary: "Closes a session, deletes or keeps its symbols, and tells the other parties.",
        query: CloseQuery,
        answers: { 204: { description: "It is closed." } },
        problems: ["UNKNOWN_SESSION"],
        handle: async (request, { operator }) => {
          const session = sessions.get(nameParam(request, "session"));
          const { keep_symbols: keepSymbols } = readQuery(request, CloseQuery);
          if (operator !== undefined) checkMayClose(operator, session, owners.get(session));
          if (keepSymbols === "true") await session.suspend("it was closed");
          else await session.close("it was deleted");
          return new Response(null, { status: 204 });
        },
      },
    },
  }];
}

/** @throws {PartyError} `FORBIDDEN` when another one's session may not be closed */
function checkMayClose({ id, allow }: Operator, { name }: Session, owner = "this party"): void {
  if (owner === id || covers(allow, "admin")) return;
  throw new PartyError(
    "FORBIDDEN",
    `Operator ${id} may not close session ${name}, which ${owner} created: ask them, or one who may ` +
      "admin",
  );
}
