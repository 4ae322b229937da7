/**
 * `/sessions/{s}/computations`: start, list, read, follow and cancel.
 *
 * @module
 */

import { type IRequest, v } from "../deps.ts";
import { PartyError } from "../errors.ts";
import type { Computation } from "../resources/computation.ts";
import { Names } from "../resources/computation_spec.ts";
import type { SessionManager } from "../resources/sessions.ts";
import { joinTrace } from "../trace.ts";
import { check, Name } from "../schema.ts";
import { unpackJson } from "../wire/json.ts";
import { prefers, readJson } from "./body.ts";
import {
  COMPUTATION_EXAMPLE,
  ComputationJson,
  listComputation,
  LISTED_EXAMPLE,
  ListedComputationJson,
  viewComputation,
} from "./computation_view.ts";
import { EVENTS_MEDIA_TYPE, eventStream } from "./event_stream.ts";
import { nameParam, type Route } from "./routes.ts";

/** The body that starts a computation. */
export const ComputationBody = v.strictObject({
  computation_id: Name,
  program: Name,
  input_names: v.optional(Names),
  output_names: v.optional(Names),
  params: v.optional(v.unknown()),
});

const REQUEST_EXAMPLE = {
  computation_id: "mass-1",
  program: "mean",
  input_names: { table: "penguins" },
  params: { column: "body_mass_g" },
};

/** The routes of computations. */
export function computationRoutes(sessions: SessionManager, maxRequestBytes: number): Route[] {
  const sessionOf = (request: IRequest) => sessions.get(nameParam(request, "session"));
  const computationOf = (request: IRequest) =>
    sessionOf(request).computation(nameParam(request, "computation"));
  return [{
    path: "/sessions/:session/computations",
    tag: "computations",
    operations: {
      GET: {
        id: "listComputations",
        summary: "Lists the computations of a session, without their params.",
        answers: {
          200: {
            description: "All that are kept, in the order in which they were started.",
            schema: v.object({ computations: v.array(ListedComputationJson) }),
            example: { computations: [LISTED_EXAMPLE] },
          },
        },
        problems: ["UNKNOWN_SESSION"],
        handle: (request) =>
          Response.json({ computations: sessionOf(request).computations.map(listComputation) }),
      },
      POST: {
        id: "startComputation",
        summary:
          "Runs a program of this party with the other parties, and waits for its end; with " +
          "Accept: text/event-stream it is followed.",
        headers: {
          prefer: "With respond-async it is not waited for.",
          traceparent: "The W3C trace context that all records about it belong to.",
        },
        body: { schema: ComputationBody, example: REQUEST_EXAMPLE },
        answers: {
          200: {
            description: "It is completed; or its events, as followComputation answers them.",
            schema: ComputationJson,
            example: COMPUTATION_EXAMPLE,
            instead: { mediaType: EVENTS_MEDIA_TYPE },
          },
          202: {
            description: "It is started, and not waited for.",
            schema: ComputationJson,
            headers: { location: "The path of the computation." },
          },
        },
        problems: [
          ...["UNKNOWN_SESSION", "UNKNOWN_PROGRAM", "UNKNOWN_SYMBOL", "SERIALIZATION"] as const,
          ...["CONFLICT", "AGREEMENT_MISMATCH", "CANCELLED", "PEER_ABORTED"] as const,
          ...["PEER_RESTARTED", "PEER_UNREACHABLE", "NETWORK", "SESSION_CLOSED"] as const,
          ...["MAILBOX_FULL", "TOO_MANY_COMPUTATIONS"] as const,
          ...["SEND_TIMEOUT", "RECV_TIMEOUT"] as const,
        ],
        handle: async (request, { draining }) => {
          sessionOf(request); // before a large body is read for nothing
          const json = await readJson(request, maxRequestBytes);
          const body = check(ComputationBody, json, "a computation");
          const session = sessionOf(request);
          const computation = session.compute({
            id: body.computation_id,
            program: body.program,
            inputs: body.input_names,
            outputs: body.output_names,
            params: "params" in body ? unpackJson(body.params) : undefined,
          }, joinTrace(request.headers.get("traceparent")));
          if (prefers(EVENTS_MEDIA_TYPE, request)) return events(computation, draining);
          if (prefersAsync(request)) return accepted(session.name, computation);
          return await ended(computation);
        },
      },
    },
  }, {
    path: "/sessions/:session/computations/:computation",
    tag: "computations",
    operations: {
      GET: {
        id: "getComputation",
        summary: "Reads a computation.",
        answers: {
          200: {
            description: "The computation as it is.",
            schema: ComputationJson,
            example: COMPUTATION_EXAMPLE,
          },
        },
        problems: ["UNKNOWN_SESSION", "UNKNOWN_COMPUTATION"],
        handle: (request) => Response.json(viewComputation(computationOf(request))),
      },
      DELETE: {
        id: "cancelComputation",
        summary: "Cancels a computation, here and at the other parties, unless it has ended.",
        answers: { 204: { description: "It has ended." } },
        problems: ["UNKNOWN_SESSION", "UNKNOWN_COMPUTATION"],
        handle: (request) => {
          computationOf(request).cancel(
            new PartyError("CANCELLED", "It was cancelled by request to this party"),
          );
          return new Response(null, { status: 204 });
        },
      },
    },
  }, {
    path: "/sessions/:session/computations/:computation/events",
    tag: "computations",
    operations: {
      GET: {
        id: "followComputation",
        summary: "Follows a computation, until it has ended.",
        answers: {
          200: {
            description: "Events `computation`, whose data is the computation as it is.",
            mediaType: EVENTS_MEDIA_TYPE,
          },
        },
        problems: ["UNKNOWN_SESSION", "UNKNOWN_COMPUTATION"],
        handle: (request, { draining }) => events(computationOf(request), draining),
      },
    },
  }];
}

/** `Prefer: respond-async` (RFC 7240, section 4.1). */
function prefersAsync({ headers }: Request): boolean {
  const preferences = headers.get("prefer")?.split(",") ?? [];
  return preferences.some((one) => one.split(";")[0]!.trim().toLowerCase() === "respond-async");
}

function events(computation: Computation, draining: AbortSignal | undefined): Response {
  return eventStream({
    event: "computation",
    current: () => viewComputation(computation),
    isOver: () => computation.hasEnded,
    onChange: (listener) => computation.onChange(listener),
  }, draining);
}

function accepted(session: string, computation: Computation): Response {
  return Response.json(viewComputation(computation), {
    status: 202,
    headers: {
      "location": `/sessions/${session}/computations/${computation.id}`,
      "preference-applied": "respond-async",
    },
  });
}

/** @throws {PartyError} why it failed or was cancelled */
async function ended(computation: Computation): Promise<Response> {
  await computation.ended;
  return Response.json(viewComputation(computation));
}
