/**
 * A TCP proxy before one party: its address stays while the party behind it is replaced, and it does
 * to connections what networks do.
 *
 * @module
 */

import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** The way to one party. */
export class Proxy {
  /** Where the party is; undefined while there is none, and connections are refused. */
  #target: URL | undefined;
  #server: Server | undefined;
  #port = 0;
  #swallows = false;
  readonly #sockets: Set<Socket> = new Set();

  /** The base URL of the party, for the others. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Leads to a party from now on. @param target its own base URL */
  async leadTo(target: string): Promise<void> {
    this.#target = new URL(target);
    if (this.#server !== undefined) return;
    const server = createServer({ allowHalfOpen: true }, (near) => this.#join(near));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#port, "127.0.0.1", resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Leads nowhere: connections break, and new ones are refused. */
  async leadNowhere(): Promise<void> {
    const server = this.#server;
    this.#server = this.#target = undefined;
    if (server === undefined) return;
    const closed = new Promise((resolve) => server.close(resolve));
    this.cut();
    await closed;
  }

  /** Resets every connection. */
  cut(): void {
    this.#swallows = false;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Swallows every byte from now on, until the next cut. */
  swallow(): void {
    this.#swallows = true;
  }

  #join(near: Socket): void {
    if (this.#target === undefined) return void near.on("error", () => {}).resetAndDestroy();
    const { hostname, port } = this.#target;
    const far = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    for (const [from, to] of [[near, far], [far, near]] as const) {
      this.#sockets.add(from.setNoDelay(true));
      from.on("error", () => {}); // the close says the rest
      from.on("data", (chunk: Uint8Array) => {
        if (this.#swallows || to.write(chunk)) return;
        from.pause();
        to.once("drain", () => from.resume());
      });
      from.once("end", () => to.end());
      from.once("close", (broken: boolean) => {
        this.#sockets.delete(from);
        if (!to.destroyed && (broken || !to.writableEnded)) to.resetAndDestroy();
      });
    }
  }
}
