/**
 * The receiver's end of a link, without I/O: takes the bytes of a stream exactly once, in whatever
 * pieces and however often they come, and makes messages of them. Its one integer is the place up to
 * which it has taken the stream.
 *
 * @module
 */

import { PartyError } from "../../errors.ts";
import { decodeCbor } from "../../wire/cbor.ts";
import { checkFrame, MAX_FRAME_BYTES } from "../../wire/frames.ts";
import { BYTES, headArgument, headSize, MAX_HEAD_BYTES, UINT } from "../../wire/heads.ts";
import { Assembly } from "./assembly.ts";

/** What becomes of the messages of a stream. */
export interface Delivery {
  /**
   * Says whether there is room for a message, before its bytes are taken.
   *
   * @param bytes how many bytes it has
   */
  admits(key: string, bytes: number): boolean;
  /**
   * Takes a message.
   *
   * @param bytes how many bytes it has
   * @returns whether it was taken; false when there is no room yet
   */
  deliver(key: string, value: unknown, bytes: number): boolean;
  /**
   * Hears of an acknowledgement that came along.
   *
   * @param place up to where the sender holds what is sent to it
   */
  acknowledge(place: number): void;
}

/** One sender's stream of bytes, on its way to be messages. */
export class IncomingStream {
  readonly #delivery: Delivery;
  readonly #maxMessageBytes: number;
  #taken = 0;
  /** What has come of a frame's head, while it is not whole. */
  readonly #head: Uint8Array = new Uint8Array(MAX_HEAD_BYTES);
  #headBytes = 0;
  /** What has come of a frame, while it is not whole. */
  #frame: Assembly | undefined;
  /** How many bytes the frame at hand still lacks. */
  #missing = 0;
  /** The large message whose pieces come at present. */
  #large: { key: string; parts: Assembly[]; bytes: number; lacks: number } | undefined;
  /** Tries again what found no room; while it is there nothing more is taken. */
  #held: (() => boolean) | undefined;

