/**
 * The sender's end of a sealed link, without I/O. Frames wait as they are until a request has room
 * for them, are then sealed, all that wait in one record, and kept as that: whatever is sent again is
 * the same bytes.
 *
 * @module
 */

import { NetworkError, PartyError } from "../../../errors.ts";
import { MAX_HEAD_BYTES } from "../../../wire/heads.ts";
import { FRAME_BYTES } from "../../../wire/frames.ts";
import { OutgoingStream } from "../outgoing.ts";
import { Pieces } from "../pieces.ts";
import type { AnswerReader, LinkStream } from "../stream.ts";
import { SealedAnswerReader } from "./answer.ts";
import type { Opened, Opening } from "./cover.ts";
import { byteString, emptyByteString, type Places, TAG_BYTES } from "./records.ts";

/** How much goes into a record at most: a frame of a large value. */
const MAX_PLAIN_BYTES = FRAME_BYTES + MAX_HEAD_BYTES;
/** How long a record is at most. */
const MAX_RECORD_BYTES = MAX_PLAIN_BYTES + TAG_BYTES;
/** Longer ones are sealed into buffers that are used again. */
const LARGE_BYTES = 128 * 1024;
/** How much is sealed ahead where that takes a while. */
const AHEAD_BYTES = 1024 * 1024;

/** What a sealed stream asks and tells. */
export interface SealedStreamEvents {
  /** Begins the handshake. */
  begin(): Promise<Opening>;
  /** Hears what the peer said in it. @throws {PartyError} when that is the end of the link */
  onOpened(opened: Opened): void;
}

/** Frames, sealed. */
export class SealedStream implements LinkStream {
  readonly #events: SealedStreamEvents;
  /** The frames, from the first that is not sealed. */
  readonly #plain: OutgoingStream = new OutgoingStream();
  /** Handshake and records, from the first that is not acknowledged in whole. */
  readonly #outer: OutgoingStream;
  readonly #frames: Pieces = new Pieces(MAX_RECORD_BYTES);
  /** Where each of them ends, and where the frames in it do. */
  readonly #ends: { outer: number; inner: number }[] = [];
  #starting: Promise<void> | undefined;
  #opening: Opening | undefined;
  #opened: Opened | undefined;
  #records = 0;
  #sealed = 0;
  /** Records that are being sealed, each resolved once it is kept, and how many bytes they have. */
  readonly #underway: Promise<void>[] = [];
  #underwayBytes = 0;
  #acknowledged = 0;
  #held = 0;
  #acks = -1;

  /** @param events makes the handshake, and hears of it */
  constructor(events: SealedStreamEvents) {
    this.#events = events;
    this.#outer = new OutgoingStream(this.#frames);
  }

  /** {@inheritDoc LinkStream.end} */
  get end(): number {
    return this.#plain.end;
  }

  /** {@inheritDoc LinkStream.begun} */
  get begun(): number {
    return this.#sealed;
  }

