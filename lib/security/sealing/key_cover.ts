/**
 * Seals a session by the keys of its parties: each link by a handshake of its own, with both lifetimes
 * and all that must be alike in its payloads.
 *
 * @module
 */

import type {
  Accepted,
  Lifetimes,
  Opened,
  Opening,
  SessionCover,
} from "../../comm/link/sealed/cover.ts";
import { v } from "../../deps.ts";
import { PartyError } from "../../errors.ts";
import { check, Rank } from "../../schema.ts";
import { Handshake, type Transport } from "../noise/handshake.ts";
import { type Bytes, notAuthentic } from "../noise/seal.ts";
import type { KeyPair } from "../noise/x25519.ts";
import { type Agreement, AgreementSchema, mismatchOf } from "./agreement.ts";
import { openFarewell, sealFarewell } from "./farewells.ts";

/** Who takes part in a session. */
export interface KeyCoverOptions {
  /** This party's key pair. */
  own: KeyPair;
  /** The public keys of all, by rank. */
  peers: readonly Uint8Array[];
  /** This party's rank. */
  rank: number;
  /** The session's name. */
  session: string;
  /** What all must have alike. */
  agreement: Agreement;
}

const Payload = v.strictObject({
  rank: Rank,
  boot: v.pipe(v.string(), v.minLength(1), v.maxLength(128)),
  probe: v.boolean(),
  agreement: AgreementSchema,
});
type Payload = v.InferOutput<typeof Payload>;

/** Whatever else is hashed with these keys begins with something else. */
const LABEL = "partyline link 1";

/** A session's cover. */
export class KeyCover implements SessionCover {
  readonly #options: KeyCoverOptions;

  /** @param options who takes part */
  constructor(options: KeyCoverOptions) {
    this.#options = options;
  }

  /** {@inheritDoc SessionCover.keys} */
  get keys(): string {
    return this.#options.agreement.keys;
  }

  /** {@inheritDoc SessionCover.begin} */
  async begin(to: number, boot: string, isProbe: boolean): Promise<Opening> {
    const handshake = await this.#start(to, true);
    const message = await handshake.writeMessage(this.#payload(boot, isProbe));
    return {
      message,
      finish: async (answer): Promise<Opened> => {
        const tried = handshake.copy(); // anybody may have answered
        const said = this.#read(await tried.readMessage(answer), to);
        const { sending, receiving } = await tried.split();
        return {
          boot: said.boot,
          mismatch: this.#mismatch(said),
          seal: (index, plaintext, target) => sending.seal(index, plaintext, undefined, target),
          openAck: (index, sealed) => atOnce(receiving.open(index, sealed)),
        };
      },
    };
  }

  /** {@inheritDoc SessionCover.accept} */
  async accept(from: number, boot: string, message: Uint8Array): Promise<Accepted> {
    const handshake = await this.#start(from, false);
    const said = this.#read(await handshake.readMessage(message), from);
    const answer = await handshake.writeMessage(this.#payload(boot, said.probe));
    const { sending, receiving }: Transport = await handshake.split();
    return {
      message: answer,
      boot: said.boot,
      isProbe: said.probe,
      mismatch: this.#mismatch(said),
      open: (index, sealed, target) => receiving.open(index, sealed, undefined, target),
      sealAck: (index, plaintext) => atOnce(sending.seal(index, plaintext)),
    };
  }

  /** {@inheritDoc SessionCover.sealFarewell} */
  sealFarewell(to: number, { boot, toBoot }: Lifetimes, text: string): Promise<Uint8Array> {
    const { own, peers, rank, session } = this.#options;
    return sealFarewell({ own, peer: peers[to]!, about: [session, rank, to, boot, toBoot] }, text);
  }

  /** {@inheritDoc SessionCover.openFarewell} */
  openFarewell(from: number, { boot, toBoot }: Lifetimes, sealed: Uint8Array): Promise<string> {
    const { own, peers, rank, session } = this.#options;
    const about = [session, from, rank, boot, toBoot];
    return openFarewell({ own, peer: peers[from]!, about }, sealed);
  }

  #start(peer: number, initiator: boolean): Promise<Handshake> {
    const { own, peers, session } = this.#options;
    const prologue = new TextEncoder().encode(JSON.stringify([LABEL, session]));
    return Handshake.start({ initiator, own, peer: peers[peer]!, prologue });
  }

  #payload(boot: string, probe: boolean): Uint8Array {
    const { rank, agreement } = this.#options;
    const payload: Payload = { rank, boot, probe, agreement };
    return new TextEncoder().encode(JSON.stringify(payload));
  }

  /** The key says which rank speaks; one that calls itself otherwise is not believed. */
  #read(bytes: Uint8Array, rank: number): Payload {
    const said = check(Payload, JSON.parse(new TextDecoder().decode(bytes)), "a handshake");
    if (said.rank === rank) return said;
    throw new PartyError(
      "AUTHENTICATION",
      `The party whose key is that of rank ${rank} calls itself rank ${said.rank}`,
    );
  }

  #mismatch({ agreement, rank }: Payload): PartyError | undefined {
    return mismatchOf(this.#options.agreement, agreement, rank, this.#options.session);
  }
}

/** What is small is sealed and opened at once: `createSeal()`. */
function atOnce(bytes: Bytes): Uint8Array {
  if (bytes instanceof Promise) throw notAuthentic();
  return bytes;
}
