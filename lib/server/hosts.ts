/**
 * Which hosts a party answers for that only its own machine reaches. A page of any site can have its
 * own name lead to 127.0.0.1, and is then of the party's origin to the browser (DNS rebinding): the
 * `Host` of its requests gives it away.
 *
 * @module
 */

import type { SessionManager } from "../resources/sessions.ts";
import { RoutingError } from "./problem.ts";
import type { RequestContext } from "./routes.ts";

/** No page has an address for a name that leads elsewhere; nor is `localhost` anybody's. */
const OWN = /^(\d+\.\d+\.\d+\.\d+|\[[0-9a-f:.]+\]|localhost|.+\.localhost)\.?$/;

/**
 * @param allowed names besides those of this machine and of the sessions' endpoints; `*` for any
 * @param sessions the party's
 * @returns what throws 421 for a request to another host, where the server is for this machine alone
 * @throws {TypeError} when one is no host name
 */
export function hostCheck(
  allowed: readonly string[],
  sessions: SessionManager,
): (request: Request, context: RequestContext) => void {
  for (const name of allowed) checkName(name);
  const names = new Set(allowed.map((name) => name.toLowerCase()));
  if (names.has("*")) return () => {};
  return ({ url }, { isLocal = false }) => {
    if (!isLocal) return;
    const { hostname } = new URL(url);
    if (OWN.test(hostname) || names.has(hostname) || isEndpoint(hostname, sessions)) return;
    throw new RoutingError(
      421,
      `Cannot answer for the host ${hostname.slice(0, 255)}, as only this machine reaches this ` +
        `party: ask for 127.0.0.1, or name the host in the party's allowHosts`,
    );
  };
}

/** Behind a gateway the party has the name that its own endpoint has. */
function isEndpoint(hostname: string, sessions: SessionManager): boolean {
  return sessions.alive().some(({ endpoints, rank }) =>
    new URL(endpoints[rank]!).hostname === hostname
  );
}

function checkName(name: string): void {
  if (name === "*") return;
  const url = `http://${name}`;
  const isHost = !name.includes("*") && URL.canParse(url);
  if (isHost && new URL(url).hostname === name.toLowerCase()) return;
  throw new TypeError(
    `Cannot allow ${JSON.stringify(name)} as a host: give a name such as "party.example", ` +
      `without a port or a path, or "*"`,
  );
}
