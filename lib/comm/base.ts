/**
 * What every communicator shares: the mailbox, the checks, and how a failure spreads.
 *
 * @module
 */

import {
  type ErrorCode,
  PartyError,
  PeerAbortedError,
  SerializationError,
  SessionClosedError,
} from "../errors.ts";
import { within } from "../timing.ts";
import { decodePayload, encodePayload } from "../wire/message.ts";
import { checkKey, isRank } from "./checks.ts";
import { CollectiveCommunicator } from "./collectives.ts";
import type { PeerStats, WaitOptions } from "./communicator.ts";
import { Mailbox } from "./mailbox.ts";

/** Options of every communicator. */
export interface CommunicatorOptions {
  /** This party's rank. */
  rank: number;
  /** The session's name, for errors. */
  session: string;
  /**
   * How long a `send` or `recv` waits unless told otherwise, in milliseconds.
   *
   * @default {60_000}
   */
  timeoutMs?: number;
  /**
   * How many bytes of unread messages are held for each peer.
   *
   * @default {67_108_864}
   */
  maxMailboxBytes?: number;
}

/** Why a party leaves a session, as it tells the others. */
export interface Farewell {
  /** `SESSION_CLOSED` when it is done; the code of its error when it failed. */
  code: ErrorCode;
  /** For people. */
  reason: string;
}

/** How long `close()` lets messages that are on their way arrive. */
const CLOSE_GRACE_MS = 2_000;
/** What the others are told of an error that is not ours to show. */
const PROGRAM_FAILED = "its program failed; what it threw is known to that party alone";
/** How much of the reason of a farewell the others are told, in UTF-16 code units. */
const MAX_REASON_LENGTH = 1_000;

/** The base of all communicators: a subclass only moves bytes. */
export abstract class CommunicatorBase extends CollectiveCommunicator {
  /** {@inheritDoc Communicator.rank} */
  readonly rank: number;
  /** {@inheritDoc Communicator.worldSize} */
  readonly worldSize: number;
  /** The session's name. */
  readonly session: string;
  /** {@inheritDoc Communicator.stats} */
  readonly stats: readonly PeerStats[];
  readonly #mailbox: Mailbox;
  readonly #timeoutMs: number;
  readonly #sending = new Set<Promise<number>>();
  /** The ranks that are done with the session. */
  readonly #left = new Set<number>();
  #failure: Error | undefined;
  /** This party's own way out of the session, once it has begun. */
  #leaving: Promise<void> | undefined;

  /** Begins with an empty mailbox. @throws {RangeError} when no world of that size has the rank */
  constructor(worldSize: number, options: CommunicatorOptions) {
    super();
    const { rank, session, timeoutMs = 60_000, maxMailboxBytes = 64 * 1024 * 1024 } = options;
    if (!isRank(rank, worldSize)) {
      throw new RangeError(`Cannot be rank ${rank} as the session has ${worldSize} parties`);
    }
    this.rank = rank;
    this.worldSize = worldSize;
    this.session = session;
    this.#timeoutMs = timeoutMs;
    this.#mailbox = new Mailbox(worldSize, maxMailboxBytes);
    this.stats = Array.from({ length: worldSize }, () => ({
      messagesSent: 0,
      bytesSent: 0,
      messagesReceived: 0,
      bytesReceived: 0,
      retries: 0,
      duplicatesDropped: 0,
    }));
  }