  /** {@inheritDoc LinkStream.isDone} */
  get isDone(): boolean {
    return this.#plain.end === this.#sealed && this.#underway.length === 0 &&
      (this.#ends.length === 0 || this.#ends.at(-1)!.inner === 0);
  }

  /** {@inheritDoc LinkStream.acknowledged} */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** {@inheritDoc LinkStream.sent} */
  get sent(): number {
    return this.#outer.sent;
  }

  /** {@inheritDoc LinkStream.resent} */
  get resent(): number {
    return this.#outer.resent;
  }

  /** {@inheritDoc LinkStream.append} */
  append(frame: Uint8Array): void {
    this.#plain.append(frame);
  }

  /** {@inheritDoc LinkStream.appendLarge} */
  appendLarge(bytes: Uint8Array): void {
    this.#plain.appendLarge(bytes);
  }

  /** {@inheritDoc LinkStream.truncate} */
  truncate(place: number): void {
    this.#plain.truncate(place);
  }

  /** {@inheritDoc LinkStream.rest} */
  rest(): void {
    this.#plain.rest();
    this.#outer.rest();
  }

  /** {@inheritDoc LinkStream.hasMore} */
  hasMore(place: number): boolean {
    return this.#outer.end > place || this.#underway.length > 0 || this.#plain.end > this.#sealed;
  }

  /** {@inheritDoc LinkStream.prepare} */
  prepare(place: number, bytes: number): Promise<void> | undefined {
    const opened = this.#opened;
    // Before the second message is there, nothing can follow the first one.
    if (opened === undefined) {
      return this.#opening === undefined ? this.#starting ??= this.#start() : undefined;
    }
    for (;;) {
      const ready = this.#outer.end - place;
      const isEnough = this.#underway.length === 0
        ? ready >= bytes
        : ready + this.#underwayBytes >= Math.max(bytes, AHEAD_BYTES);
      if (isEnough || this.#plain.end === this.#sealed) return this.#underway[0];
      this.#sealNext(opened);
    }
  }

  /** {@inheritDoc LinkStream.read} */
  read(place: number, maxBytes: number): Uint8Array {
    return this.#outer.read(place, maxBytes);
  }

  /** {@inheritDoc LinkStream.readAll} */
  readAll(
    place: number,
    maxBytes: number,
    bufferOf: (size: number) => Uint8Array,
  ): Uint8Array {
    return this.#outer.readAll(place, maxBytes, bufferOf);
  }

  /** {@inheritDoc LinkStream.answer} */
  answer(place: number): AnswerReader {
    return new SealedAnswerReader(place === 0, {
      establish: (message) => this.#establish(message),
      open: (index, sealed) => this.#openAck(index, sealed),
      onHeld: (places) => this.#noteHeld(places),
    });
  }

  /** {@inheritDoc LinkStream.acknowledge} */
  acknowledge(place: number): number {
    if (place > this.#outer.sent) {
      throw new NetworkError(
        `place ${place} is acknowledged, and only ${this.#outer.sent} bytes were sent`,
      );
    }
    this.#acknowledged = Math.max(this.#acknowledged, place);
    let whole = 0;
    while (whole < this.#ends.length && this.#ends[whole]!.outer <= place) whole++;
    if (whole > 0) {
      const { outer, inner } = this.#ends[whole - 1]!;
      this.#outer.acknowledge(outer);
      this.#held = Math.max(this.#held, inner);
      this.#ends.splice(0, whole);
    }
    return this.#held;
  }

  /**
   * A part of a record that did not open is not held any more, or it is not the sender's: the next
   * request begins with all of it, and the receiver skips what is the same.
   */
  retreat(): void {
    this.#acknowledged = this.#outer.acknowledged;
  }

  /** Goes on behind what came of a record, unless that cannot be all its own. */
  #noteHeld([outer, inner, begun]: Places): void {
    if (inner > this.#sealed) throw new NetworkError(`${inner} bytes of frames are acknowledged`);
    this.acknowledge(outer);
    this.#held = Math.max(this.#held, inner);
    const boundary = this.#outer.acknowledged;
    const length = (this.#ends[0]?.outer ?? boundary) - boundary;
    if (outer <= boundary) this.#acknowledged = boundary + (begun < length ? begun : 0);
  }

  async #start(): Promise<void> {
    const opening = await this.#events.begin();
    this.#keep(byteString(opening.message), 0);
    this.#opening = opening;
  }

  async #establish(message: Uint8Array): Promise<void> {
    const opened = await this.#opening!.finish(message);
    this.#events.onOpened(opened);
    this.#opened ??= opened;
    this.acknowledge(byteString(this.#opening!.message).byteLength);
  }

  #openAck(index: number, sealed: Uint8Array): Uint8Array {
    if (this.#opened === undefined || index <= this.#acks) {
      throw new PartyError("AUTHENTICATION", `acknowledgement ${index} came before`);
    }
    const places = this.#opened.openAck(index, sealed);
    this.#acks = index;
    return places;
  }

  #sealNext(opened: Opened): void {
    const plaintext = this.#plain.read(this.#sealed, MAX_PLAIN_BYTES);
    const inner = this.#sealed += plaintext.byteLength;
    const length = plaintext.byteLength + TAG_BYTES;
    const frame = length > LARGE_BYTES ? this.#frames.frame(length) : emptyByteString(length);
    const target = frame.subarray(frame.byteLength - length);
    const sealed = opened.seal(this.#records++, plaintext, target);
    this.#plain.acknowledge(inner);
    const before = this.#underway.at(-1);
    if (sealed === target && before === undefined) return this.#keep(frame, inner);
    this.#underwayBytes += length;
    const kept = Promise.all([sealed, before]).then(([bytes]) => {
      if (bytes !== target) target.set(bytes);
      this.#underway.shift();
      this.#underwayBytes -= length;
      this.#keep(frame, inner);
    });
    kept.catch(() => {}); // who waits for it hears of it
    this.#underway.push(kept);
  }

  #keep(record: Uint8Array, inner: number): void {
    if (record.byteLength > LARGE_BYTES + MAX_HEAD_BYTES) this.#outer.appendFrame(record);
    else this.#outer.append(record);
    this.#ends.push({ outer: this.#outer.end, inner });
  }
}
