/**
 * Cross-Origin Resource Sharing (WHATWG Fetch, section 3.3): which pages of other origins may call
 * a party from a browser.
 *
 * @module
 */

import type { RequestContext } from "./routes.ts";

type Fetch = (request: Request, context?: RequestContext) => Promise<Response>;

const ALLOWED = {
  "access-control-allow-methods": "GET, HEAD, POST, PUT, DELETE",
  "access-control-allow-headers":
    "content-type, if-none-match, prefer, traceparent, partyline-mptype, " +
    "content-digest, signature, signature-input",
  "access-control-max-age": "600",
};
const EXPOSED = "location, preference-applied, retry-after, partyline-version, partyline-mptype";

/**
 * @param origins such as `https://analyst.example`, or `*` for all
 * @param handle answers requests
 * @returns what answers them so that pages of these origins may call it; without any, `handle`
 * @throws {TypeError} when one is no origin
 */
export function withCors(origins: readonly string[], handle: Fetch): Fetch {
  for (const origin of origins) checkOrigin(origin);
  if (origins.length === 0) return handle;
  const allowed = (origin: string | null) => {
    if (origins.includes("*")) return "*";
    return origin !== null && origins.includes(origin) ? origin : undefined;
  };
  return async (request, context) => {
    const { method, headers } = request;
    const origin = allowed(headers.get("origin"));
    const isPreflight = method === "OPTIONS" && origin !== undefined &&
      headers.has("origin") && headers.has("access-control-request-method");
    const response = isPreflight
      ? new Response(null, { status: 204, headers: ALLOWED })
      : await handle(request, context);
    response.headers.append("vary", "Origin");
    if (origin !== undefined) {
      response.headers.set("access-control-allow-origin", origin);
      if (!isPreflight) response.headers.set("access-control-expose-headers", EXPOSED);
    }
    return response;
  };
}

function checkOrigin(origin: string): void {
  if (origin === "*") return;
  if (URL.canParse(origin) && new URL(origin).origin === origin && origin !== "null") return;
  throw new TypeError(
    `Cannot allow the origin ${JSON.stringify(origin)}: give one such as ` +
      `"https://analyst.example", without a path or a slash at its end, or "*"`,
  );
}
