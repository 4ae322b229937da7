/**
 * Messages over HTTP: one `POST .../comm/send` each, in the JSON form.
 *
 * @module
 */

import { describeError, NetworkError, PartyError, PeerRestartedError } from "../errors.ts";
import { sleep } from "../timing.ts";
import { encodePayload, type MessageBody } from "../wire/message.ts";
import { CommunicatorBase, type CommunicatorOptions, type Farewell } from "./base.ts";
import type { WaitOptions } from "./communicator.ts";
import { readAnswer } from "./answer.ts";
import { OnceGate } from "./once.ts";
import { Outbox, type Outgoing, RetryLater } from "./outbox.ts";
import { refusal } from "./refusal.ts";

/** Options of an {@linkcode HttpCommunicator}. */
export interface HttpCommunicatorOptions extends CommunicatorOptions {
  /** The base URL of every party, in the order of the ranks, without a slash at the end. */
  endpoints: readonly string[];
  /**
   * How large the body of a request may be, in bytes; a larger message is refused here already.
   *
   * @default {8_388_608}
   */
  maxRequestBytes?: number;
  /**
   * Makes the requests.
   *
   * @default {globalThis.fetch}
   */
  fetch?: typeof fetch;
}

const HEADERS = { "content-type": "application/json" };
/** How long the others are tried to be told that this party leaves. */
const FAREWELL_TIMEOUT_MS = 2_000;
const FAREWELL_RETRY_MS = 100;
/** Tells, with the answer to a message, the lifetime of the session that took it. */
export const BOOT_HEADER = "partyline-boot";
/** At least what the JSON around the key and the data of a message takes. */
const ENVELOPE_BYTES = 256;
/** What a character of a key takes at most: as an escape such as `\u0000`. */
const MAX_BYTES_A_CHARACTER = 6;

/** A communicator whose peers are reached by `fetch`, and whose own server calls `receive`. */
export class HttpCommunicator extends CommunicatorBase {
  /** Names this communicator's lifetime, so that a peer tells a restart from a repeat. */
  readonly boot: string = crypto.randomUUID();
  readonly #endpoints: readonly string[];
  readonly #path: string;
  readonly #fetch: typeof fetch;
  readonly #maxRequestBytes: number;
  readonly #outboxes: Outbox[];
  readonly #once = new OnceGate();

  /** Makes one end of a session. @param options the endpoints of all parties, and who this is */
  constructor(options: HttpCommunicatorOptions) {
    super(options.endpoints.length, options);
    this.#endpoints = options.endpoints;
    this.#path = `/sessions/${encodeURIComponent(options.session)}`;
    this.#fetch = options.fetch ?? globalThis.fetch.bind(globalThis);
    this.#maxRequestBytes = options.maxRequestBytes ?? 8 * 1024 * 1024;
    this.#outboxes = this.stats.map((stats, rank) =>
      new Outbox(
        rank,
        (message, signal) => this.#post(rank, message, signal),
        () => stats.retries++,
      )
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
  receive({ from_rank: from, key, boot, seq }: MessageBody, value: unknown, bytes: number): void {
    if (this.hasLeft(from)) {
      throw new PartyError(
        "UNKNOWN_SESSION",
        `Rank ${from} has left session ${this.session}: its next one of this name is not created ` +
          `here yet`,
        { rank: from, session: this.session },
      );
    }
    if (boot === undefined || seq === undefined) return this.onSent(from, key, value, bytes);
    switch (this.#once.arrival(from, boot, seq)) {
      case "repeat":
        this.stats[from]!.duplicatesDropped++;
        return;
      case "restarted":
        throw this.#restarted(from);
      case "new":
        this.onSent(from, key, value, bytes);
        this.#once.taken(from, boot, seq);
    }
  }

  /**
   * Whether a farewell belongs to this session, and not to one of the same name before it.
   *
   * @param from the rank that leaves
   * @param boot its lifetime; undefined when it does not say
   * @param toBoot the lifetime that it means; undefined when it does not say
   */
  concerns(from: number, boot: string | undefined, toBoot: string | undefined): boolean {
    const met = this.#once.bootOf(from) ?? boot;
    return (boot === undefined || boot === met) && (toBoot === undefined || toBoot === this.boot);
  }

  /** Gives up, since a rank that was met before is there anew. */
  #restarted(rank: number): PeerRestartedError {
    const error = new PeerRestartedError(
      `Rank ${rank} restarted and has forgotten session ${this.session}: close it at every party ` +
        `and begin again`,
      { rank, session: this.session },
    );
    void this.abort(error);
    return error;
  }

