/**
 * What Partyline is measured against: one route behind the same adapter, with nothing around it.
 *
 * @module
 */

import type { AddressInfo } from "node:net";

/** Reads the body whole, as what it is, and answers what `comm/send` answers. */
async function handle(request: Request): Promise<Response> {
  const binary = request.headers.get("content-type") === "application/octet-stream";
  await (binary ? request.arrayBuffer() : request.text());
  return Response.json({ status: "ok" });
}

/** @returns the URL of a server that listens on a free port of this machine */
export async function startBareServer(): Promise<string> {
  if ("Deno" in globalThis) {
    const { Deno } = globalThis as unknown as {
      Deno: {
        serve(options: object, handler: typeof handle): { addr: { port: number } };
      };
    };
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    return `http://127.0.0.1:${Deno.serve(options, handle).addr.port}`;
  }
  const { createServer } = await import("node:http");
  const { createServerAdapter } = await import("@whatwg-node/server");
  const server = createServer(createServerAdapter(handle));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/**
 * One bare `fetch`, until its answer is read.
 *
 * @param url a bare server's
 * @param body text is sent as JSON, bytes as they are
 */
export async function barePost(url: string, body: string | Uint8Array<ArrayBuffer>): Promise<void> {
  const type = typeof body === "string" ? "application/json" : "application/octet-stream";
  const response = await fetch(url, { method: "POST", headers: { "content-type": type }, body });
  await response.text();
}
