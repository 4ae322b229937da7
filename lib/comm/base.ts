/**
 * What every communicator shares: the mailbox, the checks, and how a failure spreads.
 *
 * @module
 */

import { within } from "../timing.ts";
import { decodePayload, encodePayload } from "../wire/message.ts";
import { checkKey, checkTimeout, isRank } from "./checks.ts";
import { CollectiveCommunicator } from "./collectives.ts";
import type { PeerStats, WaitOptions } from "./communicator.ts";
import { DeadlockWatch } from "./deadlock.ts";
import { Deadlines } from "./deadlines.ts";
import { Ending, type Farewell } from "./ending.ts";
import { Mailbox, type MailboxView } from "./mailbox.ts";

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

/** How long `close()` lets messages that are on their way arrive. */
const CLOSE_GRACE_MS = 2_000;

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
  /** Watches the time of all that waits here. */
  protected readonly deadlines: Deadlines = new Deadlines();
  /** The end of this party's part. */
  protected readonly ending: Ending;
  readonly #mailbox: Mailbox;
  readonly #timeoutMs: number;
  readonly #sending = new Set<Promise<number>>();

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
    this.#mailbox = new Mailbox(worldSize, maxMailboxBytes, this.deadlines, {
      onWait: (from) => {
        if (from !== rank) this.expect(from);
      },
      onRoom: (from) => this.makeRoom(from),
      onFull: (from) => {
        if (this.failure === undefined) deadlocks.suspect(from);
      },
    });
    const deadlocks = new DeadlockWatch(this.#mailbox, (error) => void this.abort(error));
    this.stats = Array.from({ length: worldSize }, () => ({
      messagesSent: 0,
      bytesSent: 0,
      messagesReceived: 0,
      bytesReceived: 0,
      retries: 0,
      duplicatesDropped: 0,
    }));
    this.ending = new Ending(rank, session, {
      stopReceiving: (error) => {
        this.#mailbox.close(error);
        deadlocks.stop();
      },
      settleSends: async () => void await within(CLOSE_GRACE_MS, Promise.allSettled(this.#sending)),
      stopSending: (error) => this.disconnect(error),
      partFrom: (from, error) => {
        this.#mailbox.markGone(from, error);
        this.finishSending(from, error);
      },
      tell: (farewell) => this.sendFarewell(farewell, this.#present()),
    });
  }

  /** Why nothing can be sent or received any more; undefined while all is well. */
  get failure(): Error | undefined {
    return this.ending.failure;
  }

  /** Aborts, with the failure, once nothing can be sent or received any more. */
  get ended(): AbortSignal {
    return this.ending.signal;
  }

  /** {@inheritDoc Communicator.send} */
  send(to: number, key: string, data: unknown, options: WaitOptions = {}): Promise<void> {
    try {
      this.#check("send", "to", to, key);
      options.signal?.throwIfAborted();
      if (to !== this.rank) return this.#send(to, key, data, options);
      // Encoded and decoded all the same, so that the receiver never shares the sender's objects.
      this.take(to, key, decodePayload(encodePayload(data).data).value, 0);
      return Promise.resolve();
    } catch (error) {
      return this.#rejected(error);
    }
  }

  #send(to: number, key: string, data: unknown, options: WaitOptions): Promise<void> {
    const sending = this.transmit(to, key, data, this.#withDefaults(options));
    this.#sending.add(sending);
    const sent = sending.then(
      (bytes) => {
        this.#sending.delete(sending);
        const stats = this.stats[to]!;
        stats.messagesSent++;
        stats.bytesSent += bytes;
      },
      (error) => {
        this.#sending.delete(sending);
        // Somebody may wait for it in vain, unless it was given up here or its receiver has left.
        if (!options.signal?.aborted && !this.ending.hasLeft(to)) void this.abort(error);
        throw error;
      },
    );
    sent.catch(() => {}); // the session's failure tells of it, whether anybody awaits it or not
    return sent;
  }

  /** {@inheritDoc Communicator.recv} */
  recv<T = unknown>(from: number, key: string, options: WaitOptions = {}): Promise<T> {
    try {
      this.#check("receive", "from", from, key);
      const received = this.#mailbox.take(from, key, this.#withDefaults(options)) as Promise<T>;
      received.catch(() => {}); // as for send: what nobody awaits must not end the process
      return received;
    } catch (error) {
      return this.#rejected(error);
    }
  }

  /**
   * Takes a message that has arrived, and hands it to the `recv` that waits for it.
   *
   * @param from the sender's rank
   * @param key the key that it was sent under
   * @param value the value
   * @param bytes how many bytes its encoded form has
   * @throws {PartyError} `MAILBOX_FULL`; `DUPLICATE_KEY`, with which the session fails; or why it
   * takes no more; the message was then not taken
   */
  onSent(from: number, key: string, value: unknown, bytes: number): void {
    this.take(from, key, value, bytes);
    const stats = this.stats[from]!;
    stats.messagesReceived++;
    stats.bytesReceived += bytes;
  }

  /**
   * Takes another party's farewell. When that party is done, only what still waits for it rejects;
   * when it failed, everything does.
   */
  onFarewell(from: number, farewell: Farewell): void {
    this.ending.heard(from, farewell);
  }

  /**
   * Ends this party's part: what waits here rejects with `SESSION_CLOSED`, what was sent is given
   * 2 seconds to arrive, and the others are told.
   *
   * @param reason what the others are told
   */
  close(reason = "it is done"): Promise<void> {
    return this.ending.close(reason);
  }

  /**
   * Gives up: everything that waits here rejects with the cause, and at the others with
   * `PEER_ABORTED`. Of a cause that is no `PartyError` the others are told nothing, and here it is
   * the cause of a `PartyError` with code `INTERNAL`.
   *
   * @param cause why
   */
  abort(cause: unknown): Promise<void> {
    return this.ending.abort(cause);
  }

  /** What waits here for a rank, and from it. */
  protected mailboxOf(rank: number): MailboxView {
    return this.#mailbox.view(rank);
  }

  /** Whether a `recv` waits for a rank. */
  protected isWaitedFor(rank: number): boolean {
    return this.#mailbox.isWaitedFor(rank);
  }

  /** Whether there is room for a message. */
  protected admits(from: number, key: string, bytes: number): boolean {
    return this.#mailbox.admits(from, key, bytes);
  }

  /** Puts a message into the mailbox; a key that is in use already fails the session. */
  protected take(from: number, key: string, value: unknown, bytes: number): void {
    try {
      this.#mailbox.deliver(from, key, value, bytes);
    } catch (error) {
      if ((error as { code?: string }).code === "DUPLICATE_KEY") void this.abort(error);
      throw error;
    }
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

  /** Hears that a `recv` begins to wait for a rank. */
  protected expect(_from: number): void {}

  /** Hears that a message of a rank that found no room may find some now. */
  protected makeRoom(_from: number): void {}

  /** Rejects what is on its way, and what is sent from now on. */
  protected abstract disconnect(error: Error): void;

  /**
   * The same for one rank, which has left; but a message that is just arriving there may arrive:
   * who leaves as soon as it has the last message must not make its sender fail.
   */
  protected abstract finishSending(rank: number, error: Error): void;

  /** Tells other parties, as far as they can be reached; never rejects. */
  protected abstract sendFarewell(farewell: Farewell, ranks: readonly number[]): Promise<void>;

  /** The other ranks, but those that may be in their next session of this name already. */
  #present(): number[] {
    return [...this.stats.keys()].filter((rank) =>
      rank !== this.rank && !this.ending.hasLeft(rank)
    );
  }

  /** A caller's own mistake is to be seen; that the session has ended is known. */
  #rejected(error: unknown): Promise<never> {
    const rejected = Promise.reject(error);
    if (error === this.failure) rejected.catch(() => {});
    return rejected;
  }

  #withDefaults({ timeoutMs = this.#timeoutMs, signal }: WaitOptions) {
    checkTimeout(timeoutMs);
    return { timeoutMs, signal };
  }

  #check(verb: string, preposition: string, rank: number, key: string): void {
    if (!isRank(rank, this.worldSize)) {
      throw new RangeError(
        `Cannot ${verb} ${preposition} rank ${rank} as the session has ${this.worldSize} parties`,
      );
    }
    checkKey(verb, key);
    if (this.failure) throw this.failure;
  }
}
