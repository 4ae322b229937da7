/**
 * What was agreed on as 32 characters, for people who compare theirs over the phone.
 *
 * @module
 */

import { base32crockford } from "../deps.ts";

/**
 * 160 bits of SHA-256. Who makes the list may look for two that have the same, to give one to each
 * of two parties: that takes half as many bits of work as there are, and 2^80 hashes are out of
 * reach, which the 2^64 of a shorter one may not be.
 */
const FINGERPRINT_BYTES = 20;
const GROUP = /.{4}(?=.)/g;

/**
 * The fingerprint of content.
 *
 * @param content arrays of text and null, in the one order that they have
 * @returns 8 groups of 4 digits and capital letters, without I, L, O and U, which are taken for
 * others
 */
export async function fingerprint(content: readonly unknown[]): Promise<string> {
  const text = new TextEncoder().encode(JSON.stringify(content));
  const digest = await crypto.subtle.digest("SHA-256", text);
  const characters = base32crockford.encode(new Uint8Array(digest, 0, FINGERPRINT_BYTES));
  return characters.replaceAll(GROUP, "$&-");
}
