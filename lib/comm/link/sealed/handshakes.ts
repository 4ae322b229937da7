/**
 * The handshakes that others began with this party, in one session. Each message may be one that was
 * sent again: its sender is believed to be there once a record opened with the keys that came of the
 * answer, and not before.
 *
 * @module
 */

import type { PartyError } from "../../../errors.ts";
import type { IncomingStream } from "../incoming.ts";
import { LinkReceiver, type LinkReceiverEvents, type LinkRequest } from "../receiver.ts";
import type { Accepted, SessionCover } from "./cover.ts";
import { LinkFault } from "./fault.ts";
import { SealedIncoming } from "./incoming.ts";
import { byteString, MAX_HANDSHAKE_BYTES, readByteString, readUpTo } from "./records.ts";

/** How many handshakes of one rank wait for a first record. */
const MAX_WAITING = 8;

/** What a handshake's end asks and tells its session. */
export interface HandshakeEvents {
  /** Makes what takes the frames of a rank. */
  framesOf(from: number): IncomingStream;
  /** What the receiver of a link asks and tells. */
  receiverEvents(): LinkReceiverEvents;
  /** Hears that a rank is there, in that lifetime. @throws {PartyError} when that ends the session */
  onMet(from: number, boot: string, receiver: LinkReceiver): void;
  /** Hears that a rank, if it is there, does not agree with this party. */
  onMismatch(from: number): void;
}

interface Entry {
  from: number;
  boot: string;
  message: Uint8Array;
  accepted: Accepted;
  intake: SealedIncoming;
  receiver: LinkReceiver;
  isMet: boolean;
}

/** All handshakes of one session. */
export class Handshakes {
  readonly #cover: SessionCover;
  readonly #boot: string;
  readonly #events: HandshakeEvents;
  /** By rank and lifetime. */
  readonly #entries: Map<string, Entry> = new Map();

  /** @param cover answers them @param boot this party's lifetime @param events asks and tells */
  constructor(cover: SessionCover, boot: string, events: HandshakeEvents) {
    this.#cover = cover;
    this.#boot = boot;
    this.#events = events;
  }

  /**
   * Answers one request of a link.
   *
   * @param from the rank that its head names
   * @param boot the lifetime that its head names
   * @throws {LinkFault} when that rank did not make it
   */
  async answer(
    from: number,
    boot: string,
    request: LinkRequest,
  ): Promise<Uint8Array | ReadableStream<Uint8Array>> {
    if (request.place === 0) return await this.#begin(from, boot, await messageOf(request));
    return await this.receiverOf(from, boot).answer(request);
  }

  /**
   * Takes all that follows the handshake of a rank in that lifetime.
   *
   * @throws {LinkFault} `CONFLICT` when there was none here, so that nothing can follow
   */
  receiverOf(from: number, boot: string): LinkReceiver {
    const entry = this.#entries.get(nameOf(from, boot));
    if (entry === undefined) throw noHandshake(from);
    return entry.receiver;
  }

  /** What does not agree with a rank in that lifetime; undefined when nothing is known of that. */
  mismatchOf(from: number, boot: string): PartyError | undefined {
    return this.#entries.get(nameOf(from, boot))?.accepted.mismatch;
  }

  /** The lifetime that a rank claimed last, which may be an old one. */
  lifetimeOf(rank: number): string | undefined {
    return [...this.#entries.values()].findLast(({ from }) => from === rank)?.boot;
  }

  /** Ends every request that is open. */
  close(): void {
    for (const { receiver } of this.#entries.values()) receiver.close();
  }

  async #begin(from: number, boot: string, message: Uint8Array): Promise<Uint8Array> {
    const before = this.#begun(from, boot, message);
    if (before !== undefined) return answerOf(before);
    const accepted = await this.#accept(from, boot, message);
    if (accepted.isProbe) return byteString(accepted.message);
    // Nothing is noted before it is accepted: else anybody could be in the way of who has the key.
    const meanwhile = this.#begun(from, boot, message);
    if (meanwhile !== undefined) return answerOf(meanwhile);
    if (this.#entries.has(nameOf(from, boot))) {
      throw new LinkFault("CONFLICT", `Rank ${from} has begun this link with another handshake`);
    }
    if (accepted.mismatch !== undefined) this.#events.onMismatch(from);
    return answerOf(this.#enter(from, message, accepted));
  }

  /** What the same message began before. */
  #begun(from: number, boot: string, message: Uint8Array): Entry | undefined {
    const entry = this.#entries.get(nameOf(from, boot));
    return entry !== undefined && isSame(message, entry.message) ? entry : undefined;
  }

  async #accept(from: number, boot: string, message: Uint8Array): Promise<Accepted> {
    const accepted = await this.#cover.accept(from, this.#boot, message).catch((error) => {
      throw new LinkFault("AUTHENTICATION", (error as Error).message, error);
    });
    if (accepted.boot === boot) return accepted;
    throw new LinkFault(
      "AUTHENTICATION",
      "The head of the link names another lifetime than its key",
    );
  }

  #enter(from: number, message: Uint8Array, accepted: Accepted): Entry {
    const { boot, mismatch } = accepted;
    const place = byteString(message).byteLength;
    const intake = new SealedIncoming(this.#events.framesOf(from), accepted, place, () => {
      if (mismatch !== undefined) throw mismatch;
      entry.isMet = true;
      this.#events.onMet(from, boot, receiver);
    });
    const receiver = new LinkReceiver(intake, this.#events.receiverEvents());
    const entry: Entry = { from, boot, message, accepted, intake, receiver, isMet: false };
    this.#makeRoom(from);
    this.#entries.set(nameOf(from, boot), entry);
    return entry;
  }

  /** Forgets the oldest that wait. What nobody with the key made is never among them. */
  #makeRoom(from: number): void {
    const waiting = [...this.#entries].filter(([, entry]) => entry.from === from && !entry.isMet);
    for (const [name] of waiting.slice(0, Math.max(0, waiting.length + 1 - MAX_WAITING))) {
      this.#entries.delete(name);
    }
  }
}

function nameOf(from: number, boot: string): string {
  return `${from} ${boot}`;
}

/** The first message, which is all that a request from the first byte on can hold. */
async function messageOf({ body }: LinkRequest): Promise<Uint8Array> {
  const bytes = body instanceof Uint8Array
    ? body
    : await readUpTo(2 * MAX_HANDSHAKE_BYTES, body).catch((cause) => {
      throw new LinkFault("INVALID_REQUEST", "The body ended early, in its handshake", cause);
    });
  const item = readByteString(bytes, 0, MAX_HANDSHAKE_BYTES);
  if (item && item[1] === bytes.byteLength) return bytes.slice(...item);
  throw new LinkFault("AUTHENTICATION", "Cannot take a link that does not begin with a handshake");
}

function noHandshake(from: number): LinkFault {
  return new LinkFault("CONFLICT", `Rank ${from} has not begun this link with a handshake here`);
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.byteLength === other.byteLength && one.every((byte, at) => byte === other[at]);
}

/** The second message, and what is held by now. */
function answerOf({ accepted, intake }: Entry): Uint8Array {
  const first = byteString(accepted.message);
  const second = intake.acknowledge();
  const answer = new Uint8Array(first.byteLength + second.byteLength);
  answer.set(first);
  answer.set(second, first.byteLength);
  return answer;
}
