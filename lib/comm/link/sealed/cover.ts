/**
 * What a session's links and farewells are sealed with, as far as they need to know: keys, and what
 * is done with them, are the affair of whoever makes a cover. A handshake is two messages, one each
 * way; the sender of a link begins it.
 *
 * @module
 */

import type { PartyError } from "../../../errors.ts";

/** Bytes, or the promise of them where that is faster. */
export type Bytes = Uint8Array | Promise<Uint8Array>;

/** Both lifetimes of a farewell: it means nothing to any other. */
export interface Lifetimes {
  /** That of the party that leaves. */
  boot: string;
  /** That of the party that is told. */
  toBoot: string;
}

/** What one party seals and opens in one session. */
export interface SessionCover {
  /** A hash of the public keys of the session, which tells people why nothing opens. */
  readonly keys: string;
  /**
   * Begins a handshake.
   *
   * @param to the peer's rank
   * @param boot this party's lifetime
   * @param isProbe whether it only asks for the peer's lifetime
   */
  begin(to: number, boot: string, isProbe: boolean): Promise<Opening>;
  /**
   * Answers a handshake. It may be an old one that somebody sent again: nothing of it is to be
   * believed before something opened with its keys.
   *
   * @param from the rank that the sender claims
   * @param boot this party's lifetime
   * @param message the first message
   * @throws {PartyError} `AUTHENTICATION` when it is not of that rank
   */
  accept(from: number, boot: string, message: Uint8Array): Promise<Accepted>;
  /** Seals a farewell. @param to the rank that is told @param text what it is told */
  sealFarewell(to: number, lifetimes: Lifetimes, text: string): Promise<Uint8Array>;
  /**
   * Opens a farewell.
   *
   * @param from the rank that the sender claims
   * @throws {PartyError} `AUTHENTICATION` when that rank did not seal it between these lifetimes
   */
  openFarewell(from: number, lifetimes: Lifetimes, sealed: Uint8Array): Promise<string>;
}

/** A handshake that this party began. */
export interface Opening {
  /** The first message. */
  readonly message: Uint8Array;
  /**
   * Ends the handshake; one that failed may be ended with another answer.
   *
   * @param answer the second message
   * @throws {PartyError} `AUTHENTICATION` when the peer did not answer this handshake so
   */
  finish(answer: Uint8Array): Promise<Opened>;
}

/** What the sender of a link has of a handshake. */
export interface Opened {
  /** The peer's lifetime at present. */
  readonly boot: string;
  /** What both do not agree on; undefined when they do. */
  readonly mismatch: PartyError | undefined;
  /**
   * Seals a record. Two records must not have the same index.
   *
   * @param target where to put it, if that is as fast; of its length
   */
  seal(index: number, plaintext: Uint8Array, target?: Uint8Array): Bytes;
  /** Opens an acknowledgement, at once. @throws {PartyError} `AUTHENTICATION` */
  openAck(index: number, sealed: Uint8Array): Uint8Array;
}

/** What the receiver of a link has of a handshake. */
export interface Accepted {
  /** The second message. */
  readonly message: Uint8Array;
  /** The sender's lifetime, if it is not an old handshake. */
  readonly boot: string;
  /** Whether nothing else will come. */
  readonly isProbe: boolean;
  /** What both do not agree on; undefined when they do. */
  readonly mismatch: PartyError | undefined;
  /**
   * Opens a record.
   *
   * @param target where to put what it holds, if that is as fast; of its length
   * @throws {PartyError} `AUTHENTICATION`, or rejects with it
   */
  open(index: number, sealed: Uint8Array, target?: Uint8Array): Bytes;
  /** Seals an acknowledgement, at once. Two must not have the same index. */
  sealAck(index: number, plaintext: Uint8Array): Uint8Array;
}
