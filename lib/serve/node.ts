/**
 * Listening through `node:http` and `node:https`, on either runtime, with the Fetch adapter of
 * `@whatwg-node/server`.
 *
 * @module
 */

import { setMaxListeners } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { Connections } from "./connections.ts";
import { intervalOf, MAX_HEAD_BYTES } from "./limits.ts";
import type { Listen } from "./listen.ts";
import { ClientCertificates, tlsOptions } from "./tls.ts";

/** Not where it is imported, or Deno would load it, and check its types, where it is not used. */
const ADAPTER = "npm:@whatwg-node/server@^0.11.0";

/** What is used of it. */
interface Adapter {
  createServerAdapter(
    answer: (request: Request, context: { req: IncomingMessage }) => Promise<Response>,
  ): (request: IncomingMessage, response: ServerResponse) => void;
}

/** Longer than parties usually compute between two rounds, so that they keep their connections. */
const KEEP_ALIVE_MS = 65_000;

/** {@inheritDoc Listen} */
export const listen: Listen = async (handler, drain, { hostname, port, limits, tls }) => {
  const secure = tls && { ...tlsOptions(tls), handshakeTimeout: limits.headTimeoutMs };
  const { createServerAdapter }: Adapter = await import(ADAPTER);
  setMaxListeners(0, drain.signal); // each link listens; Node would take 11 of them for a leak
  const connections = new Connections(limits);
  // Without an authority nothing vouches for what a client shows, and Deno may have it all the same.
  const certificates = tls?.clientCa === undefined ? undefined : new ClientCertificates();
  const adapter = createServerAdapter((request, { req }) =>
    handler(request, certificates?.of(req.socket))
  );
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    drain.begin();
    response.once("close", () => drain.end());
    connections.begin(request, response);
    adapter(request, response);
  };
  const options = {
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: MAX_HEAD_BYTES,
    headersTimeout: limits.headTimeoutMs,
    requestTimeout: 0, // a link has no end, and other bodies have a pace
    connectionsCheckingInterval: intervalOf(limits),
  };
  const server = secure === undefined
    ? createServer(options, answer)
    : createTlsServer({ ...options, ...secure }, answer);
  server.on("connection", (socket) => connections.admit(socket));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, hostname, () => {
      server.off("error", reject);
      resolve();
    });
  }).catch((error) => {
    connections.close();
    throw error;
  });
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        connections.close();
      }),
  };
};
