/**
 * What the receiving end of a link puts the bytes of its requests into: frames, or records of which
 * frames are made.
 *
 * @module
 */

import { encodeAck } from "./acks.ts";
import type { IncomingStream } from "./incoming.ts";

/** The bytes of one sender. Places are those that the sender's requests name. */
export interface LinkIntake {
  /** The place up to which all was taken: what comes again below it is skipped. */
  readonly taken: number;
  /** The place that the sender may be told. */
  readonly acknowledged: number;
  /** Whether the next bytes are of something that has begun: nobody waits for those alone. */
  readonly midway: boolean;
  /** Whether nothing is taken, until there is room. */
  readonly blocked: boolean;
  /**
   * Takes bytes, as far as there is room.
   *
   * @param place where they begin
   * @param bytes the bytes; used only until the call, or its promise, has returned
   * @returns how many of them are done with: taken now, or before
   * @throws {LinkFault} when anybody may have sent them: they are of no account
   * @throws {PartyError} when they are not what a party sends; nothing more is then of any use
   */
  push(place: number, bytes: Uint8Array): number | Promise<number>;
  /** What tells the sender. @param place what it is to be told at least */
  acknowledge(place: number): Uint8Array;
}

/** Frames as they come. */
export class PlainIntake implements LinkIntake {
  readonly #frames: IncomingStream;

  /** @param frames takes them */
  constructor(frames: IncomingStream) {
    this.#frames = frames;
  }

  /** {@inheritDoc LinkIntake.taken} */
  get taken(): number {
    return this.#frames.taken;
  }

  /** {@inheritDoc LinkIntake.acknowledged} */
  get acknowledged(): number {
    return this.#frames.acknowledged;
  }

  /** {@inheritDoc LinkIntake.midway} */
  get midway(): boolean {
    return this.#frames.midway;
  }

  /** {@inheritDoc LinkIntake.blocked} */
  get blocked(): boolean {
    return this.#frames.blocked;
  }

  /** {@inheritDoc LinkIntake.push} */
  push(place: number, bytes: Uint8Array): number {
    return this.#frames.push(place, bytes);
  }

  /** {@inheritDoc LinkIntake.acknowledge} */
  acknowledge(place: number): Uint8Array {
    return encodeAck(place);
  }
}
