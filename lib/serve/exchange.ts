/**
 * One request and its answer on a connection, and how long they may take.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import { setImmediate } from "node:timers";
import { MIN_BYTES_PER_S, type ServeLimits } from "./limits.ts";

/** How long an answer has to arrive whose request goes on. */
const MAX_REST_MS = 500;

/** The path of links, whose bodies go on for as long as their session does. */
const LINK_PATH = /\/comm\/link(?:\?|$)/;

/** Written where nothing else was yet (RFC 9110, section 15.5.9). */
const TOO_SLOW = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/** A request and its answer. */
export class Exchange {
  readonly #request: IncomingMessage;
  /** A request that was given up may have none any more. */
  readonly #socket: IncomingMessage["socket"];
  readonly #response: ServerResponse;
  readonly #limits: Required<ServeLimits>;
  readonly #isAlone: () => boolean;
  readonly #isLink: boolean;
  readonly #startedAt: number = performance.now();
  readonly #readBefore: number;
  readonly #writtenBefore: number;
  #bytesRead: number;
  #readAt: number = this.#startedAt;
  #madeAt: number | undefined;
  #answeredAt: number | undefined;
  #isCut = false;

  /**
   * @param isAlone whether no other request has come on the connection since
   * @param onEnd is called once, when both are at their end
   */
  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    limits: Required<ServeLimits>,
    isAlone: () => boolean,
    onEnd: () => void,
  ) {
    this.#request = request;
    this.#response = response;
    this.#limits = limits;
    this.#isAlone = isAlone;
    this.#isLink = isEndless(request);
    const socket = this.#socket = request.socket;
    this.#bytesRead = this.#readBefore = socket.bytesRead;
    this.#writtenBefore = socket.bytesWritten;
    response.once("close", () => {
      if (request.complete || socket.destroyed) return onEnd();
      // Nothing more is read; the answer has a moment to arrive, as to cut now might take it back.
      this.#answeredAt = performance.now();
      socket.once("close", onEnd);
      socket.end();
      setImmediate(() => socket.pause());
    });
  }

  /** Cuts the connection when something took too long. @param now of `performance.now()` */
  check(now: number): void {
    const socket = this.#socket;
    if (!this.#isLate(now)) return;
    const tells = !this.#isCut && !this.#response.headersSent;
    this.#isCut = true;
    if (tells) socket.end(TOO_SLOW, () => socket.destroy());
    else socket.destroy();
  }

  #isLate(now: number): boolean {
    if (this.#answeredAt !== undefined) return now - this.#answeredAt > MAX_REST_MS;
    if (this.#response.writableEnded) return this.#isUnread(now);
    if (this.#request.complete) return false;
    const { bytesRead } = this.#socket;
    if (this.#isLink) {
      // What has come and is not taken yet keeps the rest from coming.
      if (bytesRead !== this.#bytesRead || this.#request.readableLength > 0) this.#readAt = now;
      this.#bytesRead = bytesRead;
      return now - this.#readAt > this.#limits.linkTimeoutMs;
    }
    const bytes = bytesRead - this.#readBefore;
    return now - this.#startedAt > this.#limits.bodyTimeoutMs + msFor(bytes);
  }

  /** Whether an answer has been made for long, and nobody reads it. */
  #isUnread(now: number): boolean {
    this.#madeAt ??= now;
    // Who asks for more than they read has no time for the sum of it.
    const bytes = this.#isAlone() ? this.#socket.bytesWritten - this.#writtenBefore : 0;
    return now - this.#madeAt > this.#limits.linkTimeoutMs + msFor(bytes);
  }
}

/** A handshake, which a sealed link begins with, is not: anybody may send one. */
function isEndless({ url = "", headers }: IncomingMessage): boolean {
  const isSealed = headers["partyline-keys"] !== undefined;
  return LINK_PATH.test(url) && !(isSealed && Number(headers["partyline-offset"]) === 0);
}

function msFor(bytes: number): number {
  return bytes / MIN_BYTES_PER_S * 1_000;
}
