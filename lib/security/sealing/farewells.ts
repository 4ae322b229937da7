/**
 * Farewells from party to party: single messages, sealed with a key that only both have (X25519 of
 * their own keys, HKDF of RFC 5869, AES-256-GCM) and that is of use for one pair of lifetimes in one
 * session and direction alone. Unlike links, they are not secret any more once a party's key is lost.
 *
 * @module
 */

import { notAuthentic } from "../noise/seal.ts";
import { concat } from "../noise/symmetric_state.ts";
import { type KeyPair, sharedSecret } from "../noise/x25519.ts";

/** Between whom, and about what. */
export interface FarewellKey {
  /** This party's key pair. */
  own: KeyPair;
  /** The other one's public key. */
  peer: Uint8Array;
  /** All that a farewell is bound to: session, both ranks, both lifetimes. */
  about: readonly unknown[];
}

const LABEL = "partyline farewell 1";
const NONCE_BYTES = 12;

/**
 * Seals a farewell.
 *
 * @param key between whom
 * @param text what it says
 * @returns a nonce, and the text sealed with it
 */
export async function sealFarewell(key: FarewellKey, text: string): Promise<Uint8Array> {
  const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const plaintext = new TextEncoder().encode(text);
  const secret = await deriveKey(key);
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, secret, plaintext);
  return concat(iv, new Uint8Array(sealed));
}

/**
 * Opens a farewell.
 *
 * @param key between whom
 * @param bytes what {@linkcode sealFarewell} made
 * @returns what it says
 * @throws {PartyError} `AUTHENTICATION` when it was sealed with another key, or changed
 */
export async function openFarewell(key: FarewellKey, bytes: Uint8Array): Promise<string> {
  const secret = await deriveKey(key);
  const iv = bytes.slice(0, NONCE_BYTES);
  const sealed = bytes.slice(NONCE_BYTES);
  try {
    const text = await crypto.subtle.decrypt({ name: "AES-GCM", iv }, secret, sealed);
    return new TextDecoder().decode(text);
  } catch {
    throw notAuthentic();
  }
}

async function deriveKey({ own, peer, about }: FarewellKey): Promise<CryptoKey> {
  const { subtle } = crypto;
  const shared = await sharedSecret(own, peer) as Uint8Array<ArrayBuffer>;
  const material = await subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
  const info = new TextEncoder().encode(JSON.stringify([LABEL, ...about]));
  const algorithm = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info };
  const uses: KeyUsage[] = ["encrypt", "decrypt"];
  return await subtle.deriveKey(algorithm, material, { name: "AES-GCM", length: 256 }, false, uses);
}
