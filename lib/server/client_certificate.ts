/**
 * Whether the certificate that a client showed is that of the party it speaks for.
 *
 * @module
 */

import { PartyError } from "../errors.ts";
import type { Session } from "../resources/session.ts";
import type { RequestContext } from "./routes.ts";

/**
 * Checks it against the host of the party's endpoint (RFC 9525, section 6); where TLS is not mutual
 * there is nothing to check.
 *
 * @param session whose endpoints count
 * @param from the rank that the client speaks for
 * @param context what it showed
 * @throws {PartyError} `AUTHENTICATION` when it is for other hosts
 */
export function checkCertificate(
  { name, endpoints }: Session,
  from: number,
  { clientCertificate }: RequestContext,
): void {
  if (clientCertificate === undefined) return;
  const host = new URL(endpoints[from]!).hostname.replace(/^\[|\]$/g, "");
  if (clientCertificate.names.some((pattern) => isFor(pattern, host))) return;
  throw new PartyError(
    "AUTHENTICATION",
    `Cannot take anything from rank ${from} of session ${name}: its certificate is not for ${host}, ` +
      `the host of its endpoint; give each party one with the name that parties.json has for it`,
  );
}

/** A wildcard stands for the first label, and for all of it. */
function isFor(pattern: string, host: string): boolean {
  if (!pattern.startsWith("*.")) return pattern === host;
  const dot = host.indexOf(".");
  return dot > 0 && host.slice(dot) === pattern.slice(1);
}
