/**
 * The HTTP API, on this runtime's own server and mounted by hand on another.
 *
 * @module
 */

import type { IncomingMessage } from "node:http";
import { test } from "uvu";
import { type Party, serve } from "../mod.ts";
import { listen } from "./helpers/listen.ts";
import { httpApiSuite } from "./suites/http_api.ts";

async function requestOf({ url, method, headers }: IncomingMessage, body: Uint8Array[]) {
  const bodied = method !== "GET" && method !== "HEAD";
  return new Request(`http://${headers.host}${url}`, {
    method,
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, String(value)]),
    ),
    body: bodied ? await new Blob(body as BlobPart[]).arrayBuffer() : undefined,
  });
}

/** Mounts `party.fetch` on a bare `node:http` server, as any framework could. */
function mountByHand(party: Party): Promise<{ url: string; close(): Promise<void> }> {
  return listen(async (incoming, outgoing) => {
    const body: Uint8Array[] = [];
    for await (const chunk of incoming) body.push(chunk);
    const response = await party.fetch(await requestOf(incoming, body));
    outgoing.writeHead(response.status, Object.fromEntries(response.headers));
    outgoing.end(new Uint8Array(await response.arrayBuffer()));
  });
}

httpApiSuite("serve", (party) => serve(party, { port: 0 }));
httpApiSuite("mounted by hand", mountByHand);

test.run();
