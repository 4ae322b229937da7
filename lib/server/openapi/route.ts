/**
 * `/openapi.json`: the API, described.
 *
 * @module
 */

import { v } from "../../deps.ts";
import type { Route } from "../routes.ts";
import { openApiDocument } from "./document.ts";

/** The route of the description. @param routes all routes but this one */
export function openApiRoute(routes: readonly Route[]): Route {
  let text: string | undefined;
  const own: Route = {
    path: "/openapi.json",
    tag: "operation",
    operations: {
      GET: {
        id: "getOpenApi",
        summary: "Describes this API.",
        answers: {
          200: {
            description: "An OpenAPI 3.1 document.",
            schema: v.objectWithRest({ openapi: v.string() }, v.unknown()),
            example: { openapi: "3.1.0" },
          },
        },
        handle: () => {
          text ??= JSON.stringify(openApiDocument([...routes, own]));
          return new Response(text, { headers: { "content-type": "application/json" } });
        },
      },
    },
  };
  return own;
}
