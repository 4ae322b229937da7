/**
 * The receiver's end of a sealed link, without I/O: puts records together of whatever pieces come,
 * opens them by their number, and hands what they held to the stream of frames. What does not open is
 * forgotten, and has to come again; nothing of it is used.
 *
 * @module
 */

import { PartyError } from "../../../errors.ts";
import { BYTES, headArgument, headSize, MAX_HEAD_BYTES } from "../../../wire/heads.ts";
import type { IncomingStream } from "../incoming.ts";
import type { LinkIntake } from "../intake.ts";
import type { Accepted } from "./cover.ts";
import { LinkFault } from "./fault.ts";
import { byteString, encodeIndex, encodePlaces, MAX_RECORD_BYTES, TAG_BYTES } from "./records.ts";

/** How large the buffer for a record is at first. */
const FIRST_BUFFER_BYTES = 16 * 1024;

/** One sender's records, on their way to be frames. */
export class SealedIncoming implements LinkIntake {
  readonly #frames: IncomingStream;
  readonly #accepted: Accepted;
  readonly #onFirst: () => void;
  /** Where the record at hand begins: all before it was opened. */
  #boundary: number;
  /** What has come of its head. */
  readonly #head: Uint8Array = new Uint8Array(MAX_HEAD_BYTES);
  #headBytes = 0;
  /** How long it is, once its head is there; what has come of it lies in the buffer. */
  #length: number | undefined;
  #filled = 0;
  #buffer: Uint8Array = new Uint8Array(0);
  #plaintext: Uint8Array = new Uint8Array(0);
  #opened = 0;
  /** What was opened, and found no room yet. */
  #rest: Uint8Array | undefined;
  /** A record that is being opened; what comes meanwhile waits. */
  #opening: Promise<number> | undefined;
  #acks = 0;

  /**
   * @param frames takes what is opened
   * @param accepted opens it
   * @param onFirst hears that the first record was opened, before what it holds is taken: the sender
   * is there, with these keys; throws when that is the end of the session
   */
  constructor(frames: IncomingStream, accepted: Accepted, place: number, onFirst: () => void) {
    this.#frames = frames;
    this.#accepted = accepted;
    this.#boundary = place;
    this.#onFirst = onFirst;
  }

  /** {@inheritDoc LinkIntake.taken} */
  get taken(): number {
    return this.#boundary + this.#headBytes + this.#filled;
  }

  /** {@inheritDoc LinkIntake.acknowledged} */
  get acknowledged(): number {
    return this.blocked ? this.#boundary - 1 : this.#boundary;
  }

  /** {@inheritDoc LinkIntake.midway} */
  get midway(): boolean {
    return this.#frames.midway || this.#filled > 0;
  }

  /** {@inheritDoc LinkIntake.blocked} */
  get blocked(): boolean {
    return this.#rest !== undefined || this.#frames.blocked;
  }

