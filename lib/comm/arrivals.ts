/**
 * What the other parties of a session send to this one: over links, plain or sealed, and in the JSON
 * form; and which of their lifetimes it is from.
 *
 * @module
 */

import { PartyError, SessionClosedError } from "../errors.ts";
import type { MessageBody } from "../wire/message.ts";
import { OnceGate } from "./json/once.ts";
import { IncomingStream } from "./link/incoming.ts";
import { PlainIntake } from "./link/intake.ts";
import { LinkReceiver, type LinkReceiverEvents, type LinkRequest } from "./link/receiver.ts";
import type { SessionCover } from "./link/sealed/cover.ts";
import { Handshakes } from "./link/sealed/handshakes.ts";
import { restarted } from "./link/trouble.ts";
import { Peers } from "./peers.ts";

/** Where it arrives. */
export interface ArrivalsOptions {
  /** The session's name, for errors. */
  session: string;
  /** This party's lifetime. */
  boot: string;
  /** How many bytes a message may have. */
  maxMessageBytes: number;
  /** What links are sealed with; without it they are not. */
  cover: SessionCover | undefined;
}

/** What arrivals ask of the rest of the session, and tell it. */
export interface ArrivalEvents {
  /** Why nothing can be received any more. */
  failure(): Error | undefined;
  /** Whether a rank has left. */
  hasLeft(from: number): boolean;
  /** Whether there is room for a message. */
  admits(from: number, key: string, bytes: number): boolean;
  /** Takes a message. @throws {PartyError} why it was not taken */
  take(from: number, key: string, value: unknown, bytes: number): void;
  /** Hears of a message that came again. */
  onDuplicate(from: number): void;
  /** Hears up to where a rank holds what was sent to it. */
  onAcknowledged(from: number, place: number): void;
  /** Hears that a rank, if it is there, does not agree with this party: its own answer tells. */
  onDisagreed(from: number): void;
  /** Hears what ends the session. */
  onBroken(error: unknown): void;
}

/** One party's end of all that comes. */
export class Arrivals {
  readonly #options: ArrivalsOptions;
  readonly #events: ArrivalEvents;
  readonly #receivers: Map<number, LinkReceiver> = new Map();
  readonly #once: OnceGate = new OnceGate();
  readonly #met: Peers = new Peers();
  /** The lifetimes that ranks have at present, as they proved by their keys. */
  readonly #proven: Map<number, string> = new Map();
  readonly #handshakes: Handshakes | undefined;
  #hungUp = false;

