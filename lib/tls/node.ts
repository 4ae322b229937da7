/**
 * The `fetch` of Node with authorities and a certificate of one's own. Node has no such option for
 * the one within it, so this is the same of the package `undici`.
 *
 * @module
 */

import { createSecureContext, rootCertificates } from "node:tls";
import type { MakeFetch } from "./options.ts";

/** {@inheritDoc MakeFetch} */
export const makeFetch: MakeFetch = async ({ ca, cert, key }) => {
  // Bare and dynamic, so that Deno, which never gets here, does not resolve it.
  const { Agent, fetch } = await import("undici");
  // Once: reading all authorities takes longer than a handshake.
  const secureContext = createSecureContext({
    ...ca === undefined ? {} : { ca: [...rootCertificates, ca] },
    ...cert === undefined || key === undefined ? {} : { cert, key },
  });
  const dispatcher = new Agent({ connect: { secureContext } });
  const request = fetch as unknown as typeof globalThis.fetch;
  return async (input, init) => {
    const parts = input instanceof Request ? await partsOf(input) : {};
    const options: object = { ...parts, ...init, dispatcher };
    return await request(input instanceof Request ? input.url : input, options);
  };
};

/** A request of Node's own class, which that of the package does not know. */
async function partsOf(request: Request): Promise<RequestInit> {
  const { method, headers, redirect, signal } = request;
  const body = request.body === null ? null : await request.arrayBuffer();
  return { method, headers: [...headers], redirect, signal, body };
}
