/**
 * Seals by `node:crypto`, which answers at once: for small messages, on Node and on Deno, that takes
 * a fraction of a call of WebCrypto.
 *
 * @module
 */

import { createCipheriv, createDecipheriv, createSecretKey } from "node:crypto";
import { KEY_BYTES, nonceOf, notAuthentic, type Seal, TAG_BYTES } from "./seal.ts";

const CIPHER = "aes-256-gcm";
/** Each call takes memory of its own for what it gives: much at once is slow to get, and to collect. */
const SLICE_BYTES = 32 * 1024;
const OPTIONS = { authTagLength: TAG_BYTES };

/**
 * Makes the seal of a key.
 *
 * @param key {@linkcode KEY_BYTES} bytes, copied
 * @returns the seal, which never returns a promise
 * @throws {TypeError} when the key has another length
 */
export function nodeSeal(key: Uint8Array): Seal {
  if (key.byteLength !== KEY_BYTES) throw new TypeError(`A seal's key has ${KEY_BYTES} bytes`);
  const secret = createSecretKey(key);
  return {
    seal(index, plaintext, ad, target) {
      const cipher = createCipheriv(CIPHER, secret, nonceOf(index), OPTIONS);
      if (ad !== undefined && ad.byteLength > 0) cipher.setAAD(ad);
      const { byteLength } = plaintext;
      const sealed = target ?? new Uint8Array(byteLength + TAG_BYTES);
      for (let at = 0; at < byteLength; at += SLICE_BYTES) {
        sealed.set(cipher.update(plaintext.subarray(at, at + SLICE_BYTES)), at);
      }
      cipher.final();
      sealed.set(cipher.getAuthTag(), byteLength);
      return sealed;
    },
    open(index, sealed, ad, target) {
      const decipher = createDecipheriv(CIPHER, secret, nonceOf(index), OPTIONS);
      const length = sealed.byteLength - TAG_BYTES;
      if (length < 0) throw notAuthentic();
      if (ad !== undefined && ad.byteLength > 0) decipher.setAAD(ad);
      decipher.setAuthTag(sealed.subarray(length));
      let plaintext: Uint8Array;
      if (target === undefined || length <= SLICE_BYTES) {
        const { buffer, byteOffset, byteLength } = decipher.update(sealed.subarray(0, length));
        plaintext = new Uint8Array(buffer, byteOffset, byteLength); // it was a Buffer
      } else {
        plaintext = target;
        for (let at = 0; at < length; at += SLICE_BYTES) {
          const slice = sealed.subarray(at, Math.min(at + SLICE_BYTES, length));
          plaintext.set(decipher.update(slice), at);
        }
      }
      try {
        decipher.final(); // where the tag is checked
      } catch {
        throw notAuthentic();
      }
      return plaintext;
    },
  };
}
