/**
 * Requests that only an operator of the party may make: each has to be signed, and is checked before
 * its handler, or anything else, acts on it.
 *
 * @module
 */

import type { Operator } from "../security/config.ts";
import { NonceStore } from "../security/signatures/nonces.ts";
import { checkRight } from "../security/signatures/rights.ts";
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
 */
export function operatorGuard({ url, list }: OperatorOptions, maxRequestBytes: number): Guard {
  const operators = new Map(list.map((operator) => [operator.id, operator]));
  const nonces = new NonceStore();
  return (handle, need, maxBytes = maxRequestBytes) => async (request, context) => {
    // First the head: nobody else gets a body read.
    const { operator, checkBody } = await verifyHead(request, { url, operators, nonces });
    context.operator = operator;
    checkRight(operator, need);
    const body = await readBytes(request, maxBytes);
    await checkBody(body);
    keepBody(request, body);
    return await handle(request, context);
  };
}
