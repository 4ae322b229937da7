/**
 * Requests that only an operator of the party may make: each has to be signed, and is checked before
 * its handler, or anything else, acts on it.
 *
 * @module
 */

import type { Operator } from "../security/config.ts";
import { decodeKey } from "../security/keys/keys.ts";
import { NonceStore } from "../security/signatures/nonces.ts";
import { verifyHead } from "../security/signatures/verify.ts";
import { keepBody, readBytes } from "./body.ts";
import type { Guard } from "./routes.ts";

/** Who may drive a party, and how they know it. */
export interface OperatorOptions {
  /** The party's own URL, as operators have it: what they sign is good for no other. */
  url: string;
  /** All that may, as `parties.json` lists them. */
  list: readonly Operator[];
}

/**
 * Makes the guard of one party.
 *
 * @param options who may
 * @param maxRequestBytes how large the body of a request may be
 * @returns the guard; what it refuses is `AUTHENTICATION` or `FORBIDDEN`
 * @throws {TypeError} when the URL is none, or an operator is there twice or has no key
 */
export function operatorGuard({ url, list }: OperatorOptions, maxRequestBytes: number): Guard {
  if (!URL.canParse(url) || !/^https?:/.test(url)) {
    throw new TypeError("Cannot check signatures for that URL: give the party's http or https URL");
  }
  const operators = new Map<string, Operator>();
  for (const operator of list) {
    const { id, publicKey } = operator;
    if (operators.has(id)) throw new TypeError(`Cannot have operator ${id} twice: take one out`);
    if (decodeKey(publicKey) === undefined) {
      throw new TypeError(`Cannot take the key of operator ${id}: give it as keygen printed it`);
    }
    operators.set(id, operator);
  }
  const nonces = new NonceStore();
  return (handle, need, maxBytes = maxRequestBytes) => async (request, context) => {
    // First the head: nobody else gets a body read.
    const { operator, checkBody } = await verifyHead(request, { url, operators, nonces, need });
    const body = await readBytes(request, maxBytes);
    await checkBody(body);
    keepBody(request, body);
    return await handle(request, { ...context, operator });
  };
}
