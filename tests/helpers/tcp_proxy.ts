/**
 * A TCP proxy before a server, for tests over real sockets: it can cut connections, or swallow what
 * goes over them while they stay open.
 *
 * @module
 */

import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** Which bytes: those to the server, those from it, or all. */
export type Direction = "to" | "from" | "both";

/** A proxy that listens. */
export interface TcpProxy {
  /** Its base URL. */
  url: string;
  /** How many connections were made. */
  connections(): number;
  /** How many of them are open. */
  open(): number;
  /** How many bytes came that are for the server. */
  bytes(): number;
  /** Resets every connection; new ones are as before. */
  cut(): void;
  /**
   * Swallows all bytes of a direction from now on, on new connections as well, which stay open. A
   * connection that has lost bytes swallows the rest of that direction, healed or not.
   */
  blackhole(direction: Direction): void;
  /** Resets every new connection at once; those that are open go on. */
  refuse(): void;
  /** Ends what `blackhole` and `refuse` began. */
  heal(): void;
  /** Ends the proxy, and every connection. */
  close(): Promise<void>;
}

/**
 * @param target the base URL of the server behind it, asked for each connection
 * @returns the proxy, listening
 */
export async function startTcpProxy(target: () => string): Promise<TcpProxy> {
  const pairs = new Set<[near: Socket, far: Socket]>();
  const black = { to: false, from: false };
  let refuses = false;
  let connections = 0;
  let bytes = 0;
  const server = createServer({ allowHalfOpen: true }, (near) => {
    connections++;
    near.on("error", () => {}); // the close says the rest
    if (refuses) return void near.resetAndDestroy();
    const { hostname, port } = new URL(target());
    const far = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    far.on("error", () => {});
    const pair: [Socket, Socket] = [near.setNoDelay(true), far.setNoDelay(true)];
    pairs.add(pair);
    const gone = () => {
      if (near.destroyed && far.destroyed) pairs.delete(pair);
    };
    near.once("close", gone);
    far.once("close", gone);
    near.on("data", (chunk: Uint8Array) => bytes += chunk.byteLength);
    forward(near, far, () => black.to);
    forward(far, near, () => black.from);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = () => {
    for (const socket of [...pairs].flat()) reset(socket);
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
    open: () => pairs.size,
    bytes: () => bytes,
    cut,
    blackhole: (direction) => {
      black.to ||= direction !== "from";
      black.from ||= direction !== "to";
    },
    refuse: () => {
      refuses = true;
    },
    heal: () => {
      refuses = black.to = black.from = false;
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      cut();
      await closed;
    },
  };
}

/** Passes one direction on, with its end and its break, until it is swallowed. */
function forward(from: Socket, to: Socket, isBlack: () => boolean): void {
  let lost = false;
  const swallows = () => lost ||= isBlack();
  from.on("data", (chunk: Uint8Array) => {
    if (swallows() || to.write(chunk)) return;
    from.pause();
    to.once("drain", () => from.resume());
  });
  from.once("end", () => swallows() || to.end());
  from.once("close", (broken: boolean) => {
    if (swallows() || to.destroyed) return;
    if (broken || !to.writableEnded) reset(to);
  });
}

/** What is being ended cannot be reset: Node would leave it half open for good. */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
