/**
 * Seals by WebCrypto, which works beside the event loop: on Deno, that is faster for large messages.
 *
 * @module
 */

import { KEY_BYTES, nonceOf, notAuthentic, NOTHING, type Seal, TAG_BYTES } from "./seal.ts";

/**
 * Makes the seal of a key.
 *
 * @param key {@linkcode KEY_BYTES} bytes, copied
 * @returns the seal, which always returns a promise
 * @throws {TypeError} when the key has another length
 */
export async function webSeal(key: Uint8Array): Promise<Seal> {
  if (key.byteLength !== KEY_BYTES) throw new TypeError(`A seal's key has ${KEY_BYTES} bytes`);
  const { subtle } = crypto;
  const uses: KeyUsage[] = ["encrypt", "decrypt"];
  const secret = await subtle.importKey("raw", plain(key), "AES-GCM", false, uses);
  const algorithm = (index: number | bigint, ad: Uint8Array = NOTHING) => ({
    name: "AES-GCM",
    iv: nonceOf(index),
    additionalData: plain(ad),
    tagLength: 8 * TAG_BYTES,
  });
  return {
    seal: (index, plaintext, ad) =>
      subtle.encrypt(algorithm(index, ad), secret, plain(plaintext)).then(bytesOf),
    open: (index, sealed, ad) =>
      subtle.decrypt(algorithm(index, ad), secret, plain(sealed)).then(bytesOf, () => {
        throw notAuthentic();
      }),
  };
}

function bytesOf(buffer: ArrayBuffer): Uint8Array {
  return new Uint8Array(buffer);
}

/** WebCrypto copies what it is given, so that memory shared between threads would do no harm. */
function plain(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}
