/**
 * A bare TCP connection that gives back what it gets: as fast as two processes can talk here.
 *
 * @module
 */

import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** @returns the port of this machine on which it listens */
export async function startTcpEcho(): Promise<number> {
  const server = createServer((socket) => {
    socket.setNoDelay(true);
    socket.on("error", () => socket.destroy());
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** The end that asks. */
export class TcpEcho {
  readonly #socket: Socket;
  /** How many bytes are to come back yet. */
  #missing = 0;
  #onBack: () => void = () => {};
  #onBroken: (error: Error) => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk) => {
      this.#missing -= chunk.length;
      if (this.#missing === 0) this.#onBack();
    });
    socket.on("error", (error) => this.#onBroken(error));
    socket.on("close", () => this.#onBroken(new Error("The TCP echo closed its connection")));
  }

  /** @param port what {@linkcode startTcpEcho} gave, or that of a proxy before it */
  static async connect(port: number): Promise<TcpEcho> {
    const socket = connect(port, "127.0.0.1");
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return new TcpEcho(socket);
  }

  /**
   * Writes messages without waiting in between.
   *
   * @param message the same each time
   * @param count how many
   * @returns resolves when all of their bytes are back
   */
  async send(message: Uint8Array, count = 1): Promise<void> {
    const back = new Promise<void>((resolve, reject) => {
      this.#onBack = resolve;
      this.#onBroken = reject;
    });
    this.#missing = count * message.byteLength;
    for (let sent = 0; sent < count; sent++) this.#socket.write(message);
    await back;
  }

  /** Ends the connection. */
  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
