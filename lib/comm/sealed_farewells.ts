/**
 * The farewells of a session whose parties have keys: sealed for one lifetime of one party, and heard
 * once.
 *
 * @module
 */

import type { Endpoint } from "./endpoint.ts";
import type { FailureCause } from "./ending.ts";
import { type FarewellSeal, farewellText, readFarewell, type SealedFarewell } from "./farewell.ts";
import type { SessionCover } from "./link/sealed/cover.ts";
import { Probe } from "./link/sealed/probe.ts";

/** What a sealed farewell begins with, which no other one has. */
const NONCE_BYTES = 12;
/** How many of them are remembered of each rank. */
const MAX_HEARD = 4_096;

/** What one party of the session says, and hears. */
export class SealedFarewells {
  readonly #cover: SessionCover;
  readonly #rank: number;
  readonly #boot: string;
  /** The nonces of those that were heard, by the rank that sealed them. */
  readonly #heard: Map<number, Set<string>> = new Map();

  /** @param rank this party's @param boot its lifetime */
  constructor(cover: SessionCover, rank: number, boot: string) {
    this.#cover = cover;
    this.#rank = rank;
    this.#boot = boot;
  }

  /** @returns what farewells to a rank are sealed with */
  sealFor(to: number, endpoint: Endpoint): FarewellSeal {
    const probe = new Probe(
      { endpoint, from: this.#rank, to, boot: this.#boot },
      this.#cover,
      () => {},
    );
    return {
      ask: (signal) => probe.ask(signal),
      seal: (lifetimes, text) => this.#cover.sealFarewell(to, lifetimes, text),
    };
  }

  /** Seals why the session failed. @param to for which rank @param toBoot in which lifetime */
  seal(to: number, toBoot: string, cause: FailureCause): Promise<Uint8Array> {
    return this.#cover.sealFarewell(to, { boot: this.#boot, toBoot }, farewellText(cause));
  }

  /**
   * Opens one.
   *
   * @returns what it says; undefined when it was heard before
   * @throws {PartyError} `AUTHENTICATION` when that rank did not say so, in that lifetime and to this
   * party's own
   */
  async open(from: number, boot: string, sealed: Uint8Array): Promise<SealedFarewell | undefined> {
    const text = await this.#cover.openFarewell(from, { boot, toBoot: this.#boot }, sealed);
    const nonce = String(sealed.subarray(0, NONCE_BYTES));
    const heard = this.#heard.get(from) ?? new Set();
    if (heard.has(nonce)) return undefined;
    this.#heard.set(from, heard.add(nonce));
    if (heard.size > MAX_HEARD) heard.delete(heard.values().next().value!);
    return readFarewell(text);
  }
}
