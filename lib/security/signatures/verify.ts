/**
 * Checking that a request is an operator's own: signed for this party, just now, once.
 *
 * @module
 */

import { PartyError } from "../../errors.ts";
import type { Operator } from "../config.ts";
import { decodeKey } from "../keys/keys.ts";
import {
  SignatureError,
  type SignatureParameters,
  verifySignature,
  type VerifySignatureOptions,
  webcrypto,
} from "./deps.ts";
import type { NonceStore } from "./nonces.ts";
import {
  ALGORITHM,
  contentDigest,
  coveredComponents,
  describeRequest,
  DIGEST_HEADER,
  MAX_LIFETIME_S,
  PARAMETERS,
  TAG,
} from "./profile.ts";

/** How far an operator's clock may be ahead, in seconds; one behind has what a signature lasts. */
const MAX_AHEAD_S = 30;
/** What is random enough, and small enough to be remembered. */
const NONCE = /^[\x21-\x7e]{16,128}$/;
const DIGEST = /^sha-256=:[A-Za-z0-9+/]{43}=:$/;
/** How much of what a request says is said back, in characters. */
const MAX_SHOWN = 120;

/** What a request is checked against. */
export interface VerifyOptions {
  /** The party's own URL, as operators have it; what the request says of its host is not asked. */
  url: string;
  /** The operators, by their ids. */
  operators: ReadonlyMap<string, Operator>;
  /** What was seen; since when it remembers is the earliest that a signature may be made. */
  nonces: NonceStore;
  /**
   * The time, in milliseconds since 1970.
   *
   * @default {Date.now()}
   */
  now?: number;
}

/** A request whose head is an operator's own, its body unread. */
export interface VerifiedHead {
  /** Who signed it. */
  operator: Operator;
  /** Checks what was read of the body. @throws {PartyError} `AUTHENTICATION` */
  checkBody(body: Uint8Array): Promise<void>;
}

/**
 * Checks the head of a request, before its body is read for a stranger.
 *
 * @param request the request, as it came
 * @param options what it is checked against
 * @returns who signed it, and how to check its body
 * @throws {PartyError} `AUTHENTICATION`, and what to do; `FORBIDDEN` for too many of one operator
 */
export async function verifyHead(
  request: Pick<Request, "method" | "url" | "headers">,
  { url, operators, nonces, now = Date.now() }: VerifyOptions,
): Promise<VerifiedHead> {
  const { method, headers } = request;
  const uri = signedUrl(url, request.url);
  const digest = headers.get(DIGEST_HEADER);
  if (digest !== null && !DIGEST.test(digest)) {
    throw refused("its Content-Digest is no sha-256 digest alone: send sha-256=:BASE64:");
  }
  const seconds = now / 1000;
  let operator: Operator;
  let parameters: SignatureParameters;
  try {
    ({ verifier: { operator }, parameters } = await verifySignature(
      describeRequest(request, uri),
      {
        policy: {
          algorithms: [ALGORITHM],
          requiredComponents: coveredComponents(headers),
          requiredParameters: PARAMETERS,
          now: seconds,
          clockSkew: Number.MAX_SAFE_INTEGER, // checkTimes() says more
        },
        resolveVerifier: async ({ parameters }) => {
          checkParameters(parameters, seconds, nonces.since / 1000);
          const operator = operators.get(parameters.keyid!);
          if (operator === undefined) throw unknownKey(parameters.keyid!);
          return { ...webcrypto.verifier(await importKey(operator)), operator };
        },
      } satisfies VerifySignatureOptions,
    ));
  } catch (error) {
    throw explain(error, `${method} ${uri.href}`);
  }
  const { nonce, expires } = parameters;
  checkFate(nonces.take(operator.id, nonce!, expires!, seconds), operator);
  return { operator, checkBody: (body) => checkBody(body, digest) };
}

function importKey({ publicKey }: Operator): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", decodeKey(publicKey)!, "Ed25519", true, ["verify"]);
}

/** The URL that was signed: gateways may have changed all that comes before the path. */
function signedUrl(base: string, came: string): URL {
  const { pathname, search } = new URL(came);
  return new URL(base.replace(/\/+$/, "") + pathname + search);
}

function checkParameters(
  { created, expires, nonce, tag }: SignatureParameters,
  now: number,
  since: number,
): void {
  if (tag !== TAG) throw refused(`its tag is not "${TAG}"`);
  if (!NONCE.test(nonce!)) {
    throw refused("its nonce is not 16 to 128 visible characters: draw a random one");
  }
  checkTimes(created!, expires!, now, since);
}

function checkTimes(created: number, expires: number, now: number, since: number): void {
  if (expires <= created || expires - created > MAX_LIFETIME_S) {
    throw refused(
      `it expires ${expires - created} s after it was created: let it be 1 to ${MAX_LIFETIME_S}`,
    );
  }
  const ahead = Math.round(created - now);
  if (created - now > MAX_AHEAD_S) {
    throw refused(`it was created ${ahead} s from now by this party's clock: set the clocks right`);
  }
  if (expires <= now) {
    throw refused(
      `it expired ${Math.round(now - expires)} s ago by this party's clock, ${-ahead} s after it ` +
        "was created: sign again, or set the clocks right",
    );
  }
  if (created < Math.floor(since)) {
    throw refused("it was created before this party started: sign again");
  }
}

function checkFate(fate: ReturnType<NonceStore["take"]>, { id }: Operator): void {
  switch (fate) {
    case "taken":
      return;
    case "replayed":
      throw refused(`its nonce was used by ${id} before: sign each request anew`);
    case "late":
      throw refused("it has expired, though this party's clock was set back: sign again");
    case "full":
      throw new PartyError(
        "FORBIDDEN",
        `Cannot take more requests of operator ${id} within ${MAX_LIFETIME_S} s: wait, then send ` +
          "fewer",
      );
  }
}

async function checkBody(body: Uint8Array, digest: string | null): Promise<void> {
  if (digest === null && body.byteLength === 0) return;
  if (digest === null) throw refused("it covers no body: send and cover Content-Digest");
  if (await contentDigest(body) !== digest) {
    throw refused(`the body of ${body.byteLength} bytes does not match its Content-Digest`);
  }
}

/** @param what the method and the URL that a signature has to be for */
function explain(error: unknown, what: string): unknown {
  if (!(error instanceof SignatureError)) return error;
  if (error.cause instanceof PartyError) return error.cause;
  switch (error.code) {
    case "ResolverFailed":
      return error.cause;
    case "VerificationFailed":
      return refused(`it is not by that key, or not for ${what.slice(0, 2 * MAX_SHOWN)}`);
    case "MissingField":
      if (/ signature(-input)?$/.test(error.message)) {
        return new PartyError(
          "AUTHENTICATION",
          "This takes a request that an operator of this party signed (RFC 9421): give the " +
            "operator's key",
        );
      }
  }
  return refused(error.message.slice(0, MAX_SHOWN));
}

function refused(why: string): PartyError {
  return new PartyError("AUTHENTICATION", `Cannot accept the request's signature: ${why}`);
}

function unknownKey(id: string): PartyError {
  return refused(
    `no operator here has the key ${JSON.stringify(id.slice(0, MAX_SHOWN))}: compare the keyid ` +
      "with this party's list",
  );
}
