/**
 * A wire that can be listened in on: forwards TCP connections and keeps all that went over them.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { type AddressInfo, connect, createServer } from "node:net";

/** A request that went over the wire, or as much of it as did. */
export interface HeardRequest {
  /** Its path. */
  path: string;
  /** Its header fields; their names are in lower case. */
  headers: Map<string, string>;
  /** Its body, without the framing of a chunked one. */
  body: Uint8Array;
}

/** A tapped way to one server. */
export interface Wiretap {
  /** What to use instead of the server's URL. */
  url: string;
  /** All bytes so far, of both directions; one item a connection and direction. */
  heard(): Uint8Array[];
  /** The requests among them. @throws {Error} when what went to the server is no HTTP */
  requests(): HeardRequest[];
  /** Ends it, and every connection through it. */
  close(): Promise<void>;
}

/**
 * @param target the URL of the server to forward to
 * @returns a tapped way to it
 */
export async function tap(target: string): Promise<Wiretap> {
  const { hostname, port } = new URL(target);
  const recordings: Uint8Array[][] = [];
  const requests: Uint8Array[][] = [];
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const [from, to] of [[near, far], [far, near]] as const) {
      const recording: Uint8Array[] = [];
      recordings.push(recording);
      if (from === near) requests.push(recording);
      from.on("data", (chunk: Uint8Array) => {
        recording.push(chunk);
        to.write(chunk);
      });
      from.on("close", () => to.destroy());
      from.on("error", () => to.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard: () => recordings.map((chunks) => Buffer.concat(chunks)),
    requests: () => requests.flatMap((chunks) => parseRequests(Buffer.concat(chunks))),
    // The connections end with the parties that made them.
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function parseRequests(bytes: Buffer): HeardRequest[] {
  const requests: HeardRequest[] = [];
  for (let at = 0; at < bytes.length;) {
    const headEnd = bytes.indexOf("\r\n\r\n", at);
    if (headEnd === -1) break; // the connection was cut
    const [line, ...lines] = bytes.toString("latin1", at, headEnd).split("\r\n");
    const path = /^[A-Z]+ (\S+) HTTP\/1\.1$/.exec(line!)?.[1];
    if (path === undefined) throw new Error(`Cannot read ${line} as a request`);
    const headers = new Map(lines.map((field) => {
      const colon = field.indexOf(":");
      return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
    }));
    const start = headEnd + 4;
    let body: Buffer;
    if (headers.get("transfer-encoding") === "chunked") [body, at] = readChunks(bytes, start);
    else {
      at = start + Number(headers.get("content-length") ?? 0);
      body = bytes.subarray(start, at);
    }
    requests.push({ path, headers, body });
  }
  return requests;
}

/** @returns the body, and where it ends; as much as there is of one that was cut */
function readChunks(bytes: Buffer, start: number): [body: Buffer, end: number] {
  const chunks: Buffer[] = [];
  for (let at = start; at < bytes.length;) {
    const data = bytes.indexOf("\r\n", at) + 2;
    if (data === 1) break;
    const size = parseInt(bytes.toString("latin1", at, data), 16);
    at = data + size + 2;
    if (size === 0) return [Buffer.concat(chunks), at];
    chunks.push(bytes.subarray(data, data + size));
  }
  return [Buffer.concat(chunks), bytes.length];
}
