/**
 * `/`: the status page, for people.
 *
 * @module
 */

import { type Page, statusPage } from "../page/page.ts";
import { RoutingError } from "./problem.ts";
import type { Route } from "./routes.ts";

/** The route of the status page. */
export function pageRoute(): Route {
  let made: Promise<Page> | undefined;
  return {
    path: "/",
    tag: "operation",
    operations: {
      GET: {
        id: "statusPage",
        summary: "Shows to a person what this party does; follows `/events`.",
        answers: { 200: { description: "The page.", mediaType: "text/html" } },
        handle: async ({ url }) => {
          const { pathname } = new URL(url);
          if (pathname !== "/") {
            throw new RoutingError(404, `There is no page ${pathname.slice(0, 200)}: use /`);
          }
          const { html, policy } = await (made ??= statusPage());
          return new Response(html, {
            headers: {
              "content-type": "text/html; charset=utf-8",
              "content-security-policy": policy,
              "cache-control": "no-store",
              "referrer-policy": "no-referrer",
              "x-content-type-options": "nosniff",
            },
          });
        },
      },
    },
  };
}
