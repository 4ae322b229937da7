/**
 * Which implementation seals what, by measurement.
 *
 * @module
 */

import type { Seal } from "./seal.ts";
import { webSeal } from "./seal_web.ts";

/**
 * From which size on a promise is faster. On Deno 2.9, WebCrypto takes 11 µs for a call and 1.7 µs for
 * each KiB; `node:crypto` takes 5 and 4.2. On Node 20, it is 20 and 0.5 against 3 and 0.3.
 */
const LARGE_BYTES = "Deno" in globalThis ? 8 * 1024 : Infinity;

/**
 * Makes the seal of a key.
 *
 * @param key 32 bytes, copied
 * @returns the seal, by what is fastest here for the size of each message
 * @throws {TypeError} when the key has another length
 */
export async function createSeal(key: Uint8Array): Promise<Seal> {
  // Deno takes some 40 ms to load `node:crypto`, which only parties with keys need.
  const small = (await import("./seal_node.ts")).nodeSeal(key);
  if (LARGE_BYTES === Infinity) return small;
  const large = await webSeal(key);
  const of = ({ byteLength }: Uint8Array) => byteLength < LARGE_BYTES ? small : large;
  return {
    seal: (index, plaintext, ad, target) => of(plaintext).seal(index, plaintext, ad, target),
    open: (index, sealed, ad, target) => of(sealed).open(index, sealed, ad, target),
  };
}
