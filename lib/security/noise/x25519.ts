/**
 * Key pairs and shared secrets of X25519 (RFC 7748), over WebCrypto.
 *
 * @module
 */

import { PartyError } from "../../errors.ts";
import { importPrivateKey } from "../keys/keys.ts";

/** How long private keys, public keys and shared secrets are. */
export const X25519_BYTES = 32;

/** A private key and its public one. */
export interface KeyPair {
  /** {@linkcode X25519_BYTES} bytes. */
  readonly publicKey: Uint8Array;
  /** The private key, of which only shared secrets can be had. */
  readonly privateKey: CryptoKey;
}

const ALGORITHM = "X25519";

/** The point from which public keys come (RFC 7748, section 6.1). */
const BASE_POINT = Uint8Array.of(9, ...new Uint8Array(X25519_BYTES - 1));

/**
 * Makes a key pair that lives only as long as it is held.
 *
 * @returns the key pair
 */
export async function generateKeyPair(): Promise<KeyPair> {
  const pair = await crypto.subtle.generateKey(ALGORITHM, false, ["deriveBits"]) as CryptoKeyPair;
  const publicKey = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  return { publicKey, privateKey: pair.privateKey };
}

/**
 * Makes the key pair of a private key.
 *
 * @param bytes the private key, which any 32 bytes are (RFC 7748, section 5); copied
 * @returns the private key and the public one that belongs to it
 * @throws {PartyError} `INVALID_REQUEST` when it has another length
 */
export async function importKeyPair(bytes: Uint8Array): Promise<KeyPair> {
  checkLength(bytes, "private");
  const privateKey = await importPrivateKey("party", bytes);
  return { publicKey: await derive(privateKey, BASE_POINT), privateKey };
}

/**
 * Computes what only two holders of private keys know: `DH()` of Noise, revision 34, section 12.1.
 *
 * @param own this side's key pair
 * @param theirs the other side's public key
 * @returns the secret, of {@linkcode X25519_BYTES} bytes
 * @throws {PartyError} `AUTHENTICATION` when the public key is of a low order, so that the secret
 * would be all zeros
 */
export async function sharedSecret(own: KeyPair, theirs: Uint8Array): Promise<Uint8Array> {
  checkLength(theirs, "public");
  try {
    return await derive(own.privateKey, theirs);
  } catch {
    throw new PartyError(
      "AUTHENTICATION",
      "Cannot agree on a secret: the peer's public key is one that no party makes",
    );
  }
}

async function derive(privateKey: CryptoKey, bytes: Uint8Array): Promise<Uint8Array> {
  const { subtle } = crypto;
  const raw = bytes as Uint8Array<ArrayBuffer>;
  const publicKey = await subtle.importKey("raw", raw, ALGORITHM, false, []);
  const algorithm = { name: ALGORITHM, public: publicKey };
  const secret = new Uint8Array(await subtle.deriveBits(algorithm, privateKey, 8 * X25519_BYTES));
  // Each runtime refuses this itself, as section 6.1 of RFC 7748 has it; nothing is lost by looking.
  if (secret.every((byte) => byte === 0)) throw new RangeError("the secret is all zeros");
  return secret;
}

function checkLength({ byteLength }: Uint8Array, kind: string): void {
  if (byteLength === X25519_BYTES) return;
  throw new PartyError(
    "INVALID_REQUEST",
    `Cannot take a ${kind} key of ${byteLength} bytes: it has ${X25519_BYTES}`,
  );
}