  /**
   * @param delivery takes the messages
   * @param maxMessageBytes how many bytes a message may have
   */
  constructor(delivery: Delivery, maxMessageBytes: number) {
    this.#delivery = delivery;
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** The place up to which the stream has been taken: what comes again below it is skipped. */
  get taken(): number {
    return this.#taken;
  }

  /**
   * The place that the sender may be told. A frame that found no room yet is held here, but its
   * last byte is not acknowledged before its message is.
   */
  get acknowledged(): number {
    return this.#held === undefined ? this.#taken : this.#taken - 1;
  }

  /** Whether the next bytes are of a message that has begun: nobody waits for those alone. */
  get midway(): boolean {
    return this.#large !== undefined;
  }

  /** Whether nothing is taken, until there is room. */
  get blocked(): boolean {
    return this.#held !== undefined;
  }

  /**
   * Takes bytes, as far as there is room for the messages in them.
   *
   * @param place where in the stream they begin
   * @param bytes the bytes; not kept, nor any view of them
   * @returns how many of them are done with: taken now, or before
   * @throws {RangeError} when bytes before them are missing
   * @throws {PartyError} when they are not what a party sends; the stream is then of no more use
   */
  push(place: number, bytes: Uint8Array): number {
    if (place > this.#taken) {
      throw new RangeError(
        `Cannot take bytes from place ${place} on: those from ${this.#taken} on are missing`,
      );
    }
    if (!this.retry()) return Math.min(this.#taken - place, bytes.byteLength);
    let at = Math.min(this.#taken - place, bytes.byteLength);
    while (at < bytes.byteLength && this.#held === undefined) {
      const before = at;
      at = this.#missing > 0 ? this.#takeBody(bytes, at) : this.#takeHead(bytes, at);
      this.#taken += at - before;
    }
    return at;
  }

  /** Tries again what found no room. @returns whether nothing is held any more */
  retry(): boolean {
    if (this.#held?.()) this.#held = undefined;
    return this.#held === undefined;
  }

  /** Takes a head, or a part of it, or a frame that is there in whole. */
  #takeHead(bytes: Uint8Array, at: number): number {
    const first = this.#headBytes > 0 ? this.#head[0]! : bytes[at]!;
    const isAck = first < BYTES;
    const size = headSize(first, isAck ? UINT : BYTES);
    if (size === 0) throw malformed(`an item that begins with byte ${first}`);
    let length: number;
    if (this.#headBytes === 0 && at + size <= bytes.byteLength) {
      length = headArgument(bytes, at, size);
      at += size;
    } else {
      const lacking = bytes.subarray(at, at + size - this.#headBytes);
      this.#head.set(lacking, this.#headBytes);
      this.#headBytes += lacking.byteLength;
      at += lacking.byteLength;
      if (this.#headBytes < size) return at;
      length = headArgument(this.#head, 0, size);
      this.#headBytes = 0;
    }
    if (isAck) {
      this.#delivery.acknowledge(length);
      return at;
    }
    if (length > MAX_FRAME_BYTES) throw malformed(`a frame of ${length} bytes`);
    if (length > (this.#large?.lacks ?? Infinity)) {
      throw malformed("more bytes than its message has");
    }
    if (this.#large === undefined && length > 0 && at + length <= bytes.byteLength) {
      this.#takeFrame(bytes.subarray(at, at + length));
      return at + length;
    }
    this.#missing = length;
    return at;
  }

  /** Takes bytes of the frame at hand. */
  #takeBody(bytes: Uint8Array, at: number): number {
    const body = bytes.subarray(at, at + this.#missing);
    if (this.#large !== undefined) {
      this.#takePiece(body);
    } else {
      this.#frame ??= new Assembly(this.#missing);
      this.#frame.append(body);
    }
    this.#missing -= body.byteLength;
    if (this.#missing === 0 && this.#frame !== undefined) {
      const { bytes: whole } = this.#frame;
      this.#frame = undefined;
      this.#takeFrame(whole);
    }
    return at + body.byteLength;
  }

  #takeFrame(content: Uint8Array): void {
    const frame = checkFrame(decodeCbor(content));
    const bytes = content.byteLength;
    if ("value" in frame) {
      if (bytes > this.#maxMessageBytes) throw this.#tooLarge(frame.key, bytes);
      return this.#attempt(() => this.#delivery.deliver(frame.key, frame.value, bytes));
    }
    const { key, lengths } = frame;
    const total = lengths.reduce((sum, length) => sum + length, 0);
    if (total > this.#maxMessageBytes) throw this.#tooLarge(key, total);
    this.#attempt(() => {
      if (!this.#delivery.admits(key, total)) return false;
      this.#large = { key, parts: this.#assemblies(key, lengths), bytes: total, lacks: total };
      return true;
    });
  }

  #assemblies(key: string, lengths: number[]): Assembly[] {
    try {
      return lengths.map((length) => new Assembly(length));
    } catch (cause) {
      const bytes = lengths.reduce((sum, length) => sum + length, 0);
      throw this.#tooLarge(key, bytes, cause); // the runtime has no buffer of that size
    }
  }

  #tooLarge(key: string, bytes: number, cause?: unknown): PartyError {
    const message =
      `Cannot take a message of ${bytes} bytes: maxMessageBytes is ${this.#maxMessageBytes}`;
    return new PartyError("PAYLOAD_TOO_LARGE", message, { key, cause });
  }

  #takePiece(bytes: Uint8Array): void {
    const { key, parts, bytes: total } = this.#large!;
    this.#large!.lacks -= bytes.byteLength;
    let rest = bytes;
    for (const part of parts) {
      if (rest.byteLength === 0) break;
      rest = rest.subarray(part.append(rest));
    }
    if (!parts.at(-1)!.whole) return;
    this.#large = undefined;
    const [encoded, ...others] = parts.map((part) => part.bytes);
    const value = decodeCbor(encoded!, others);
    this.#attempt(() => this.#delivery.deliver(key, value, total));
  }

  #attempt(action: () => boolean): void {
    if (!action()) this.#held = action;
  }
}

function malformed(what: string): PartyError {
  return new PartyError("INVALID_REQUEST", `Cannot take ${what} from a link: no party sends that`);
}
