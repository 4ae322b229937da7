/**
 * What every communicator shares: the mailbox, the checks, and how a failure spreads.
 *
 * @module
 */

import { type ErrorCode, PartyError, PeerAbortedError, SessionClosedError } from "../errors.ts";
import { decodePayload, encodePayload, MAX_KEY_LENGTH } from "../wire/message.ts";
import { CollectiveCommunicator, isRank } from "./collectives.ts";
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

/** The base of all communicators: a subclass only moves bytes. */
export abstract class CommunicatorBase extends CollectiveCommunicator {
  readonly rank: number;
  readonly worldSize: number;
  /** The session's name. */
  readonly session: string;
  readonly stats: readonly PeerStats[];
  readonly #mailbox: Mailbox;
  readonly #timeoutMs: number;
  readonly #sending = new Set<Promise<void>>();
  #failure: Error | undefined;

  /** @throws {RangeError} when the world of that size has no such rank */
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
    const sending = this.transmit(to, key, data, { timeoutMs: this.#timeoutMs, ...options });
    this.#sending.add(sending);
    try {
      await sending;
    } finally {
      this.#sending.delete(sending);
    }
  }

  /** {@inheritDoc Communicator.recv} */
  async recv<T = unknown>(from: number, key: string, options: WaitOptions = {}): Promise<T> {
    this.#check("receive", "from", from, key);
    return await this.#mailbox.take(from, key, { timeoutMs: this.#timeoutMs, ...options }) as T;
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
    if (!left) return this.fail(error);
    this.#mailbox.markGone(from, error);
    this.disconnect(error, from);
  }

  /**
   * Ends this party's part: what waits here rejects with `SESSION_CLOSED`, what was sent is given
   * 2 seconds to arrive, and the others are told.
   *
   * @param reason what the others are told
   */
  async close(reason = "it is done"): Promise<void> {
    if (this.#failure) return;
    const error = new SessionClosedError(`Session ${this.session} is closed: ${reason}`, {
      session: this.session,
    });
    this.#failure = error;
    this.#mailbox.close(error);
    await settledWithin([...this.#sending], CLOSE_GRACE_MS);
    this.disconnect(error);
    await this.sendFarewell({ code: "SESSION_CLOSED", reason });
  }

  /**
   * Gives up: everything that waits here rejects with the error, and so it does at the others.
   *
   * @param error why
   */
  async abort(error: Error): Promise<void> {
    if (this.#failure) return;
    this.fail(error);
    const code = error instanceof PartyError ? error.code : "INTERNAL";
    await this.sendFarewell({ code, reason: error.message });
  }

  /** Rejects everything that waits here, without telling anyone. @param error why */
  protected fail(error: Error): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#mailbox.close(error);
    this.disconnect(error);
  }

  /** Moves one message; encodes it before anything else, so that a bad value throws at once. */
  protected abstract transmit(
    to: number,
    key: string,
    data: unknown,
    options: WaitOptions & { timeoutMs: number },
  ): Promise<void>;

  /** Rejects what is on its way to a rank, or to all of them. */
  protected abstract disconnect(error: Error, rank?: number): void;

  /** Tells all other parties, as far as they can be reached; never rejects. */
  protected abstract sendFarewell(farewell: Farewell): Promise<void>;

  #check(verb: string, preposition: string, rank: number, key: string): void {
    if (!isRank(rank, this.worldSize)) {
      throw new RangeError(
        `Cannot ${verb} ${preposition} rank ${rank} as the session has ${this.worldSize} parties`,
      );
    }
    if (typeof key !== "string" || key.length === 0 || key.length > MAX_KEY_LENGTH) {
      throw new TypeError(
        `Cannot ${verb} under a key of ${key?.length ?? typeof key} characters: give a string of ` +
          `1 to ${MAX_KEY_LENGTH}`,
      );
    }
    if (this.#failure) throw this.#failure;
  }
}

async function settledWithin(promises: Promise<unknown>[], ms: number): Promise<void> {
  if (promises.length === 0) return;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => timer = setTimeout(resolve, ms));
  await Promise.race([Promise.allSettled(promises), late]);
  clearTimeout(timer);
}
