/**
 * The HTTP API, on this runtime's own server and mounted by hand on another.
 *
 * @module
 */

import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "uvu";
import { type Party, serve } from "../mod.ts";
import { httpApiSuite } from "./suites/http_api.ts";

async function requestOf({ url, method, headers }: IncomingMessage, body: Uint8Array[]) {
  const bodied = method !== "GET" && method !== "HEAD";
  return new Request(`http://${headers.host}${url}`, {
    method,
    headers: Object.entries(headers).map(([name, value]) => [name, String(value)]),
    body: bodied ? await new Blob(body as BlobPart[]).arrayBuffer() : undefined,
  });
}

/** Mounts `party.fetch` on a bare `node:http` server, as any framework could. */
async function mountByHand(party: Party): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer(async (incoming, outgoing) => {
    const body: Uint8Array[] = [];
    for await (const chunk of incoming) body.push(chunk);
    const response = await party.fetch(await requestOf(incoming, body));
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    outgoing.end(new Uint8Array(await response.arrayBuffer()));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

httpApiSuite("serve", (party) => serve(party, { port: 0 }));
httpApiSuite("mounted by hand", mountByHand);

test.run();
