/**
 * Listening on Deno by `Deno.serve`: faster than `node:http`, without its limits, for loopback only.
 *
 * @module
 */

import { problemResponse } from "../server/problem.ts";
import { within } from "../timing.ts";
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
  ): { addr: { port: number }; finished: Promise<void>; shutdown(): Promise<void> };
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
      // Not sooner: a shutdown before the answer's end would wait for the end of the request too,
      // which never comes from a sender that is lost. What is left to be written, it waits for.
      const end = () => drain.end();
      info.completed.then(end, end);
      const response = await handler(request);
      const closes = !response.ok && response.headers.get("connection") === "close";
      return closes ? await breakOff(response, request.body, info.completed) : response;
    },
  );
  return {
    port: server.addr.port,
    stop: async (graceMs) => {
      // What is being shut down cannot be aborted any more.
      if (graceMs > 0) return void await within(graceMs, server.shutdown());
      stopped.abort();
      await server.finished;
    },
  };
};

/**
 * Makes an answer close the connection. To Deno the header alone means nothing, and it goes on to
 * read the body of the request, however long that is. Up to 2.9.5 it stops when the answer fails
 * after its last byte, later when the body is cancelled once the answer is written.
 */
async function breakOff(
  response: Response,
  requestBody: ReadableStream | null,
  written: Promise<void>,
): Promise<Response> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  const { status, headers } = response;
  headers.set("content-length", String(bytes.byteLength));
  const cancel = () => requestBody?.cancel().catch(() => {}); // it may be at its end
  written.then(cancel, cancel);
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(bytes),
    pull: (controller) => controller.error(new Error("The answer is whole: the connection closes")),
  }, { highWaterMark: 0 });
  return new Response(body, { status, headers });
}
