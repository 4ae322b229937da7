/**
 * What every communicator shares: the mailbox, the checks, and how a failure spreads.
 *
 * @module
 */

import { within } from "../timing.ts";
import { decodePayload, encodePayload } from "../wire/message.ts";
import { checkKey, checkRank, checkTimeout } from "./checks.ts";
import { CollectiveCommunicator, contextPrefix } from "./collectives.ts";
import type { PeerStats, WaitOptions } from "./communicator.ts";
import { DeadlockWatch } from "./deadlock.ts";
import { Deadlines } from "./deadlines.ts";
import { Ending, type Farewell } from "./ending.ts";
import { Mailbox } from "./mailbox.ts";
import type { MailboxView } from "./rank_box.ts";
import { Scope, type ScopeEnd, type ScopeEvents, Scopes } from "./scopes.ts";
import { Tally } from "./tally.ts";
import { countReceived, countSent, emptyStats } from "./traffic.ts";

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

const ignore = () => {};

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
  readonly #scopes: Scopes = new Scopes();
  readonly #timeoutMs: number;
  readonly #sending = new Tally();

  /** Begins with an empty mailbox. @throws {RangeError} when no world of that size has the rank */
  constructor(worldSize: number, options: CommunicatorOptions) {
    super();
    const { rank, session, timeoutMs = 60_000, maxMailboxBytes = 64 * 1024 * 1024 } = options;
    checkRank("be", rank, worldSize);
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
    const deadlocks = new DeadlockWatch(
      this.#mailbox,
      (error) => this.#fail(this.#scopes.of(error.key!), error),
    );
    this.stats = emptyStats(worldSize);
    this.ending = new Ending(rank, session, {
      stopReceiving: (error) => {
        this.#mailbox.close(error);
        deadlocks.stop();
      },
      settleSends: async () => await within(CLOSE_GRACE_MS, this.#sending.none()),
      stopSending: (error) => this.disconnect(error),
      partFrom: (from, error) => {
        this.#mailbox.markGone(from, error);
        this.finishSending(from, error);
      },
      tell: (farewell) => this.tell(farewell),
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
    let scope: Scope | undefined;
    try {
      this.#check("send", "send to", to, key);
      scope = this.#scopes.of(key);
      options.signal?.throwIfAborted();
      if (to !== this.rank) return this.#send(to, key, data, scope, options);
      // Encoded and decoded all the same, so that the receiver never shares the sender's objects.
      this.take(to, key, decodePayload(encodePayload(data).data).value, 0);
      return Promise.resolve();
    } catch (error) {
      const rejected = this.#rejected(error);
      if (scope !== undefined && !options.signal?.aborted) {
        rejected.catch(ignore);
        scope.fail(error as Error);
      }
      return rejected;
    }
  }

  #send(
    to: number,
    key: string,
    data: unknown,
    scope: Scope | undefined,
    options: WaitOptions,
  ): Promise<void> {
    const sending = this.transmit(to, key, data, this.#withDefaults(options));
    this.#sending.add();
    const sent = sending.then(
      (bytes) => {
        this.#sending.done();
        countSent(this.stats[to]!, bytes);
        if (scope !== undefined) countSent(scope.stats[to]!, bytes);
      },
      (error) => {
        this.#sending.done();
        // Somebody may wait for it in vain, unless it was given up here or its receiver has left.
        if (!options.signal?.aborted && !this.ending.hasLeft(to)) this.#fail(scope, error);
        throw error;
      },
    );
    const told = scope?.whileOpen(sent) ?? sent;
    told.catch(ignore); // the session's failure tells of it, whether anybody awaits it or not
    return told;
  }

  /** {@inheritDoc Communicator.recv} */
  recv<T = unknown>(from: number, key: string, options: WaitOptions = {}): Promise<T> {
    try {
      this.#check("receive", "receive from", from, key);
      const received = this.#mailbox.take(from, key, this.#withDefaults(options)) as Promise<T>;
      received.catch(ignore); // as for send: what nobody awaits must not end the process
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
   * @throws {PartyError} `MAILBOX_FULL`; `DUPLICATE_KEY`, with which the session fails, or the scope
   * alone, and then without a word to the sender; or why it takes no more; the message was then not
   * taken
   */
  onSent(from: number, key: string, value: unknown, bytes: number): void {
    const scope = this.#scopes.of(key);
    if (scope !== undefined) this.#takeInto(scope, from, key, value, bytes);
    else if (this.#scopes.hasEnded(key)) this.#onLate(from, key);
    else this.take(from, key, value, bytes);
    countReceived(this.stats[from]!, bytes);
    if (scope !== undefined) countReceived(scope.stats[from]!, bytes);
  }

  /**
   * Begins a part of the session that fails by itself: a send that fails in it does not fail the
   * session. Messages that came before are there.
   *
   * @param name the same at every party, and used again only when it has ended; it has no colon
   * @param events who hears of what happens in it
   * @returns the scope, with a communicator of its own
   */
  beginScope(name: string, events: ScopeEvents): Scope {
    const prefix = contextPrefix(name);
    const scope = new Scope(this, name, events);
    this.#scopes.add(prefix, scope);
    this.#mailbox.eachUnread(prefix, (from, bytes) => countReceived(scope.stats[from]!, bytes));
    return scope;
  }

  /**
   * Ends a scope, whether it was begun here or not: what waits in it rejects, what comes for it is
   * dropped.
   *
   * @param name the scope's
   * @param end why, and what the others are told of it
   */
  endScope(name: string, end: ScopeEnd): void {
    const prefix = contextPrefix(name);
    this.#scopes.end(prefix, end);
    this.#mailbox.clear(prefix, end.error);
    const { farewell, isKnown = false } = end;
    if (farewell !== undefined && !isKnown) this.#tellEnd(farewell);
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
    return this.#scopes.hasEnded(key) || this.#mailbox.admits(from, key, bytes);
  }

  /** Puts a message into the mailbox; a key that is in use already fails the session. */
  protected take(from: number, key: string, value: unknown, bytes: number): void {
    try {
      this.#mailbox.deliver(from, key, value, bytes);
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === "DUPLICATE_KEY") this.#fail(this.#scopes.of(key), error as Error);
      throw error;
    }
  }

  #takeInto(scope: Scope, from: number, key: string, value: unknown, bytes: number): void {
    try {
      this.take(from, key, value, bytes);
    } catch (error) {
      if (scope.ended === undefined) throw error; // there may be room for it later
    }
  }

  #onLate(from: number, key: string): void {
    const farewell = this.#scopes.late(from, key);
    if (farewell !== undefined) this.#tellEnd(farewell, [from]);
  }

  /** Of a session that has ended they hear more. */
  #tellEnd(farewell: Farewell, ranks?: readonly number[]): void {
    if (this.failure === undefined) void this.tell(farewell, ranks);
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

  /** Tells other parties, but those that may be in their next session of this name already. */
  protected async tell(farewell: Farewell, ranks?: readonly number[]): Promise<void> {
    const present = (ranks ?? [...this.stats.keys()]).filter((rank) =>
      rank !== this.rank && !this.ending.hasLeft(rank)
    );
    this.#sending.add(); // so that a close comes after what was told of a computation
    await this.sendFarewell(farewell, present);
    this.#sending.done();
  }

  /** Tells other parties, as far as they can be reached; never rejects. */
  protected abstract sendFarewell(farewell: Farewell, ranks: readonly number[]): Promise<void>;

  /** A caller's own mistake is to be seen; that the session has ended is known. */
  #rejected(error: unknown): Promise<never> {
    const rejected = Promise.reject(error);
    if (error === this.failure) rejected.catch(ignore);
    return rejected;
  }

  #withDefaults({ timeoutMs = this.#timeoutMs, signal }: WaitOptions) {
    checkTimeout(timeoutMs);
    return { timeoutMs, signal };
  }

  #check(verb: string, whom: string, rank: number, key: string): void {
    checkRank(whom, rank, this.worldSize);
    checkKey(verb, key);
    if (this.failure) throw this.failure;
  }

  /** Fails a scope, or the session when it is of none. */
  #fail(scope: Scope | undefined, error: Error): void {
    if (scope === undefined) void this.abort(error);
    else scope.fail(error);
  }
}
