/**
 * What seals the messages of one direction, once a handshake gave the key: AES-256-GCM, the nonce
 * made of the message's index (Noise, revision 34, sections 5.1, 11.4 and 12.4).
 *
 * Section 3 of Noise bounds a message to 65535 bytes. Handshakes keep to that; seals do not, since a
 * frame comes whole before any of it is used, and its length is checked where frames are read.
 *
 * @module
 */

import { PartyError } from "../../errors.ts";

/**
 * Bytes, or the promise of them: a seal answers at once wherever that is faster. `await` takes
 * either, and `instanceof Promise` tells them apart where a turn of the event loop counts. A message
 * may be ready before an earlier one is.
 */
export type Bytes = Uint8Array | Promise<Uint8Array>;

/** Seals messages. */
export interface Sealer {
  /**
   * Seals a message. The same message with the same index gives the same bytes, so that it can be
   * sent again. **Two different messages must never have the same index**: whoever saw both sealed
   * could then read them, and forge others.
   *
   * @param index the message's index, from 0 to 2^64 - 2
   * @param plaintext the message, of any length; it may change once the function returned
   * @param ad what the receiver must have to open it, besides; @default none
   * @param target where to put what is returned, if that is as fast; of its length; @default new memory
   * @returns the message's bytes, sealed, and a tag of {@linkcode TAG_BYTES}
   * @throws {RangeError} when no message can have the index
   */
  seal(
    index: number | bigint,
    plaintext: Uint8Array,
    ad?: Uint8Array,
    target?: Uint8Array,
  ): Bytes;
}

/** Opens what was sealed with the same key. */
export interface Opener {
  /**
   * Opens a message.
   *
   * @param index the index with which it was sealed
   * @param sealed what the other party sent; it may change once the function returned
   * @param ad what it was sealed with besides; @default none
   * @param target where to put what is returned, if that is as fast; of its length. It is of no use
   * when this throws; @default new memory
   * @returns the message
   * @throws {PartyError} `AUTHENTICATION`, when it is not what the key's other holder sealed with this
   * index, for whatever reason; a promise rejects with it
   * @throws {RangeError} when no message can have the index
   */
  open(
    index: number | bigint,
    sealed: Uint8Array,
    ad?: Uint8Array,
    target?: Uint8Array,
  ): Bytes;
}

/** Seals and opens with one key. */
export interface Seal extends Sealer, Opener {}

/** How long the key of a seal is. */
export const KEY_BYTES = 32;
/** How much longer a message is once it is sealed. */
export const TAG_BYTES = 16;
/** No bytes. */
export const NOTHING: Uint8Array<ArrayBuffer> = new Uint8Array(0);

/** The index that Noise keeps for other uses; no message has it (section 5.1). */
const RESERVED = 2n ** 64n - 1n;

/**
 * Makes the nonce of a message: 32 bits of zeros, then its index, high byte first (section 12.4).
 *
 * @param index the message's index
 * @returns the nonce, of 96 bits
 * @throws {RangeError} when no message can have the index
 */
export function nonceOf(index: number | bigint): Uint8Array<ArrayBuffer> {
  const nonce = new Uint8Array(12);
  const view = new DataView(nonce.buffer);
  if (typeof index === "number" && Number.isSafeInteger(index) && index >= 0) {
    view.setUint32(4, index / 2 ** 32);
    view.setUint32(8, index); // its low 32 bits
  } else if (typeof index === "bigint" && index >= 0n && index < RESERVED) {
    view.setBigUint64(4, index);
  } else {
    throw new RangeError(
      `Cannot seal or open with index ${index}: it must be a whole number from 0 to 2^64 - 2; ` +
        "open a new link when there are no more",
    );
  }
  return nonce;
}

/**
 * Says that something sealed did not open; why it did not is of use to nobody but a forger.
 *
 * @returns the error
 */
export function notAuthentic(): PartyError {
  return new PartyError(
    "AUTHENTICATION",
    "Cannot open what was received: the peer did not seal this, here and with the keys that this " +
      "party knows, or it was changed on its way; nothing of it was used",
  );
}
