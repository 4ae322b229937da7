/**
 * Listening on Node: `node:http` through the Fetch adapter of `@whatwg-node/server`.
 *
 * @module
 */

import { setMaxListeners } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Listen } from "./listen.ts";

/** Longer than parties usually compute between two rounds, so that they keep their connections. */
const KEEP_ALIVE_MS = 65_000;

/** {@inheritDoc Listen} */
export const listen: Listen = async (handler, drain, { hostname, port }) => {
  // Bare and dynamic, so that Deno, which never gets here, does not resolve it.
  const { createServerAdapter } = await import("@whatwg-node/server");
  setMaxListeners(0, drain.signal); // each link listens; Node would take 11 of them for a leak
  const adapter = createServerAdapter((request: Request) => handler(request));
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    drain.begin();
    response.once("close", () => drain.end());
    adapter(request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, hostname, () => {
      server.off("error", reject);
      resolve();
    });
  });
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
