/**
 * A wire that can be listened in on: forwards TCP connections and keeps all that went over them.
 *
 * @module
 */

import { type AddressInfo, connect, createServer } from "node:net";

/** A tapped way to one server. */
export interface Wiretap {
  /** What to use instead of the server's URL. */
  url: string;
  /** All bytes so far, of both directions, as Latin-1 text; one item a connection and direction. */
  heard(): string[];
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
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const [from, to] of [[near, far], [far, near]] as const) {
      const recording: Uint8Array[] = [];
      recordings.push(recording);
      from.on("data", (chunk: Uint8Array) => {
        recording.push(chunk);
        to.write(chunk);
      });
      from.on("close", () => to.destroy());
      from.on("error", () => to.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const latin1 = new TextDecoder("latin1");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard: () => recordings.map((chunks) => chunks.map((chunk) => latin1.decode(chunk)).join("")),
    // The connections end with the parties that made them.
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