  /** Why nothing can be sent or received any more; undefined while all is well. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** {@inheritDoc Communicator.send} */
  async send(to: number, key: string, data: unknown, options: WaitOptions = {}): Promise<void> {
    this.#check("send", "to", to, key);
    options.signal?.throwIfAborted();
    if (to === this.rank) {
      // Encoded and decoded all the same, so that the receiver never shares the sender's objects.
      this.#mailbox.deliver(to, key, decodePayload(encodePayload(data).data).value, 0);
      return;
    }
    const sending = this.transmit(to, key, data, this.#withDefaults(options));
    this.#sending.add(sending);
    try {
      const bytes = await sending;
      this.stats[to]!.messagesSent++;
      this.stats[to]!.bytesSent += bytes;
    } finally {
      this.#sending.delete(sending);
    }
  }

  /** {@inheritDoc Communicator.recv} */
  async recv<T = unknown>(from: number, key: string, options: WaitOptions = {}): Promise<T> {
    this.#check("receive", "from", from, key);
    return await this.#mailbox.take(from, key, this.#withDefaults(options)) as T;
  }

  /**
   * Takes a message that has arrived, and hands it to the `recv` that waits for it.
   *
   * @param from the sender's rank
   * @param key the key that it was sent under
   * @param value the value
   * @param bytes how many bytes its encoded form has
   * @throws {PartyError} `DUPLICATE_KEY`, `MAILBOX_FULL`, or why the session takes no more; the
   * message was then not taken
   */
  onSent(from: number, key: string, value: unknown, bytes: number): void {
    this.#mailbox.deliver(from, key, value, bytes);
    const stats = this.stats[from]!;
    stats.messagesReceived++;
    stats.bytesReceived += bytes;
  }

  /**
   * Takes another party's farewell. When that party is done, only what still waits for it rejects;
   * when it failed, everything does.
   */
  onFarewell(from: number, { code, reason }: Farewell): void {
    const left = code === "SESSION_CLOSED";
    const error = new PeerAbortedError(
      `Rank ${from} ${left ? "left" : "failed in"} session ${this.session}: ${reason} (${code})`,
      { rank: from, session: this.session, peerCode: code, reason },
    );
    if (!left) return this.#fail(error);
    this.#left.add(from);
    this.#mailbox.markGone(from, error);
    this.finishSending(from, error);
  }

  /**
   * Ends this party's part: what waits here rejects with `SESSION_CLOSED`, what was sent is given
   * 2 seconds to arrive, and the others are told.
   *
   * @param reason what the others are told
   */
  close(reason = "it is done"): Promise<void> {
    return this.#leaving ??= this.#close(reason);
  }

  async #close(reason: string): Promise<void> {
    if (this.#failure) return;
    const error = new SessionClosedError(`Session ${this.session} is closed: ${reason}`, {
      session: this.session,
    });
    this.#failure = error;
    this.#mailbox.close(error);
    await within(CLOSE_GRACE_MS, Promise.allSettled(this.#sending));
    this.disconnect(error);
    await this.#sayFarewell("SESSION_CLOSED", reason);
  }

  /**
   * Gives up: everything that waits here rejects with the cause, and at the others with
   * `PEER_ABORTED`. Of a cause that is no `PartyError` the others are told nothing, and here it is
   * the cause of a `PartyError` with code `INTERNAL`.
   *
   * @param cause why
   */
  abort(cause: unknown): Promise<void> {
    return this.#leaving ??= this.#abort(cause);
  }

  async #abort(cause: unknown): Promise<void> {
    if (this.#failure) return;
    const error = cause instanceof PartyError
      ? cause
      : new PartyError("INTERNAL", PROGRAM_FAILED, { cause, session: this.session });
    this.#fail(error);
    // A program's own errors, and the paths of its values, may hold what others must not see.
    const reason = error instanceof SerializationError ? PROGRAM_FAILED : error.message;
    // Only who is done says SESSION_CLOSED; an error with that code is of another session.
    await this.#sayFarewell(error.code === "SESSION_CLOSED" ? "INTERNAL" : error.code, reason);
  }

  /** Rejects everything that waits here, without telling anyone. */
  #fail(error: Error): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#mailbox.close(error);
    this.disconnect(error);
  }

  /**
   * Moves one message; encodes it before anything else, so that a bad value throws at once.
   *
   * @returns how many bytes the encoded value has, once the receiver holds it
   */
  protected abstract transmit(
    to: number,
    key: string,
    data: unknown,
    options: WaitOptions & { timeoutMs: number },
  ): Promise<number>;

  /** Rejects what is on its way, and what is sent from now on. */
  protected abstract disconnect(error: Error): void;

  /**
   * The same for one rank, which has left; but a message that is just arriving there may arrive:
   * who leaves as soon as it has the last message must not make its sender fail.
   */
  protected abstract finishSending(rank: number, error: Error): void;

  /** Tells other parties, as far as they can be reached; never rejects. */
  protected abstract sendFarewell(farewell: Farewell, ranks: readonly number[]): Promise<void>;

  /** Whether a rank is done with the session: nothing more of it comes from there. */
  protected hasLeft(rank: number): boolean {
    return this.#left.has(rank);
  }

  async #sayFarewell(code: ErrorCode, reason: string): Promise<void> {
    // Who has left may be in its next session of this name, which is none of this one's affair.
    const ranks = [...this.stats.keys()].filter((rank) =>
      rank !== this.rank && !this.#left.has(rank)
    );
    await this.sendFarewell({ code, reason: reason.slice(0, MAX_REASON_LENGTH) }, ranks);
  }

  #withDefaults({ timeoutMs = this.#timeoutMs, signal }: WaitOptions) {
    return { timeoutMs, signal };
  }

  #check(verb: string, preposition: string, rank: number, key: string): void {
    if (!isRank(rank, this.worldSize)) {
      throw new RangeError(
        `Cannot ${verb} ${preposition} rank ${rank} as the session has ${this.worldSize} parties`,
      );
    }
    checkKey(verb, key);
    if (this.#failure) throw this.#failure;
  }
}
