/**
 * A static host of this checkout, as any web server would be one.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { ROOT } from "../../scripts/processes.ts";
import { listen } from "./listen.ts";

/** @returns the host's URL, without a slash at the end, and what ends it */
export function hostCheckout(): Promise<{ url: string; close(): Promise<void> }> {
  return listen(async (request, response) => {
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
}