  /** Nothing has come yet. */
  constructor(options: ArrivalsOptions, events: ArrivalEvents) {
    this.#options = options;
    this.#events = events;
    const { cover, boot } = options;
    this.#handshakes = cover && new Handshakes(cover, boot, {
      framesOf: (from) => this.#framesOf(from),
      receiverEvents: () => this.#receiverEvents(),
      onMet: (from, boot, receiver) => {
        this.prove(from, boot);
        this.meet(from, boot);
        this.#receivers.set(from, receiver);
      },
      onMismatch: (from) => events.onDisagreed(from),
    });
  }

  /**
   * Takes a message in the JSON form, once however often it comes.
   *
   * @throws {PartyError} why it was not taken
   */
  take({ from_rank: from, key, boot, seq }: MessageBody, value: unknown, bytes: number): void {
    this.#checkPresent(from);
    if (boot === undefined || seq === undefined) {
      return this.#events.take(from, key, value, bytes);
    }
    this.meet(from, boot);
    if (this.#receivers.get(from)?.hasTaken) throw hasLink(from, key);
    if (!this.#once.isNew(from, seq)) return this.#events.onDuplicate(from);
    this.#events.take(from, key, value, bytes);
    this.#once.taken(from, seq);
  }

  /**
   * Makes sure that a link has begun here, of which more than the beginning is to come; without keys
   * anyone's has.
   *
   * @throws {PartyError} `CONFLICT`
   */
  checkBegun(from: number, boot: string): void {
    this.#handshakes?.receiverOf(from, boot);
  }

  /** Takes one request of a link. @throws {PartyError} why it was not taken */
  async takeLink(
    from: number,
    boot: string,
    request: LinkRequest,
  ): Promise<Uint8Array | ReadableStream<Uint8Array>> {
    this.#checkPresent(from);
    // A peer that has left in the meantime may not have found this party to tell it.
    const isNext = this.#events.failure() !== undefined && this.bootOf(from) !== boot;
    if (this.#hungUp || isNext) throw this.#ended("this party has left it");
    if (this.#handshakes !== undefined) return await this.#handshakes.answer(from, boot, request);
    this.meet(from, boot);
    let receiver = this.#receivers.get(from);
    if (receiver === undefined) {
      const intake = new PlainIntake(this.#framesOf(from));
      receiver = new LinkReceiver(intake, this.#receiverEvents());
      this.#receivers.set(from, receiver);
    }
    return await receiver.answer(request);
  }

  /** Notes who was heard. @throws {PeerRestartedError} when it was met before, and is there anew */
  meet(rank: number, boot: string): void {
    if (this.#met.meet(rank, boot)) return;
    const error = restarted(rank, this.#options.session);
    this.#events.onBroken(error);
    throw error;
  }

  /** Notes the lifetime that a rank has at present, as its key says. */
  prove(rank: number, boot: string): void {
    this.#proven.set(rank, boot);
  }

  /** The lifetime of a rank that was met; undefined while it was not. */
  bootOf(rank: number): string | undefined {
    return this.#met.bootOf(rank);
  }

  /** The same, or else the lifetime that it is likely to have. */
  likelyBootOf(rank: number): string | undefined {
    return this.#proven.get(rank) ?? this.#handshakes?.lifetimeOf(rank) ?? this.bootOf(rank);
  }

  /** What does not agree with a rank in that lifetime; undefined when nothing is known of that. */
  mismatchOf(rank: number, boot: string): PartyError | undefined {
    return this.#handshakes?.mismatchOf(rank, boot);
  }

  /** What is due to be acknowledged to a rank, along with what is sent to it. */
  takeDue(rank: number): number | undefined {
    return this.#receivers.get(rank)?.takeDue();
  }

  /** Lets a rank's message in that found no room. */
  makeRoom(rank: number): void {
    this.#receivers.get(rank)?.makeRoom();
  }

  /** Ends every request that is open, and takes no more. */
  hangUp(): void {
    this.#hungUp = true;
    for (const receiver of this.#receivers.values()) receiver.close();
    this.#handshakes?.close();
  }

  #framesOf(from: number): IncomingStream {
    const events = this.#events;
    const admits = (key: string, bytes: number) =>
      events.failure() === undefined && events.admits(from, key, bytes);
    return new IncomingStream({
      admits,
      deliver: (key, value, bytes) => {
        if (!admits(key, bytes)) return false;
        events.take(from, key, value, bytes);
        return true;
      },
      acknowledge: (place) => events.onAcknowledged(from, place),
    }, this.#options.maxMessageBytes);
  }

  #receiverEvents(): LinkReceiverEvents {
    return {
      // Of a session that closes, the farewell ends them.
      isOver: () => {
        const failure = this.#events.failure();
        return failure !== undefined && !(failure instanceof SessionClosedError);
      },
      onBroken: (error) => this.#events.onBroken(error),
    };
  }

  /** @throws {PartyError} `UNKNOWN_SESSION` when a rank has left */
  #checkPresent(from: number): void {
    if (this.#events.hasLeft(from)) throw this.#ended(`rank ${from} has left it`);
  }

  #ended(why: string): PartyError {
    const { session } = this.#options;
    return new PartyError(
      "UNKNOWN_SESSION",
      `Session ${session} has ended, as ${why}: the next one of this name is not created here yet`,
      { session },
    );
  }
}

function hasLink(from: number, key: string): PartyError {
  return new PartyError(
    "CONFLICT",
    `Cannot take a message in the JSON form from rank ${from}: it has sent over its link`,
    { rank: from, key },
  );
}
