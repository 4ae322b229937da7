/**
 * Listening on Deno: `Deno.serve`.
 *
 * @module
 */

import { problemResponse } from "../server/problem.ts";
import type { Listen } from "./listen.ts";

/** What is used of Deno, so that this file has types on Node too. */
interface DenoServe {
  serve(
    options: {
      hostname: string;
      port: number;
      signal: AbortSignal;
      onListen: () => void;
      onError: (error: unknown) => Response;
    },
    handler: (request: Request, info: { completed: Promise<void> }) => Promise<Response>,
  ): { addr: { port: number }; finished: Promise<void> };
}

/** {@inheritDoc Listen} */
// deno-lint-ignore require-await -- so that what Deno.serve throws is a rejection, as on Node
export const listen: Listen = async (handler, drain, { hostname, port }) => {
  const { Deno } = globalThis as unknown as { Deno: DenoServe };
  const stopped = new AbortController();
  const server = Deno.serve(
    // Also hears of the answers that break off, which it has to keep quiet about.
    { hostname, port, signal: stopped.signal, onListen: () => {}, onError: problemResponse },
    async (request, info) => {
      drain.begin();
      const end = () => drain.end();
      info.completed.then(end, end);
      const response = await handler(request);
      const closes = !response.ok && response.headers.get("connection") === "close";
      return closes && request.body !== null ? await breakOff(response) : response;
    },
  );
  return {
    port: server.addr.port,
    stop: () => {
      stopped.abort();
      return server.finished;
    },
  };
};

/**
 * Deno goes on reading the body of a request after the answer to it, even if that closes the
 * connection; only an answer that fails after its last byte makes Deno cut the connection.
 */
async function breakOff(response: Response): Promise<Response> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  const { status, headers } = response;
  headers.set("content-length", String(bytes.byteLength));
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(bytes),
    pull: (controller) => controller.error(new Error("The answer is whole: the connection closes")),
  }, { highWaterMark: 0 });
  return new Response(body, { status, headers });
}
