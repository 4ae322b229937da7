/**
 * Who sees a party's page through this machine: only who knows the token, and only to look.
 *
 * @module
 */

import { createHash, timingSafeEqual } from "node:crypto";
import { isLoopback } from "../../../lib/serve/loopback.ts";
import { drawToken } from "./token.ts";

/** What the URL has the token in. */
export const TOKEN_PARAMETER = "token";

/** Asks the party. */
export type Forward = (request: Request, draining?: AbortSignal) => Promise<Response>;

/**
 * Makes what answers browsers and scrapers. A browser shows the token once, in the URL, and gets a
 * cookie; a scraper shows it each time, as `Authorization: Bearer`. Neither is sent on.
 *
 * @param token what they have to know
 * @param forward asks the party
 * @returns the handler, for a server on a loopback address
 */
export function gate(
  token: string,
  forward: Forward,
): (request: Request, context: { draining?: AbortSignal }) => Promise<Response> {
  // Not the token: browsers show a cookie to every port of a host, and this one dies with the process.
  const pass = drawToken();
  const [isToken, isPass] = [matcher(token), matcher(pass)];

  return async (request, { draining }) => {
    const { method, headers } = request;
    const { hostname, port, searchParams } = new URL(request.url);
    // A page whose own name leads here has that name for a host, whatever its port.
    if (!isLoopback(hostname)) {
      return say(421, `This is no page of ${hostname.slice(0, 255)}: ask for 127.0.0.1.`);
    }
    if (method !== "GET" && method !== "HEAD") {
      return say(405, "The page is to look at: use GET or HEAD.", { allow: "GET, HEAD" });
    }
    const cookie = `partyline-${port || 80}`; // browsers do not tell ports apart
    const shown = searchParams.getAll(TOKEN_PARAMETER);
    if (shown.length > 0) {
      if (!shown.every(isToken)) return unknown("This URL has another token");
      return say(303, "The page is at /.", {
        location: "/",
        "set-cookie": `${cookie}=${pass}; Path=/; HttpOnly; SameSite=Strict`,
      });
    }
    const [, bearer] = /^Bearer +(\S+)$/i.exec(headers.get("authorization") ?? "") ?? [];
    const isKnown = (bearer !== undefined && isToken(bearer)) ||
      cookiesOf(headers, cookie).some(isPass);
    return isKnown ? await forward(request, draining) : unknown("This is without the token");
  };
}

function unknown(what: string): Response {
  const text = `${what}: open the URL that partyline page printed, or send its token as ` +
    `"Authorization: Bearer TOKEN".`;
  return say(401, text, { "www-authenticate": 'Bearer realm="partyline page"' });
}

/** An answer of this command's own, as one line of text. */
export function say(
  status: number,
  text: string,
  headers: Record<string, string> = {},
): Response {
  return new Response(`${text}\n`, {
    status,
    headers: {
      "content-type": "text/plain; charset=utf-8",
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
      ...headers,
    },
  });
}

function cookiesOf(headers: Headers, name: string): string[] {
  const pairs = (headers.get("cookie") ?? "").split(";").map((pair) => pair.trim());
  return pairs.filter((pair) => pair.startsWith(`${name}=`)).map((pair) =>
    pair.slice(name.length + 1)
  );
}

/** Compares in a time that tells nothing of where two texts differ. */
function matcher(secret: string): (text: string) => boolean {
  const own = hash(secret);
  return (text) => timingSafeEqual(hash(text), own);
}

function hash(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
