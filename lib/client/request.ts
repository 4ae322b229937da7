/**
 * Requests to one party: made, timed and signed, with every answer that is not the one wanted
 * turned into an error.
 *
 * @module
 */

import { v } from "../deps.ts";
import {
  describeError,
  ERROR_CODES,
  NetworkError,
  PartyError,
  partyError,
  PeerAbortedError,
} from "../errors.ts";
import { check, isBaseUrl } from "../schema.ts";
import { Deadline } from "./deadline.ts";
import type { CallOptions, ClientOptions } from "./options.ts";

/** A request to a party. */
export interface Call extends CallOptions {
  method: "GET" | "POST" | "PUT" | "DELETE";
  /** From the party's URL on. */
  path: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
}

/** Nobody answered, or one who speaks for a party that is away: it may be tried again. */
export class UnreachedError extends NetworkError {}

/** How long a request may take unless told otherwise, in milliseconds. */
export const TIMEOUT_MS = 30_000;
/** What a gateway answers for a party that is not there. */
const AWAY_STATUSES = [502, 503, 504];
/** How much of an answer that is not a party's is shown, in characters. */
const MAX_SHOWN = 80;

const Problem = v.object({
  detail: v.string(),
  code: v.picklist(ERROR_CODES),
  peer_rank: v.optional(v.number()),
  peer_code: v.optional(v.picklist(ERROR_CODES)),
  reason: v.optional(v.string()),
});

/** Makes the requests to one party. */
export class Requester {
  /** The party's base URL, without a slash at its end. */
  readonly url: string;
  readonly #rank: number | undefined;
  readonly #fetch: (request: Request, init: RequestInit) => Promise<Response>;
  readonly #authorize: ClientOptions["authorize"];
  readonly #timeoutMs: number;

  /**
   * @param url the party's base URL
   * @param options how to make requests
   * @param rank the party's rank, for errors
   * @throws {TypeError} when the URL is not the http or https URL of a party
   */
  constructor(url: string, options: ClientOptions, rank?: number) {
    // Called as a plain function: a browser's own fetch must not be called as a method.
    const { fetch = globalThis.fetch, timeoutMs = TIMEOUT_MS, authorize } = options;
    if (!(timeoutMs > 0)) {
      throw new RangeError(`Cannot wait ${timeoutMs} ms for an answer: give timeoutMs above 0`);
    }
    this.url = baseUrl(url);
    this.#rank = rank;
    this.#fetch = (request, init) => fetch(request, init);
    this.#authorize = authorize;
    this.#timeoutMs = timeoutMs;
  }

  /** Who is asked, for errors. */
  get who(): string {
    return this.#rank === undefined
      ? `The party at ${this.url}`
      : `Rank ${this.#rank} at ${this.url}`;
  }

  /**
   * Makes a request that is answered with JSON.
   *
   * @param schema what is expected
   * @throws {PartyError} what the party answered; `NETWORK` when it did not, or is no party
   */
  async json<View>(call: Call, schema: v.GenericSchema<unknown, View>): Promise<View> {
    return await this.read(call, async (response) => {
      const text = await response.text();
      return this.parse(call, response, text, schema);
    });
  }

  /** Makes a request whose answer has no body. @throws {PartyError} as `json` does */
  async done(call: Call): Promise<void> {
    await this.read(call, async (response) => void await response.body?.cancel());
  }

  /**
   * Makes a request, and reads its answer within the same time.
   *
   * @param take reads an answer that is none of failure
   * @throws {PartyError} as `json` does
   */
  async read<T>(call: Call, take: (response: Response) => Promise<T>): Promise<T> {
    const deadline = new Deadline(call.timeoutMs ?? this.#timeoutMs, call.signal);
    try {
      const response = await this.open(call, deadline);
      return await take(response).catch((error) => {
        throw this.explain(call, error, deadline);
      });
    } finally {
      deadline.end();
    }
  }

  /**
   * Makes a request.
   *
   * @returns an answer that is none of failure, its body unread
   * @throws {PartyError} as `json` does
   */
  async open(call: Call, deadline: Deadline): Promise<Response> {
    const { method, path, headers = {}, body } = call;
    const { signal } = deadline;
    const init: RequestInit = { method, headers, redirect: "manual" };
    if (body !== undefined) init.body = body as BodyInit;
    const request = new Request(`${this.url}${path}`, init);
    const authorized = await this.#authorize?.(request) ?? request;
    let [response, text]: [Response?, string?] = [];
    try {
      response = await this.#fetch(authorized, { signal });
      if (response.ok) return response;
      text = await response.text();
    } catch (error) {
      throw this.explain(call, error, deadline);
    }
    throw this.#refusal(call, response, text);
  }

  /** @returns what an answer says @throws {NetworkError} when no party says so */
  parse<View>(
    call: Call,
    response: Response,
    text: string,
    schema: v.GenericSchema<unknown, View>,
  ): View {
    try {
      return check(schema, JSON.parse(text), "the answer");
    } catch (cause) {
      throw this.notAParty(call, response, text, cause);
    }
  }

  /** @returns the error of an answer that no party gives */
  notAParty(
    { method, path }: Call,
    response: Response,
    text: string,
    cause?: unknown,
  ): NetworkError {
    const { status, headers } = response;
    const type = headers.get("content-type") ?? "no media type";
    const said = text.slice(0, MAX_SHOWN).replaceAll(/\s+/g, " ").trim();
    const about = this.#rank === undefined ? {} : { rank: this.#rank };
    const Kind = AWAY_STATUSES.includes(status) ? UnreachedError : NetworkError;
    return new Kind(
      `${this.who} answered ${method} ${path} with status ${status}, ${type} and ` +
        `${JSON.stringify(said)}, as no party does: check that the endpoint is a party's`,
      { ...about, cause },
    );
  }

  /** @returns what to throw when a request, or reading its answer, met an error */
  explain({ method, path, signal }: Call, error: unknown, deadline: Deadline): unknown {
    if (signal?.aborted) return signal.reason;
    if (error instanceof PartyError) return error;
    const about = this.#rank === undefined ? {} : { rank: this.#rank };
    if (deadline.passed) {
      const { ms } = deadline;
      return new UnreachedError(
        `${this.who} did not answer ${method} ${path} within ${ms} ms: try again, or raise timeoutMs`,
        { ...about, elapsedMs: ms },
      );
    }
    return new UnreachedError(
      `${this.who} cannot be reached for ${method} ${path}: ${describeError(error)}`,
      { ...about, cause: error },
    );
  }

  #refusal(call: Call, response: Response, text: string): PartyError {
    let problem: v.InferOutput<typeof Problem>;
    try {
      problem = v.parse(Problem, JSON.parse(text));
    } catch (cause) {
      return this.notAParty(call, response, text, cause);
    }
    const { code, detail } = problem;
    const message = `${this.who} answered ${call.method} ${call.path} with status ` +
      `${response.status}: ${detail}`;
    if (code === "PEER_ABORTED") {
      const { peer_rank: rank, peer_code: peerCode = code, reason = detail } = problem;
      const about = rank === undefined ? {} : { rank };
      return new PeerAbortedError(message, { ...about, peerCode, reason });
    }
    return partyError(code, message, this.#rank === undefined ? {} : { rank: this.#rank });
  }
}

function baseUrl(text: string): string {
  if (isBaseUrl(text)) return new URL(text).href.replace(/\/+$/, "");
  throw new TypeError(
    `Cannot take ${
      JSON.stringify(String(text).slice(0, 200))
    } as the URL of a party: give its http ` +
      `or https URL, without user, query or fragment`,
  );
}
