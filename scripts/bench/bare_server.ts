/**
 * What Partyline is measured against: one route behind the same adapter, with nothing around it.
 *
 * @module
 */

import type { AddressInfo } from "node:net";

/** Reads the body and answers what `comm/send` answers. */
async function handle(request: Request): Promise<Response> {
  await request.text();
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
