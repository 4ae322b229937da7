/**
 * The connections of one server: how many there are, and for how long.
 *
 * @module
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Exchange } from "./exchange.ts";
import { intervalOf, type ServeLimits } from "./limits.ts";

/** A connection that was admitted. */
interface Connection {
  socket: Socket;
  /** How many requests on it are not at their end; several when they are pipelined. */
  exchanges: number;
}

/** What is open at one server. */
export class Connections {
  readonly #limits: Required<ServeLimits>;
  /** By the address at their other end, which TLS does not change. */
  readonly #open: Map<string, Connection> = new Map();
  /** Those without a request, in the order in which they became so. */
  readonly #idle: Map<string, Connection> = new Map();
  readonly #exchanges: Set<Exchange> = new Set();
  readonly #timer: ReturnType<typeof setInterval>;

  /** @param limits how many there may be, and for how long */
  constructor(limits: Required<ServeLimits>) {
    this.#limits = limits;
    this.#timer = setInterval(() => {
      const now = performance.now();
      for (const exchange of this.#exchanges) exchange.check(now);
    }, intervalOf(limits));
  }

  /** Counts a connection in, or closes it. */
  admit(socket: Socket): void {
    const address = addressOf(socket);
    if (address === undefined || !this.#hasRoom()) return void socket.destroy();
    const connection = { socket, exchanges: 0 };
    this.#open.set(address, connection);
    this.#idle.set(address, connection);
    socket.once("close", () => {
      if (this.#open.get(address) === connection) this.#forget(address);
    });
  }

  /** Takes note of a request, until it and its answer are at their end. */
  begin(request: IncomingMessage, response: ServerResponse): void {
    const address = addressOf(request.socket) ?? "";
    const connection = this.#open.get(address);
    this.#idle.delete(address);
    if (connection !== undefined) connection.exchanges++;
    const isAlone = () => connection?.exchanges === 1;
    const exchange = new Exchange(request, response, this.#limits, isAlone, () => {
      this.#exchanges.delete(exchange);
      if (connection === undefined || --connection.exchanges > 0) return;
      if (this.#open.get(address) === connection) this.#idle.set(address, connection);
    });
    this.#exchanges.add(exchange);
  }

  /** Cuts all of them; those that are in the midst of a TLS handshake the server itself forgets. */
  close(): void {
    clearInterval(this.#timer);
    for (const { socket } of this.#open.values()) socket.destroy();
  }

  /** @returns whether one more may come; one that is idle makes room */
  #hasRoom(): boolean {
    if (this.#open.size < this.#limits.maxConnections) return true;
    for (const [address, { socket }] of this.#idle) {
      this.#forget(address);
      socket.destroy();
      return true;
    }
    return false;
  }

  #forget(address: string): void {
    this.#open.delete(address);
    this.#idle.delete(address);
  }
}

/** @returns undefined when the other end has gone already */
function addressOf({ remoteAddress, remotePort }: Socket): string | undefined {
  return remotePort === undefined ? undefined : `${remoteAddress} ${remotePort}`;
}
