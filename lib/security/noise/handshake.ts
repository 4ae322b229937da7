/**
 * The handshake of two parties that know each other's public keys: `Noise_KK_25519_AESGCM_SHA256`
 * (Noise Protocol Framework, revision 34, section 7.5). Two messages, one each way; no I/O.
 *
 * The first one may be an old one sent again, until the initiator has sealed something with the keys
 * that the second one gave (section 7.7): its payload is to be acted upon only then.
 *
 * @module
 */

import { notAuthentic, NOTHING, type Opener, type Sealer, TAG_BYTES } from "./seal.ts";
import { concat, SymmetricState } from "./symmetric_state.ts";
import { generateKeyPair, type KeyPair, sharedSecret, X25519_BYTES } from "./x25519.ts";

/** The protocol's name, which is part of what both sides hash. */
export const PROTOCOL_NAME = "Noise_KK_25519_AESGCM_SHA256";
/** How long a handshake's message is at most (section 3). */
export const MAX_HANDSHAKE_BYTES = 65_535;
/** How much longer a handshake's message is than its payload. */
export const HANDSHAKE_OVERHEAD = X25519_BYTES + TAG_BYTES;

/** A Diffie-Hellman of the initiator's key, named first, and the responder's: static or ephemeral. */
type Token = `${"e" | "s"}${"e" | "s"}`;

/** What follows the ephemeral key in the messages of KK, from the initiator and back (section 7.5). */
const PATTERN: Token[][] = [["es", "ss"], ["ee", "se"]];

/** What each side brings to a handshake. */
export interface HandshakeOptions {
  /** Whether this side speaks first. */
  initiator: boolean;
  /** This party's key pair. */
  own: KeyPair;
  /** The peer's public key. */
  peer: Uint8Array;
  /** What both must agree on: the handshake fails when one byte differs. @default none */
  prologue?: Uint8Array;
  /** The key pair for this handshake alone; only tests give one. @default a new one */
  ephemeral?: KeyPair;
}

/** What a handshake ends with. */
export interface Transport {
  /** Seals what this side sends. */
  readonly sending: Sealer;
  /** Opens what the other side sent; nothing that this side sent. */
  readonly receiving: Opener;
  /** The same at both sides, and different for each handshake (section 11.2). */
  readonly handshakeHash: Uint8Array;
}

/**
 * One side of a handshake (`HandshakeState`, section 5.3). The initiator writes, reads and splits;
 * the responder reads, writes and splits. It is of no use once anything failed.
 */
export class Handshake {
  readonly #state: SymmetricState;
  readonly #options: HandshakeOptions;
  #ephemeral: KeyPair | undefined;
  #peerEphemeral: Uint8Array | undefined;
  /** How many messages were written or read; Infinity while one is, and after a failure. */
  #done = 0;

  /**
   * `Initialize()`: both sides hash the protocol, the prologue and both public keys.
   *
   * @param options what this side brings
   * @returns this side, before its first message
   */
  static async start(options: HandshakeOptions): Promise<Handshake> {
    const { initiator, own, peer, prologue = NOTHING } = options;
    const state = await SymmetricState.initialize(PROTOCOL_NAME);
    await state.mixHash(prologue);
    await state.mixHash(initiator ? own.publicKey : peer);
    await state.mixHash(initiator ? peer : own.publicKey);
    return new Handshake(state, options);
  }

  private constructor(state: SymmetricState, options: HandshakeOptions) {
    this.#state = state;
    this.#options = options;
    this.#ephemeral = options.ephemeral;
  }

  /**
   * The same side at the same point: an answer that turns out forged need not be the end of it.
   *
   * @returns a copy, which goes on by itself
   */
  copy(): Handshake {
    const copied = new Handshake(this.#state.copy(), this.#options);
    copied.#ephemeral = this.#ephemeral;
    copied.#peerEphemeral = this.#peerEphemeral;
    copied.#done = this.#done;
    return copied;
  }

  /**
   * `WriteMessage()`.
   *
   * @param payload what to tell the other side, sealed; @default nothing
   * @returns the message, {@linkcode HANDSHAKE_OVERHEAD} bytes longer than the payload
   * @throws {TypeError} when it is not this side's turn
   * @throws {RangeError} when the payload is too long
   */
  async writeMessage(payload: Uint8Array = NOTHING): Promise<Uint8Array> {
    if (payload.byteLength > MAX_HANDSHAKE_BYTES - HANDSHAKE_OVERHEAD) {
      throw new RangeError(
        `A handshake's payload has ${payload.byteLength} bytes, and may have ` +
          (MAX_HANDSHAKE_BYTES - HANDSHAKE_OVERHEAD),
      );
    }
    const turn = this.#takeTurn(this.#options.initiator ? 0 : 1);
    const { publicKey } = this.#ephemeral ??= await generateKeyPair();
    await this.#state.mixHash(publicKey);
    await this.#mix(PATTERN[turn]!);
    const sealed = await this.#state.encryptAndHash(payload);
    this.#done = turn + 1;
    return concat(publicKey, sealed);
  }

  /**
   * `ReadMessage()`.
   *
   * @param message what came from the other side
   * @returns the payload
   * @throws {TypeError} when it is not the other side's turn
   * @throws {PartyError} `AUTHENTICATION` when the other side does not hold the expected private key,
   * does not expect this side's, or has another prologue, or when the message was changed
   */
  async readMessage(message: Uint8Array): Promise<Uint8Array> {
    const turn = this.#takeTurn(this.#options.initiator ? 1 : 0);
    const { byteLength } = message;
    if (byteLength < HANDSHAKE_OVERHEAD || byteLength > MAX_HANDSHAKE_BYTES) throw notAuthentic();
    this.#peerEphemeral = message.slice(0, X25519_BYTES);
    const sealed = message.slice(X25519_BYTES);
    await this.#state.mixHash(this.#peerEphemeral);
    await this.#mix(PATTERN[turn]!);
    const payload = await this.#state.decryptAndHash(sealed);
    this.#done = turn + 1;
    return payload;
  }

  /**
   * `Split()`, after both messages.
   *
   * @returns what seals and opens from now on, each way with a key of its own
   * @throws {TypeError} when the handshake is not complete
   */
  async split(): Promise<Transport> {
    this.#takeTurn(PATTERN.length);
    const [fromInitiator, fromResponder] = await this.#state.split();
    const { handshakeHash } = this.#state;
    return this.#options.initiator
      ? { sending: fromInitiator, receiving: fromResponder, handshakeHash }
      : { sending: fromResponder, receiving: fromInitiator, handshakeHash };
  }

  /** Nothing else may come between, nor after, unless it succeeds. */
  #takeTurn(turn: number): number {
    if (this.#done !== turn) {
      throw new TypeError(
        "A handshake is written, read and split in turn, and is over if one fails",
      );
    }
    this.#done = Infinity;
    return turn;
  }

  async #mix(tokens: Token[]): Promise<void> {
    const { initiator, own, peer } = this.#options;
    for (const token of tokens) {
      const [mine, theirs] = initiator ? [token[0], token[1]] : [token[1], token[0]];
      const pair = mine === "s" ? own : this.#ephemeral;
      const key = theirs === "s" ? peer : this.#peerEphemeral;
      if (pair === undefined || key === undefined) throw new TypeError("There is no key yet");
      await this.#state.mixKey(await sharedSecret(pair, key));
    }
  }
}
