/**
 * A static host of this checkout, as any web server would be one.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { ROOT } from "../../scripts/processes.ts";

/** @returns the host's URL, without a slash at the end, and what ends it */
export async function hostCheckout(): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url!, "http://localhost");
    try {
      const text = await readFile(`${ROOT}${pathname.slice(1)}`);
      // Hosts that take .ts for a video break every import.
      response.setHeader("content-type", "text/typescript; charset=utf-8");
      response.end(text);
    } catch {
      response.writeHead(404).end();
    }
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
