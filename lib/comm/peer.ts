/**
 * Another party of a session, and the ways to it: a link, or single messages in the JSON form.
 *
 * @module
 */

import { PartyError } from "../errors.ts";
import { frameMessage } from "../wire/frames.ts";
import { AckTimes } from "./ack_times.ts";
import type { WaitOptions } from "./communicator.ts";
import type { Deadlines } from "./deadlines.ts";
import type { Endpoint } from "./endpoint.ts";
import { JsonSender } from "./json/sender.ts";
import { IncomingStream } from "./link/incoming.ts";
import type { LinkContext, LinkKind } from "./link/context.ts";
import { Link } from "./link/link.ts";
import { OutgoingStream } from "./link/outgoing.ts";
import { type LinkEnds, linkRequest } from "./link/request.ts";
import type { Opened, SessionCover } from "./link/sealed/cover.ts";
import { distrust } from "./link/sealed/distrust.ts";
import { SealedStream } from "./link/sealed/outgoing.ts";
import { Probe } from "./link/sealed/probe.ts";
import { sealedRequest } from "./link/sealed/request.ts";
import { restarted } from "./link/trouble.ts";

/** What a peer needs to know of its session. */
export interface PeerOptions {
  /** The peer's rank. */
  rank: number;
  /** This party's rank. */
  ownRank: number;
  /** This party's lifetime in the session. */
  boot: string;
  /** The session's name. */
  session: string;
  endpoint: Endpoint;
  deadlines: Deadlines;
  maxRequestBytes: number;
  maxMessageBytes: number;
  /** The peer's lifetime; undefined while it was never met. */
  toBoot: () => string | undefined;
  isWaitedFor: () => boolean;
  /** Tells what to acknowledge to the peer along with what is sent to it. */
  takeDue: () => number | undefined;
  /** Hears of the peer's lifetime; throws when it is another than before. */
  onBoot: (boot: string) => void;
  onRetry: () => void;
  /** What links are sealed with; without it, they are not. */
  cover?: SessionCover | undefined;
  /** Hears of an answer that is a sealed farewell, if it opens. @param boot the peer's, as it claims */
  onSealedAnswer: (boot: string, sealed: Uint8Array) => Promise<void>;
  /** Hears what the peer says in a handshake; throws when that is the end of the link. */
  onOpened: (opened: Opened) => void;
  /** Hears that the peer cannot be reached any more. */
  onFailure: (error: unknown) => void;
}

/** How messages travel to a peer, for people. */
export interface LinkView {
  /** `streaming`, `segments`, `json`; `none` before the peer was reached. */
  kind: LinkKind;
  /** How long the present request has been open, in milliseconds. */
  ageMs: number | undefined;
  /** How often the stream went on in another request. */
  resumes: number;
  /** How many bytes were sent more than once. */
  bytesResent: number;
  /** How long acknowledgements took lately, in milliseconds. */
  ackMs: { p50: number; p99: number } | undefined;
}

/** The ways to one other party. */
export class Peer {
  readonly #options: PeerOptions;
  readonly #link: Link;
  readonly #json: JsonSender;
  readonly #ackTimes: AckTimes = new AckTimes();

