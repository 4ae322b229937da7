/**
 * A gateway before a party that does to its requests what networks do.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { type AddressInfo, createServer, type Socket } from "node:net";

/** What happens to one request. */
export type Fault =
  /** It arrives, and so does its answer. */
  | "pass"
  /** The connection is reset before the receiver has anything of it. */
  | "reset"
  /** The request arrives; the connection is reset before its answer. */
  | "lose-answer"
  /** The request arrives; the connection ends in the midst of the answer. */
  | "cut-answer"
  /** It arrives, and so does its answer; the connection then ends, which no header told. */
  | "pass-and-end"
  /** Nothing is ever answered. */
  | "silence"
  /** The gateway answers itself. */
  | { status: number; headers?: Record<string, string>; body?: string };

/** A request that came in whole. */
export interface Seen {
  /** Its path. */
  path: string;
  /** Its JSON body. */
  body: { key?: string; seq?: number; reason?: string };
  /** When it came, in milliseconds. */
  at: number;
}

/** A proxy that listens. */
export interface FaultProxy {
  /** Its base URL. */
  url: string;
  /** The requests, in the order in which they came. */
  seen: Seen[];
  /** How many connections were made. */
  connections(): number;
  /** Ends all of it. */
  close(): Promise<void>;
}

/**
 * @param target the base URL of the party behind it
 * @param choose what happens to each request
 * @returns the proxy, listening
 */
export async function startFaultProxy(
  target: () => string,
  choose: (request: Seen) => Fault,
): Promise<FaultProxy> {
  const sockets = new Set<Socket>();
  const seen: Seen[] = [];
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    sockets.add(socket.setNoDelay(true));
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => {}); // what a reset of the other side is here
    let bytes: Buffer = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      const request = parseRequest(bytes);
      if (request === undefined) return;
      bytes = Buffer.alloc(0);
      const noted = { ...request, at: performance.now() };
      seen.push(noted);
      void answer(socket, target(), noted, choose(noted)).catch(() => socket.destroy());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    connections: () => connections,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** The request, once it is there in whole; clients do not pipeline, so nothing comes after it. */
function parseRequest(bytes: Buffer): Omit<Seen, "at"> | undefined {
  const headEnd = bytes.indexOf("\r\n\r\n");
  if (headEnd === -1) return undefined;
  const head = bytes.subarray(0, headEnd).toString("latin1");
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
  const body = bytes.subarray(headEnd + 4);
  if (body.length < length) return undefined;
  const isJson = /^content-type: application\/json/im.test(head);
  return { path: head.split(" ")[1]!, body: isJson ? JSON.parse(body.toString()) : {} };
}

async function answer(socket: Socket, target: string, request: Seen, fault: Fault): Promise<void> {
  if (fault === "silence") return;
  if (fault === "reset") {
    socket.resetAndDestroy();
    return;
  }
  if (typeof fault === "object") {
    socket.write(head(fault.status, fault.body ?? "", fault.headers) + (fault.body ?? ""));
    return;
  }
  const response = await fetch(target + request.path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request.body),
  });
  const body = await response.text();
  const retryAfter = response.headers.get("retry-after");
  const text = head(response.status, body, retryAfter ? { "retry-after": retryAfter } : {}) + body;
  if (fault === "lose-answer") socket.resetAndDestroy();
  else if (fault === "cut-answer") socket.end(text.slice(0, -5));
  else if (fault === "pass-and-end") socket.end(text);
  else socket.write(text);
}

function head(status: number, body: string, headers: Record<string, string> = {}): string {
  const fields = Object.entries({ "content-length": String(Buffer.byteLength(body)), ...headers });
  return `HTTP/1.1 ${status} Status\r\n` +
    fields.map(([name, value]) => `${name}: ${value}\r\n`).join("") + "\r\n";
}
