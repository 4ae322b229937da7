/**
 * One peer's HTTP API, as far as a session needs it.
 *
 * @module
 */

import { describeError, NetworkError } from "../errors.ts";
import { RetryLater } from "./retry.ts";

/** Tells, with the answer to a message, the lifetime of the session that took it. */
export const BOOT_HEADER = "partyline-boot";

/** A request to a peer. */
export interface PeerRequest {
  /** What it does: the last part of its path. */
  action: "abort" | "comm/send" | "comm/link";
  /** The media type and whatever else goes into the head. */
  headers: Record<string, string>;
  /** The body; a stream is sent while it is answered. */
  body: string | Uint8Array | ReadableStream<Uint8Array>;
  /** Gives the request up. */
  signal: AbortSignal;
}

/** Where a peer is reached. */
export class Endpoint {
  readonly #rank: number;
  readonly #url: string;
  readonly #fetch: typeof fetch;

  /**
   * @param rank the peer's
   * @param url the base URL of the session there
   * @param fetch makes the requests
   */
  constructor(rank: number, url: string, fetch: typeof globalThis.fetch) {
    this.#rank = rank;
    this.#url = url;
    this.#fetch = fetch;
  }

  /** @returns the URL of an action, for errors */
  urlOf(action: PeerRequest["action"]): string {
    return `${this.#url}/${action}`;
  }

  /** Makes a request. @throws whatever `fetch` does */
  request({ action, headers, body, signal }: PeerRequest): Promise<Response> {
    const init: RequestInit & { duplex?: "half" } = {
      method: "POST",
      headers,
      body: body as BodyInit,
      signal,
      redirect: "manual",
    };
    if (body instanceof ReadableStream) init.duplex = "half";
    return this.#fetch(this.urlOf(action), init);
  }

  /** @returns what to throw when a request, or its answer, broke: it may be made again */
  broken(action: PeerRequest["action"], cause: unknown, key?: string): RetryLater {
    const where = `rank ${this.#rank} at ${this.urlOf(action)}`;
    return new RetryLater(
      new NetworkError(`Cannot reach ${where}: ${describeError(cause)}`, {
        cause,
        rank: this.#rank,
        ...key === undefined ? {} : { key },
      }),
    );
  }
}
