/**
 * Signing requests as an operator, for parties that take no others.
 *
 * @module
 */

import { randomHex } from "../random.ts";
import { createSignature, webcrypto } from "../security/signatures/deps.ts";
import {
  ALGORITHM,
  contentDigest,
  coveredComponents,
  describeRequest,
  DIGEST_HEADER,
  MAX_LIFETIME_S,
  TAG,
} from "../security/signatures/profile.ts";

/** Who signs, and with what. */
export interface OperatorKey {
  /** The operator's id, as the parties list it. */
  id: string;
  /** The private Ed25519 key; it need not be extractable. */
  privateKey: CryptoKey;
}

/** Options of {@linkcode signRequests}. */
export interface SignOptions {
  /**
   * Tells the time, in milliseconds since 1970.
   *
   * @default {Date.now}
   */
  now?: () => number;
}

/**
 * Makes what signs requests with an operator's key: HTTP Message Signatures (RFC 9421) over the
 * method, the URL and the body, each good once and for a minute. For `authorize` of a `Driver` or a
 * `PartyClient`, or for any request that is about to be made.
 *
 * @param key whose signature it is
 * @param options the clock
 * @returns what makes a signed request of one that is not; it reads the body whole
 * @throws {TypeError} when the key is no private Ed25519 key that may sign
 *
 * @example
 * ```ts
 * import { signRequests } from "partyline";
 *
 * const keys = await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"]);
 * const { privateKey } = keys as CryptoKeyPair;
 * const sign = signRequests({ id: "analyst", privateKey });
 * const request = await sign(new Request("https://hospital-a.example/status"));
 * console.log(request.headers.has("signature")); // true
 * ```
 */
export function signRequests(
  { id, privateKey }: OperatorKey,
  { now = Date.now }: SignOptions = {},
): (request: Request) => Promise<Request> {
  if (privateKey?.algorithm?.name !== "Ed25519" || !privateKey.usages.includes("sign")) {
    throw new TypeError(`Cannot sign as ${id}: give a private key of Ed25519 that may sign`);
  }
  const signer = webcrypto.signer(privateKey);
  return async (request) => {
    const body = new Uint8Array(await request.arrayBuffer());
    const headers = new Headers(request.headers);
    headers.delete(DIGEST_HEADER);
    if (body.byteLength > 0) headers.set(DIGEST_HEADER, await contentDigest(body));
    const created = Math.floor(now() / 1000);
    const fields = await createSignature(
      describeRequest({ method: request.method, headers }, new URL(request.url)),
      {
        label: TAG,
        components: coveredComponents(headers),
        parameters: {
          created,
          expires: created + MAX_LIFETIME_S,
          nonce: randomHex(16),
          keyid: id,
          alg: ALGORITHM,
          tag: TAG,
        },
        signer,
      },
    );
    headers.set("signature-input", fields.signatureInput);
    headers.set("signature", fields.signature);
    return new Request(request, { headers, ...request.bodyUsed ? { body } : {} });
  };
}