  /** {@inheritDoc CommunicatorBase.transmit} */
  protected override async transmit(
    to: number,
    key: string,
    data: unknown,
    options: WaitOptions & { timeoutMs: number },
  ): Promise<number> {
    const payload = encodePayload(data);
    const bodyBytes = payload.data.length + MAX_BYTES_A_CHARACTER * key.length + ENVELOPE_BYTES;
    if (bodyBytes > this.#maxRequestBytes) {
      throw new PartyError(
        "PAYLOAD_TOO_LARGE",
        `Cannot send ${payload.bytes} bytes under key ${JSON.stringify(key)}: in Base64 they are ` +
          `more than the ${this.#maxRequestBytes} bytes of a request; raise maxRequestBytes at ` +
          `every party, or send in parts`,
        { rank: to, key },
      );
    }
    await this.#outboxes[to]!.send(key, payload, options);
    return payload.bytes;
  }

  async #post(to: number, { key, data, seq }: Outgoing, signal: AbortSignal): Promise<void> {
    const body: MessageBody = {
      from_rank: this.rank,
      to_rank: to,
      key,
      data,
      boot: this.boot,
      seq,
    };
    const url = `${this.#endpoints[to]}${this.#path}/comm/send`;
    let response: Response;
    let text: string;
    try {
      response = await this.#request(url, JSON.stringify(body), signal);
      text = await readAnswer(response);
    } catch (cause) {
      throw new RetryLater(
        new NetworkError(`Cannot reach rank ${to} at ${url}: ${describeError(cause)}`, {
          cause,
          rank: to,
          key,
        }),
      );
    }
    if (response.status !== 200 || text !== '{"status":"ok"}') {
      const error = refusal(response, text, { rank: to, key, url });
      if (error !== undefined) throw error;
    }
    const boot = response.headers.get(BOOT_HEADER);
    if (boot !== null && !this.#once.meet(to, boot)) throw this.#restarted(to);
  }

  /** {@inheritDoc CommunicatorBase.disconnect} */
  protected override disconnect(error: Error): void {
    for (const outbox of this.#outboxes) outbox.close(error);
  }

  /** {@inheritDoc CommunicatorBase.finishSending} */
  protected override finishSending(rank: number, error: Error): void {
    this.#outboxes[rank]!.finish(error);
  }

  /** {@inheritDoc CommunicatorBase.sendFarewell} */
  protected override async sendFarewell(
    { code, reason }: Farewell,
    ranks: readonly number[],
  ): Promise<void> {
    const signal = AbortSignal.timeout(FAREWELL_TIMEOUT_MS);
    await Promise.allSettled(ranks.map(async (rank) => {
      const url = `${this.#endpoints[rank]}${this.#path}/abort`;
      const toBoot = this.#once.bootOf(rank);
      const body = { from_rank: this.rank, code, reason, boot: this.boot, to_boot: toBoot };
      // Who was never met may be about to create the session, and would wait for one that failed.
      const patient = code !== "SESSION_CLOSED" && toBoot === undefined;
      do {
        const response = await this.#request(url, JSON.stringify(body), signal).catch(() => {});
        await response?.body?.cancel();
        if (response?.status === 200 || !patient) return;
        await sleep(FAREWELL_RETRY_MS, signal);
      } while (!signal.aborted);
    }));
  }

  #request(url: string, body: string, signal: AbortSignal): Promise<Response> {
    return this.#fetch(url, { method: "POST", headers: HEADERS, body, signal, redirect: "manual" });
  }
}