  /** {@inheritDoc LinkIntake.acknowledge} */
  acknowledge(): Uint8Array {
    const index = this.#acks++;
    const begun = this.#headBytes + this.#filled;
    const places = encodePlaces([this.acknowledged, this.#frames.acknowledged, begun]);
    return byteString(encodeIndex(index), this.#accepted.sealAck(index, places));
  }

  /** {@inheritDoc LinkIntake.push} */
  push(place: number, bytes: Uint8Array): number | Promise<number> {
    if (this.#opening !== undefined) {
      return this.#opening.catch(() => {}).then(() => this.push(place, bytes));
    }
    if (place > this.taken) {
      const message =
        `Cannot go on at byte ${place} of the link: the bytes from ${this.taken} on are missing`;
      throw new LinkFault("CONFLICT", message);
    }
    this.#compare(place, bytes);
    if (!this.#hasRoom()) return Math.min(this.taken - place, bytes.byteLength);
    return this.#take(bytes, Math.min(this.taken - place, bytes.byteLength));
  }

  /**
   * Compares what came of a record with what comes of it again: where they differ, somebody else sent
   * one of the two, and it is put together anew.
   */
  #compare(place: number, bytes: Uint8Array): void {
    const begun = this.#headBytes + this.#filled;
    if (begun === 0 || place >= this.taken) return;
    for (let at = Math.max(0, place - this.#boundary); at < begun; at++) {
      const byte = bytes[this.#boundary + at - place];
      if (byte === undefined) return;
      const held = at < this.#headBytes ? this.#head[at] : this.#buffer[at - this.#headBytes];
      if (byte === held) continue;
      const fault = this.#forget();
      if (place > this.#boundary) throw fault;
      return;
    }
  }

  /** Takes bytes from a place in them on. @returns how many are done with */
  #take(bytes: Uint8Array, from: number): number | Promise<number> {
    let at = from;
    while (at < bytes.byteLength && !this.blocked) {
      if (this.#length === undefined) {
        at = this.#takeHead(bytes, at);
        continue;
      }
      const length = this.#length;
      let record: Uint8Array;
      if (this.#filled === 0 && at + length <= bytes.byteLength) {
        record = bytes.subarray(at, at += length);
      } else {
        at = this.#takeBody(bytes, at, length);
        if (this.#filled < length) break;
        record = this.#buffer.subarray(0, length);
      }
      const plaintext = this.#open(record);
      if (plaintext instanceof Promise) return this.#takeLater(plaintext, bytes, at, length);
      this.#pass(plaintext, length);
    }
    return at;
  }

  #takeLater(
    opening: Promise<Uint8Array>,
    bytes: Uint8Array,
    at: number,
    length: number,
  ): Promise<number> {
    const passed = opening.then((plaintext) => {
      this.#opening = undefined;
      this.#pass(plaintext, length);
      return this.#take(bytes, at);
    }, (error) => {
      this.#opening = undefined;
      throw this.#forget(error);
    });
    return this.#opening = passed;
  }

  #takeHead(bytes: Uint8Array, from: number): number {
    let at = from;
    this.#head[this.#headBytes++] = bytes[at++]!;
    const size = headSize(this.#head[0]!, BYTES);
    if (size === 0) throw this.#forget();
    while (this.#headBytes < size && at < bytes.byteLength) {
      this.#head[this.#headBytes++] = bytes[at++]!;
    }
    if (this.#headBytes < size) return at;
    const length = headArgument(this.#head, 0, size);
    if (length < TAG_BYTES || length > MAX_RECORD_BYTES) throw this.#forget();
    this.#length = length;
    return at;
  }

  #takeBody(bytes: Uint8Array, at: number, length: number): number {
    const piece = bytes.subarray(at, at + length - this.#filled);
    const needed = this.#filled + piece.byteLength;
    if (this.#buffer.byteLength < needed) {
      // Only as much as has come: anybody can claim a length.
      const size = Math.min(MAX_RECORD_BYTES, Math.max(FIRST_BUFFER_BYTES, 4 * needed));
      const buffer = new Uint8Array(size);
      buffer.set(this.#buffer.subarray(0, this.#filled));
      this.#buffer = buffer;
    }
    this.#buffer.set(piece, this.#filled);
    this.#filled = needed;
    return at + piece.byteLength;
  }

  #open(record: Uint8Array): Uint8Array | Promise<Uint8Array> {
    const length = record.byteLength - TAG_BYTES;
    // Nothing else is opened before what it holds is used.
    if (this.#plaintext.byteLength < length) this.#plaintext = new Uint8Array(length);
    try {
      return this.#accepted.open(this.#opened, record, this.#plaintext.subarray(0, length));
    } catch (error) {
      throw this.#forget(error);
    }
  }

  /** Hands on what a record held. */
  #pass(plaintext: Uint8Array, length: number): void {
    this.#boundary += this.#headBytes + length;
    this.#headBytes = this.#filled = 0;
    this.#length = undefined;
    if (this.#opened++ === 0) this.#onFirst();
    this.#rest = plaintext;
    this.#hasRoom();
  }

  /** Tries to hand on what found no room. @returns whether there is nothing left */
  #hasRoom(): boolean {
    const rest = this.#rest;
    if (rest === undefined) return this.#frames.retry();
    const taken = this.#frames.push(this.#frames.taken, rest);
    this.#rest = taken < rest.byteLength ? rest.subarray(taken) : undefined;
    return !this.blocked;
  }

  /** What came of the record at hand is of no use. */
  #forget(cause?: unknown): unknown {
    this.#headBytes = this.#filled = 0;
    this.#length = undefined;
    if (cause !== undefined && !(cause instanceof PartyError && cause.code === "AUTHENTICATION")) {
      return cause;
    }
    return new LinkFault(
      "AUTHENTICATION",
      `Cannot open record ${this.#opened} of the link: the peer did not seal this, or it was changed ` +
        `on its way; nothing of it was used`,
      cause,
    );
  }
}
