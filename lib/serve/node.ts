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
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as ReadableStreamOfNode } from "node:stream/web";
import { problemResponse } from "../server/problem.ts";
import { Connections } from "./connections.ts";
import { intervalOf, MAX_HEAD_BYTES } from "./limits.ts";
import type { Listen } from "./listen.ts";
import { ClientCertificates, tlsOptions } from "./tls.ts";

/** Not where they are imported, or Deno would load them, and check their types, with all of it. */
const ADAPTER = "npm:@whatwg-node/server@^0.11.0";
/** Its requests. Those of Deno, which it would take there, are not made for `node:http`. */
const REQUESTS = "npm:@whatwg-node/node-fetch@^0.8.6";

/** What is used of them. */
interface Adapter {
  normalizeNodeRequest(
    incoming: IncomingMessage,
    api: { Request: unknown },
    outgoing: ServerResponse,
    hasOwnSignals: boolean,
  ): Request;
}

/** Longer than parties usually compute between two rounds, so that they keep their connections. */
const KEEP_ALIVE_MS = 65_000;

/** {@inheritDoc Listen} */
export const listen: Listen = async (handler, drain, { hostname, port, limits, tls }) => {
  const secure = tls && { ...tlsOptions(tls), handshakeTimeout: limits.headTimeoutMs };
  const [adapter, { Request }]: [Adapter, { Request: unknown }] = await Promise.all([
    import(ADAPTER),
    import(REQUESTS),
  ]);
  setMaxListeners(0, drain.signal); // each link listens; Node would take 11 of them for a leak
  const connections = new Connections(limits);
  // Without an authority nothing vouches for what a client shows, and Deno may have it all the same.
  const certificates = tls?.clientCa === undefined ? undefined : new ClientCertificates();
  const respond = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const request = adapter.normalizeNodeRequest(incoming, { Request }, outgoing, false);
    return await handler(request, certificates?.of(incoming.socket));
  };
  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    drain.begin();
    outgoing.once("close", () => drain.end());
    connections.begin(incoming, outgoing);
    try {
      const response = await respond(incoming, outgoing).catch(problemResponse);
      await send(response, outgoing);
    } catch {
      outgoing.destroy(); // or an answer that broke would look as if it went on
    }
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

/** The adapter's own way leaves an answer that breaks open, and may end the process over it. */
async function send({ status, headers, body }: Response, outgoing: ServerResponse): Promise<void> {
  if (outgoing.destroyed) return await body?.cancel(); // its client left before it was there
  outgoing.statusCode = status;
  outgoing.setHeaders(headers);
  if (body === null) outgoing.end();
  else await pipeline(Readable.fromWeb(body as ReadableStreamOfNode), outgoing);
}
