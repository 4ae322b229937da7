/**
 * What a program sees of the other parties.
 *
 * @module
 */

/** How long a `send` or a `recv` may take. */
export interface WaitOptions {
  /**
   * How long to wait, in milliseconds. The communicator's own default is the party's `timeoutMs`.
   *
   * @default {60_000}
   */
  timeoutMs?: number;
  /** Gives up when it aborts; the wait then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** Options of a collective: an operation that every member of a group takes part in. */
export interface CollectiveOptions extends WaitOptions {
  /**
   * The ranks that take part, the same at each of them, in any order. Results are always in the
   * order of the ranks.
   *
   * @default {all ranks}
   */
  ranks?: readonly number[];
}

/** Options of a collective in which one rank has a part of its own. */
export interface RootedOptions extends CollectiveOptions {
  /**
   * The rank that sends (broadcast, scatter) or receives (gather, reduce).
   *
   * @default {the lowest rank that takes part}
   */
  root?: number;
}

/** What went to and came from one other rank. Bytes are those of the messages as they travel. */
export interface PeerStats {
  /** Messages that the peer has acknowledged. */
  messagesSent: number;
  /** Bytes that the peer has acknowledged. */
  bytesSent: number;
  /** Messages taken from the peer, each once. */
  messagesReceived: number;
  /** Bytes taken from the peer. */
  bytesReceived: number;
  /** Attempts to send that were made again. */
  retries: number;
  /** Messages that came again and were dropped. */
  duplicatesDropped: number;
}

/**
 * Moves values between the parties of a session. Messages match by sender, receiver and key, not by
 * the order in which they arrive; one that arrives before its `recv` is held for it.
 *
 * Keys that begin with `@` belong to the communicator's contexts and collectives.
 */
export interface Communicator {
  /** This party's rank, from 0. */
  readonly rank: number;
  /** The number of parties. */
  readonly worldSize: number;
  /** Traffic with each rank, in the order of the ranks. */
  readonly stats: readonly Readonly<PeerStats>[];

  /**
   * Sends a value and resolves when the receiver holds it. A peer that is not up yet, or has not
   * created the session yet, is waited for. A message whose send was given up, by its deadline or
   * its signal, may have arrived all the same.
   *
   * @param to the receiver's rank; one's own is delivered here, without the network
   * @param key names the message; free for use again once it was received
   * @param data plain data: JSON values, bigint, typed arrays, Date, Map, Set, undefined
   * @throws {SerializationError} before anything is sent, when the data is something else
   * @throws {TimeoutError} `SEND_TIMEOUT`, whose cause is what the last attempt met
   * @throws {NetworkError} when the peer answers something that no party answers
   * @throws {PartyError} when the peer refuses the message, with the peer's code
   */
  send(to: number, key: string, data: unknown, options?: WaitOptions): Promise<void>;

  /**
   * Receives the value that a rank sent under a key, waiting for it if need be.
   *
   * @typeParam T what the value is expected to be; not checked
   * @param from the sender's rank
   * @param key the key that it was sent under
   * @throws {TimeoutError} `RECV_TIMEOUT`
   * @throws {PeerAbortedError} when that party failed or left
   * @throws {SessionClosedError} when the session closes here
   */
  recv<T = unknown>(from: number, key: string, options?: WaitOptions): Promise<T>;

  /**
   * A key that was not used before in this context. All parties that ask in the same order get the
   * same keys.
   */
  newId(): string;

  /**
   * A communicator with keys of its own, over the same connections, for work that runs beside
   * other work.
   *
   * @param name 1 to 128 letters, digits, `.`, `_` or `-`; the same at every party
   * @throws {TypeError} when the name is malformed or was used here before
   */
  spawn(name: string): Communicator;

  /** One rank's value, at every rank. @param value what the root sends; ignored elsewhere */
  broadcast<T>(value: T, options?: RootedOptions): Promise<T>;
  /** Every rank's value, at the root; undefined elsewhere. @param value this rank's part */
  gather<T>(value: T, options?: RootedOptions): Promise<T[] | undefined>;
  /** One item a rank. @param values at the root, one item for each rank; ignored elsewhere */
  scatter<T>(values: readonly T[] | undefined, options?: RootedOptions): Promise<T>;
  /** Every rank's value, at every rank. @param value this rank's part */
  allgather<T>(value: T, options?: CollectiveOptions): Promise<T[]>;
  /**
   * All values folded into one, in the order of the ranks, at the root; undefined elsewhere.
   *
   * @param value this rank's part
   * @param combine folds the next value into the result so far
   */
  reduce<T>(value: T, combine: (a: T, b: T) => T, options?: RootedOptions): Promise<T | undefined>;
  /** The same as `reduce`, with the result at every rank. */
  allreduce<T>(value: T, combine: (a: T, b: T) => T, options?: CollectiveOptions): Promise<T>;
  /** Resolves once every rank that takes part has called it. */
  barrier(options?: CollectiveOptions): Promise<void>;
}
