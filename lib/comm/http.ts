/**
 * A session's messages over HTTP: links to the other parties that have them, the JSON form to and
 * from those that do not.
 *
 * @module
 */

import { PeerAbortedError } from "../errors.ts";
import { within } from "../timing.ts";
import type { MessageBody } from "../wire/message.ts";
import { Arrivals } from "./arrivals.ts";
import { CommunicatorBase, type CommunicatorOptions } from "./base.ts";
import { isRank } from "./checks.ts";
import type { PeerStats, WaitOptions } from "./communicator.ts";
import { Endpoint } from "./endpoint.ts";
import type { FailureCause, Farewell } from "./ending.ts";
import { sayFarewell, type SealedFarewell } from "./farewell.ts";
import type { LinkRequest } from "./link/receiver.ts";
import type { SessionCover } from "./link/sealed/cover.ts";
import type { MailboxView } from "./rank_box.ts";
import { type LinkView, Peer } from "./peer.ts";
import { SealedFarewells } from "./sealed_farewells.ts";

/** Options of an {@linkcode HttpCommunicator}. */
export interface HttpCommunicatorOptions extends CommunicatorOptions {
  /** The base URL of every party, in the order of the ranks, without a slash at the end. */
  endpoints: readonly string[];
  /**
   * How large the body of a request in the JSON form may be, in bytes; a larger message to a party
   * that has no links is refused here already.
   *
   * @default {8_388_608}
   */
  maxRequestBytes?: number;
  /**
   * How many bytes a message may have.
   *
   * @default {2_147_483_648}
   */
  maxMessageBytes?: number;
  /**
   * Makes the requests.
   *
   * @default {globalThis.fetch}
   */
  fetch?: typeof fetch;
  /**
   * What everything between the parties is sealed with; what is not is then refused.
   *
   * @default {nothing is sealed}
   */
  cover?: SessionCover | undefined;
}

/** One other rank, as {@linkcode HttpCommunicator.describe} tells of it. */
export interface PeerView extends MailboxView {
  /** The rank. */
  rank: number;
  /** The way to it. */
  link: LinkView;
  /** What went to and came from it. */
  traffic: Readonly<PeerStats>;
}

/** How long open requests may take to end. */
const HANG_UP_MS = 1_000;

/** A communicator whose peers are reached by `fetch`, and whose own server calls `receive`. */
export class HttpCommunicator extends CommunicatorBase {
  /** Names this communicator's lifetime, so that a peer tells a restart from a repeat. */
  readonly boot: string = crypto.randomUUID();
  readonly #endpoints: readonly Endpoint[];
  readonly #peers: readonly Peer[];
  readonly #arrivals: Arrivals;
  readonly #cover: SessionCover | undefined;
  readonly #farewells: SealedFarewells | undefined;