  /** @param options which party, and whose peer */
  constructor(options: PeerOptions) {
    const { rank, ownRank, session } = options;
    this.#options = options;
    const ends = { ...options, from: ownRank, to: rank };
    this.#link = new Link({
      ...options,
      ...wayOf({ ...ends, forgotten: () => restarted(rank, session) }, options),
      isMet: () => options.toBoot() !== undefined,
      onAcknowledged: (ms) => this.#ackTimes.add(ms),
      onJsonOnly: () => {
        try {
          this.#fallBack();
        } catch (error) {
          options.onFailure(error);
        }
      },
    });
    this.#json = new JsonSender(ends);
  }

  /**
   * Sends a message.
   *
   * @returns how many bytes it has, once the peer holds it
   * @throws {SerializationError} at once
   * @throws {PartyError} `PAYLOAD_TOO_LARGE`, at once
   */
  send(key: string, data: unknown, options: WaitOptions & { timeoutMs: number }): Promise<number> {
    if (this.#link.kind === "json") return this.#json.send(key, data, options);
    const message = frameMessage(key, data);
    const { rank, maxMessageBytes } = this.#options;
    if (message.bytes > maxMessageBytes) {
      throw new PartyError(
        "PAYLOAD_TOO_LARGE",
        `Cannot send ${message.bytes} bytes under key ${JSON.stringify(key)}: a message may have ` +
          `${maxMessageBytes}; raise maxMessageBytes at every party, or send in parts`,
        { rank, key },
      );
    }
    return this.#link.send(key, message, options);
  }

  /** Takes an acknowledgement that came along with what the peer sent. */
  acknowledge(place: number): void {
    this.#link.acknowledge(place);
  }

  /** Keeps the link open, to hear when the peer goes: a `recv` waits for it. */
  watch(): void {
    if (this.#link.kind !== "json") this.#link.wake();
  }

  /** Rejects all that is not delivered. @param error why */
  close(error: Error): void {
    this.#link.close(error);
    this.#json.close(error);
  }

  /** The same, but what is just arriving may arrive. @param error why */
  finish(error: Error): void {
    this.#link.finish(error);
    this.#json.finish(error);
  }

  /** Resolves once nothing is under way any more, after it was closed. */
  async ended(): Promise<void> {
    await this.#link.ended();
  }

  /** How messages travel at present. */
  view(): LinkView {
    const { kind, openedAt, resumes, bytesResent } = this.#link;
    const [p50, p99] = [this.#ackTimes.quantile(0.5), this.#ackTimes.quantile(0.99)];
    return {
      kind,
      ageMs: openedAt === undefined ? undefined : Math.round(performance.now() - openedAt),
      resumes,
      bytesResent,
      ackMs: p50 === undefined ? undefined : { p50, p99: p99! },
    };
  }

  /** The peer has no links: what is in the stream goes as single messages, in the same order. */
  #fallBack(): void {
    const { stream, waits } = this.#link.takeOver();
    const { maxMessageBytes } = this.#options;
    const replay = new IncomingStream({
      admits: () => true,
      deliver: (key, value) => {
        const wait = waits.shift()!;
        if (wait.settled) return true;
        const timeoutMs = Math.max(0, wait.expiresAt - performance.now());
        const settled = new AbortController(); // who has given it up must not hold up the next one
        wait.whenSettled(() => settled.abort());
        this.#sendAgain(key, value, { timeoutMs, signal: settled.signal }).then(
          (bytes) => wait.resolve(bytes),
          (error) => wait.reject(error),
        );
        return true;
      },
      acknowledge: () => {},
    }, maxMessageBytes);
    while (replay.taken < stream.end) {
      replay.push(replay.taken, stream.read(replay.taken, Infinity));
    }
  }

  async #sendAgain(
    key: string,
    value: unknown,
    options: WaitOptions & { timeoutMs: number },
  ): Promise<number> {
    return await this.#json.send(key, value, options);
  }
}

/** What a link carries, and how: sealed, where there is a cover. */
function wayOf(
  ends: LinkEnds,
  { cover, onOpened, onSealedAnswer }: PeerOptions,
): Pick<LinkContext, "stream" | "request" | "distrust"> {
  if (cover === undefined) return { stream: new OutgoingStream(), request: linkRequest(ends) };
  const { to, boot } = ends;
  return {
    stream: new SealedStream({ begin: () => cover.begin(to, boot, false), onOpened }),
    request: sealedRequest(ends, {
      keys: cover.keys,
      probe: new Probe(ends, cover, onOpened),
      onSealedAnswer,
    }),
    distrust: (error) => distrust(error, to),
  };
}
