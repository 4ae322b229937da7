/**
 * What each side keeps of a handshake so far: the hash of what was said, and the keys that came of
 * it. Noise, revision 34, sections 5.1 and 5.2, with AESGCM and SHA256.
 *
 * @module
 */

import { createSeal } from "./create_seal.ts";
import { KEY_BYTES, NOTHING, type Seal } from "./seal.ts";

/** HASHLEN of SHA256 (section 12.5). */
export const HASH_BYTES = 32;

/** A key and how many messages it sealed or opened (section 5.1). */
export class CipherState {
  readonly #seal: Seal;
  #n = 0;

  /** @param seal what seals with the key */
  constructor(seal: Seal) {
    this.#seal = seal;
  }

  /** `EncryptWithAd()`. @param ad what the other side has, too @returns the plaintext, sealed */
  async encryptWithAd(ad: Uint8Array, plaintext: Uint8Array): Promise<Uint8Array> {
    return await this.#seal.seal(this.#n++, plaintext, ad);
  }

  /**
   * `DecryptWithAd()`. @param ad what the other side had, too @returns what was sealed
   *
   * @throws {PartyError} `AUTHENTICATION` when it was not sealed with the same key, `n` and `ad`
   */
  async decryptWithAd(ad: Uint8Array, ciphertext: Uint8Array): Promise<Uint8Array> {
    const plaintext = await this.#seal.open(this.#n, ciphertext, ad);
    this.#n++;
    return plaintext;
  }
}

/** The hash and the keys of a handshake (section 5.2). */
export class SymmetricState {
  #ck: Uint8Array;
  #h: Uint8Array;
  #key: Uint8Array | undefined;
  /** Of the key; made when it is used, which not every key is. */
  #cipher: CipherState | undefined;

  /** `InitializeSymmetric()`. @param protocolName the protocol's full name (section 8) */
  static async initialize(protocolName: string): Promise<SymmetricState> {
    const name = new TextEncoder().encode(protocolName);
    if (name.byteLength > HASH_BYTES) return new SymmetricState(await hash(name));
    const padded = new Uint8Array(HASH_BYTES);
    padded.set(name);
    return new SymmetricState(padded);
  }

  private constructor(h: Uint8Array) {
    this.#ck = this.#h = h;
  }

  /** The same before the next key: what seals with the present one is not copied. */
  copy(): SymmetricState {
    const copied = new SymmetricState(this.#h);
    copied.#ck = this.#ck;
    return copied;
  }

  /** `GetHandshakeHash()`: once the handshake is over, the same for both, and for no other one. */
  get handshakeHash(): Uint8Array {
    return this.#h.slice();
  }

  /** `MixHash()`. @param data what both sides have */
  async mixHash(data: Uint8Array): Promise<void> {
    this.#h = await hash(concat(this.#h, data));
  }

  /** `MixKey()`. @param secret what both sides computed, and nobody else can */
  async mixKey(secret: Uint8Array): Promise<void> {
    const [ck, key] = await hkdf(this.#ck, secret);
    this.#ck = ck;
    this.#key = key;
    this.#cipher = undefined;
  }

  /** `EncryptAndHash()`. @param plaintext the payload @returns what the other side gets of it */
  async encryptAndHash(plaintext: Uint8Array): Promise<Uint8Array> {
    const ciphertext = await (await this.#keyed()).encryptWithAd(this.#h, plaintext);
    await this.mixHash(ciphertext);
    return ciphertext;
  }

  /** `DecryptAndHash()`. @param ciphertext as it came. Returns and throws as `decryptWithAd` does */
  async decryptAndHash(ciphertext: Uint8Array): Promise<Uint8Array> {
    const plaintext = await (await this.#keyed()).decryptWithAd(this.#h, ciphertext);
    await this.mixHash(ciphertext);
    return plaintext;
  }

  /** `Split()`. @returns what seals the initiator's messages, and the responder's */
  async split(): Promise<[Seal, Seal]> {
    const [first, second] = await hkdf(this.#ck, NOTHING);
    return [await createSeal(first), await createSeal(second)];
  }

  /** Other patterns say something before there is a key, in the clear; none is served here. */
  async #keyed(): Promise<CipherState> {
    if (this.#key === undefined) throw new TypeError("A payload is sealed after a DH only");
    return this.#cipher ??= new CipherState(await createSeal(this.#key));
  }
}

async function hash(data: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", data as Uint8Array<ArrayBuffer>));
}

/** `HKDF()` with two outputs, which is that of RFC 5869 without info (section 4.3). */
async function hkdf(ck: Uint8Array, material: Uint8Array): Promise<[Uint8Array, Uint8Array]> {
  const { subtle } = crypto;
  const raw = material as Uint8Array<ArrayBuffer>;
  const key = await subtle.importKey("raw", raw, "HKDF", false, ["deriveBits"]);
  const salt = ck as Uint8Array<ArrayBuffer>;
  const algorithm = { name: "HKDF", hash: "SHA-256", salt, info: NOTHING };
  const both = new Uint8Array(await subtle.deriveBits(algorithm, key, 8 * 2 * HASH_BYTES));
  return [both.subarray(0, HASH_BYTES), both.subarray(HASH_BYTES, HASH_BYTES + KEY_BYTES)];
}

/** @param parts bytes @returns all of them, one after the other, copied */
export function concat(...parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}
