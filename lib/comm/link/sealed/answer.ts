/**
 * What comes back on a sealed link: the second message of the handshake, and acknowledgements, each
 * with a higher index than those before it. No I/O.
 *
 * @module
 */

import { NetworkError, PartyError } from "../../../errors.ts";
import { RetryLater } from "../../retry.ts";
import type { AnswerReader } from "../stream.ts";
import {
  decodePlaces,
  MAX_ACK_BYTES,
  MAX_HANDSHAKE_BYTES,
  type Places,
  readByteString,
  splitAck,
} from "./records.ts";

/** What is done with an answer. */
export interface AnswerEvents {
  /** Takes the second message of the handshake. @throws {PartyError} what it means */
  establish(message: Uint8Array): Promise<void>;
  /** Opens an acknowledgement. @throws {PartyError} `AUTHENTICATION` */
  open(index: number, sealed: Uint8Array): Uint8Array;
  /** Hears what an acknowledgement says. */
  onHeld(places: Places): void;
}

/** Reads one answer. */
export class SealedAnswerReader implements AnswerReader {
  readonly #events: AnswerEvents;
  #rest: Uint8Array = NOTHING;
  #lacksMessage: boolean;

  /** @param begins whether the second message of the handshake comes first */
  constructor(begins: boolean, events: AnswerEvents) {
    this.#lacksMessage = begins;
    this.#events = events;
  }

  /** {@inheritDoc AnswerReader.read} */
  read(chunk: Uint8Array): number | undefined | Promise<number | undefined> {
    const bytes = this.#rest.byteLength === 0 ? chunk : join(this.#rest, chunk);
    if (this.#lacksMessage) return this.#readMessage(bytes);
    let [at, last]: [number, number | undefined] = [0, undefined];
    for (;;) {
      const item = readByteString(bytes, at, MAX_ACK_BYTES);
      if (item === null) throw unsealed();
      if (item === undefined || item[1] > bytes.byteLength) break;
      last = this.#readAck(bytes.subarray(...item));
      at = item[1];
    }
    this.#rest = at === bytes.byteLength ? NOTHING : bytes.slice(at);
    return last;
  }

  async #readMessage(bytes: Uint8Array): Promise<number | undefined> {
    const item = readByteString(bytes, 0, MAX_HANDSHAKE_BYTES);
    if (item === null) throw unsealed();
    if (item === undefined || item[1] > bytes.byteLength) {
      this.#rest = bytes.slice();
      return undefined;
    }
    const rest = bytes.slice(item[1]);
    await this.#events.establish(bytes.slice(...item)).catch((error) => {
      throw isForged(error) ? unsealed(error) : error;
    });
    this.#lacksMessage = false;
    this.#rest = NOTHING;
    return this.read(rest);
  }

  #readAck(item: Uint8Array): number {
    const split = splitAck(item);
    if (split === undefined) throw unsealed();
    let places;
    try {
      places = decodePlaces(this.#events.open(...split));
    } catch (error) {
      throw isForged(error) ? unsealed(error) : error;
    }
    if (places === undefined) throw unsealed();
    this.#events.onHeld(places);
    return places[0];
  }
}

function isForged(error: unknown): boolean {
  return error instanceof PartyError && error.code === "AUTHENTICATION";
}

/** Anybody may have answered so. */
function unsealed(cause?: unknown): RetryLater {
  const why =
    "the answer was not sealed by the peer, for this link: it, or its way, was tampered with";
  return new RetryLater(new NetworkError(why, { cause }));
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.byteLength + second.byteLength);
  bytes.set(first);
  bytes.set(second, first.byteLength);
  return bytes;
}

const NOTHING: Uint8Array = new Uint8Array();
