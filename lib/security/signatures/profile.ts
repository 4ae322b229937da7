/**
 * How requests are signed: the part of HTTP Message Signatures (RFC 9421) that operators use, and
 * Content-Digest (RFC 9530). Whoever signs and whoever checks take it from here.
 *
 * A signature covers `@method` and `@target-uri`: the whole URL at which operators know the party,
 * so that none is good for another method, path, query, host or party. Of the fields it covers
 * those that say what the request does. They are optional, but where one is there, it is covered,
 * and so none can be added, changed or taken away.
 *
 * @module
 */

import { base64 } from "../../deps.ts";
import type { RequestDescriptor } from "./deps.ts";

/** The only algorithm (RFC 9421, section 3.3.6). */
export const ALGORITHM = "ed25519";
/** Says for what a signature is meant, so that no other one of the key will do. */
export const TAG = "partyline";
/** How long a signature may be good, in seconds. */
export const MAX_LIFETIME_S = 60;
/** What a signature has to say of itself. */
export const PARAMETERS = ["created", "expires", "nonce", "keyid", "alg", "tag"] as const;
/** The header of the body's digest. */
export const DIGEST_HEADER = "content-digest";

const COVERED_FIELD = /^(content-digest|content-type|if-none-match|partyline-.+)$/;
/** What a field may hold to be covered, and what a signature is made of. */
const ASCII = /^[\t\x20-\x7e]*$/;

/** What a signature of a request with these headers has to cover. @returns names of components */
export function coveredComponents(headers: Headers): string[] {
  const fields = [...headers.keys()].filter((name) => COVERED_FIELD.test(name));
  return ["@method", "@target-uri", ...new Set(fields)];
}

/**
 * A request as its signature sees it.
 *
 * @param url the URL that is signed, whatever a gateway made of it on the way
 */
export function describeRequest(
  { method, headers }: Pick<Request, "method" | "headers">,
  url: URL,
): RequestDescriptor {
  const fields = [...headers].map(([name, value]) => ({ name, value }));
  const targetUri = url.href.slice(0, url.href.length - url.hash.length);
  const ascii = fields.filter(({ value }) => ASCII.test(value));
  return { kind: "request", method, targetUri, fields: ascii };
}

/** A body's digest. @returns the value of the header {@linkcode DIGEST_HEADER}, with SHA-256 alone */
export async function contentDigest(body: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", body as BufferSource);
  return `sha-256=:${base64.encode(new Uint8Array(digest))}:`;
}
