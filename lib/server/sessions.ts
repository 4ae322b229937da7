/**
 * `/sessions`: create, list, read and close.
 *
 * @module
 */

import type { PeerView } from "../comm/http.ts";
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
      GET: (request) => {
        const session = sessions.get(nameParam(request, "session"));
        return Response.json({ ...describe(session), peers: session.describe().map(describePeer) });
      },
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

function describePeer({ rank, pending, unread, link, traffic }: PeerView) {
  return {
    rank,
    pending: pending.map(({ key, waitedMs }) => ({ key, waited_ms: waitedMs })),
    unread,
    link: { kind: link.kind, age_ms: link.ageMs ?? null },
    traffic: {
      messages_sent: traffic.messagesSent,
      bytes_sent: traffic.bytesSent,
      messages_received: traffic.messagesReceived,
      bytes_received: traffic.bytesReceived,
      retries: traffic.retries,
      duplicates_dropped: traffic.duplicatesDropped,
      resumes: link.resumes,
      bytes_resent: link.bytesResent,
      ack_ms: link.ackMs ?? null,
    },
  };
}