  /** Makes one end of a session. @param options the endpoints of all parties, and who this is */
  constructor(options: HttpCommunicatorOptions) {
    super(options.endpoints.length, options);
    const { session, maxRequestBytes = 8 * 1024 * 1024, maxMessageBytes = 2 ** 31 } = options;
    const makeRequest = options.fetch ?? globalThis.fetch.bind(globalThis);
    const path = `/sessions/${encodeURIComponent(session)}`;
    const { cover } = options;
    this.#cover = cover;
    this.#farewells = cover && new SealedFarewells(cover, this.rank, this.boot);
    const { boot } = this;
    const arrivals = this.#arrivals = new Arrivals({ session, boot, maxMessageBytes, cover }, {
      failure: () => this.failure,
      hasLeft: (from) => this.ending.hasLeft(from),
      admits: (from, key, bytes) => this.admits(from, key, bytes),
      take: (from, key, value, bytes) => this.onSent(from, key, value, bytes),
      onDuplicate: (from) => this.stats[from]!.duplicatesDropped++,
      onAcknowledged: (from, place) => this.#peers[from]!.acknowledge(place),
      onDisagreed: (from) => this.#peers[from]!.watch(),
      onBroken: (error) => void this.abort(error),
    });
    this.#endpoints = options.endpoints.map((url, rank) =>
      new Endpoint(rank, url + path, makeRequest)
    );
    this.#peers = this.#endpoints.map((endpoint, rank) =>
      new Peer({
        rank,
        ownRank: this.rank,
        boot,
        session,
        endpoint,
        deadlines: this.deadlines,
        maxRequestBytes,
        maxMessageBytes,
        toBoot: () => arrivals.bootOf(rank),
        isWaitedFor: () => this.isWaitedFor(rank),
        takeDue: () => arrivals.takeDue(rank),
        onBoot: (boot) => arrivals.meet(rank, boot),
        onRetry: () => this.stats[rank]!.retries++,
        cover,
        onSealedAnswer: (boot, sealed) => this.#hear(rank, boot, sealed),
        onOpened: ({ boot, mismatch }) => {
          arrivals.prove(rank, boot);
          if (mismatch !== undefined) throw mismatch;
          arrivals.meet(rank, boot);
        },
        onFailure: (error) => this.#failWith(error),
      })
    );
  }

  /**
   * Takes the body of a `comm/send` request, once however often it comes. From a rank that has
   * left it is for the next session of this name, which this party has yet to create.
   *
   * @param body the request's body, checked
   * @param value the value that its `data` holds
   * @param bytes how many bytes the value's JSON form has
   * @throws {PartyError} why it was not taken
   */
  receive(body: MessageBody, value: unknown, bytes: number): void {
    this.#arrivals.take(body, value, bytes);
  }

  /**
   * Makes sure, before the body of a `comm/link` request is read, that it can be of use.
   *
   * @param from the sender's rank
   * @param boot the sender's lifetime
   * @param place where the body begins
   * @throws {PartyError} `CONFLICT` when nobody with its key has begun that link here
   */
  checkLink(from: number, boot: string, place: number): void {
    if (place > 0) this.#arrivals.checkBegun(from, boot);
  }

  /**
   * Takes a `comm/link` request.
   *
   * @param from the sender's rank
   * @param boot the sender's lifetime
   * @param request its body, and where that begins
   * @returns the body of the answer
   * @throws {PartyError} why it was not taken
   */
  receiveLink(
    from: number,
    boot: string,
    request: LinkRequest,
  ): Promise<Uint8Array | ReadableStream<Uint8Array>> {
    return this.#arrivals.takeLink(from, boot, request);
  }

  /**
   * Whether a farewell belongs to this session, and not to one of the same name before it.
   *
   * @param from the rank that leaves
   * @param boot its lifetime; undefined when it does not say
   * @param toBoot the lifetime that it means; undefined when it does not say
   */
  concerns(from: number, boot: string | undefined, toBoot: string | undefined): boolean {
    const met = this.#arrivals.bootOf(from) ?? boot;
    return (boot === undefined || boot === met) && (toBoot === undefined || toBoot === this.boot);
  }

  /** Whether everything between the parties is sealed. */
  get isSealed(): boolean {
    return this.#cover !== undefined;
  }

  /** A hash of the public keys of the session, for errors; undefined when nothing is sealed. */
  get keys(): string | undefined {
    return this.#cover?.keys;
  }

  /**
   * Opens a sealed farewell.
   *
   * @param from the rank that its head names
   * @param boot the lifetime that its head names
   * @returns what it says; undefined when it was heard before
   * @throws {PartyError} `AUTHENTICATION` when that rank did not say so, in this session and to this
   * party's present lifetime
   */
  async openFarewell(
    from: number,
    boot: string,
    sealed: Uint8Array,
  ): Promise<SealedFarewell | undefined> {
    const farewell = await this.#farewells!.open(from, boot, sealed);
    const mismatch = this.#arrivals.mismatchOf(from, boot);
    // Its sender is there: what its handshake said is true, and tells more.
    if (farewell?.code === "AGREEMENT_MISMATCH" && mismatch !== undefined) {
      void this.abort(mismatch);
    }
    return farewell;
  }

  /**
   * Says how the session ended to a rank that its farewell may not have reached.
   *
   * @param to the rank
   * @param toBoot the lifetime that it claims: nobody else can open it
   * @returns the farewell; undefined when nothing is sealed, the session has not ended, or the rank is
   * in its next one
   */
  async sealLastWord(to: number, toBoot: string): Promise<Uint8Array | undefined> {
    const { lastWord } = this.ending;
    if (lastWord === undefined || !this.concerns(to, toBoot, undefined)) return undefined;
    return await this.#farewells?.seal(to, toBoot, lastWord);
  }

  /** What waits for whom, and how messages travel, for each other rank. */
  describe(): PeerView[] {
    return [...this.#peers.entries()].filter(([rank]) => rank !== this.rank).map((
      [rank, peer],
    ) => ({ rank, ...this.mailboxOf(rank), link: peer.view(), traffic: this.stats[rank]! }));
  }

  /** Who failed, and what the others may know of it; undefined unless the session failed. */
  get failureCause(): FailureCause | undefined {
    return this.ending.cause;
  }

  /** {@inheritDoc CommunicatorBase.close} */
  override async close(reason?: string): Promise<void> {
    await super.close(reason);
    // Not before the others were told: they would take it for a restart.
    this.#arrivals.hangUp();
    await within(HANG_UP_MS, Promise.all(this.#peers.map((peer) => peer.ended())));
  }

  /** Takes a farewell that came as an answer; whatever does not open, anybody may have sent. */
  async #hear(from: number, boot: string, sealed: Uint8Array): Promise<void> {
    const farewell = await this.openFarewell(from, boot, sealed).catch(() => undefined);
    if (farewell === undefined || !this.concerns(from, boot, undefined)) return;
    const { code, computation, rank: first = from } = farewell;
    // Each leaves for itself alone; that another one failed is passed on.
    const isOther = code !== "SESSION_CLOSED" && first !== this.rank &&
      isRank(first, this.worldSize);
    if (computation === undefined) this.onFarewell(isOther ? first : from, farewell);
  }

  /** A peer may only have told who failed; else this party is the first to give up. */
  #failWith(error: unknown): void {
    const told = error instanceof PeerAbortedError && error.rank !== undefined;
    if (told) this.ending.heard(error.rank, { code: error.peerCode, reason: error.reason });
    else void this.abort(error);
  }

  /** {@inheritDoc CommunicatorBase.transmit} */
  protected override transmit(
    to: number,
    key: string,
    data: unknown,
    options: WaitOptions & { timeoutMs: number },
  ): Promise<number> {
    return this.#peers[to]!.send(key, data, options);
  }

  /** {@inheritDoc CommunicatorBase.expect} */
  protected override expect(from: number): void {
    this.#peers[from]!.watch();
  }

  /** {@inheritDoc CommunicatorBase.makeRoom} */
  protected override makeRoom(from: number): void {
    this.#arrivals.makeRoom(from);
  }

  /** {@inheritDoc CommunicatorBase.disconnect} */
  protected override disconnect(error: Error): void {
    for (const peer of this.#peers) peer.close(error);
  }

  /** {@inheritDoc CommunicatorBase.finishSending} */
  protected override finishSending(rank: number, error: Error): void {
    this.#peers[rank]!.finish(error);
  }

  /** {@inheritDoc CommunicatorBase.sendFarewell} */
  protected override async sendFarewell(
    farewell: Farewell,
    ranks: readonly number[],
  ): Promise<void> {
    await Promise.all(ranks.map((rank) =>
      sayFarewell(farewell, {
        endpoint: this.#endpoints[rank]!,
        from: this.rank,
        boot: this.boot,
        toBoot: this.#arrivals.likelyBootOf(rank),
        hasLeft: () => this.ending.hasLeft(rank),
        seal: this.#farewells?.sealFor(rank, this.#endpoints[rank]!),
      })
    ));
  }
}
