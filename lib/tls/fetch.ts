/**
 * Requests over TLS to who has a certificate of an authority that is not public, on either runtime.
 *
 * @module
 */

import type { TlsFetchOptions } from "./options.ts";
import { checkCertificate, checkIdentity } from "./pem.ts";

/**
 * Makes a `fetch` that trusts an authority of your own, and shows a certificate where one is asked
 * for: for `createParty`, a `Driver` or a `PartyClient`. It keeps connections as the runtime's own
 * does. On Node the body of a `Request` is read whole before it is sent; one in `init` may stream.
 *
 * @param options whom to trust, and what to show
 * @returns the same as `fetch`, for Node and for Deno
 * @throws {TypeError} when one of them cannot be read, or is without the other, or does not belong to it
 *
 * @example
 * ```ts
 * import { readFile } from "node:fs/promises";
 * import { createParty, tlsFetch } from "partyline";
 *
 * export async function partyThatTrusts(caFile: string) {
 *   return createParty({ fetch: tlsFetch({ ca: await readFile(caFile, "utf8") }) });
 * }
 * ```
 */
export function tlsFetch(options: TlsFetchOptions): typeof fetch {
  if ((options.cert === undefined) !== (options.key === undefined)) {
    const missing = options.cert === undefined ? "cert" : "key";
    throw new TypeError(`Cannot show a certificate without its ${missing}: give both, or none`);
  }
  const { ca, cert, key } = options;
  if (ca !== undefined) checkCertificate("certificate of the authority", ca);
  if (cert !== undefined && key !== undefined) checkIdentity({ cert, key });
  let made: Promise<typeof fetch> | undefined;
  return async (input: RequestInfo | URL, init?: RequestInit) =>
    await (await (made ??= make(options)))(input, init);
}

async function make(options: TlsFetchOptions): Promise<typeof fetch> {
  const { makeFetch } = "Deno" in globalThis
    ? await import("./deno.ts")
    : await import("./node.ts");
  return makeFetch(options);
}
