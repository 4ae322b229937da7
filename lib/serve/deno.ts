/**
 * Listening on Deno: `Deno.serve`.
 *
 * @module
 */

import type { Listen } from "./listen.ts";

/** What is used of Deno, so that this file has types on Node too. */
interface DenoServe {
  serve(
    options: { hostname: string; port: number; signal: AbortSignal; onListen: () => void },
    handler: (request: Request, info: { completed: Promise<void> }) => Promise<Response>,
  ): { addr: { port: number }; finished: Promise<void> };
}

/** {@inheritDoc Listen} */
export const listen: Listen = (handler, drain, { hostname, port }) => {
  const { Deno } = globalThis as unknown as { Deno: DenoServe };
  const stopped = new AbortController();
  const server = Deno.serve(
    { hostname, port, signal: stopped.signal, onListen: () => {} },
    (request, info) => {
      drain.begin();
      const end = () => drain.end();
      info.completed.then(end, end);
      return handler(request);
    },
  );
  return Promise.resolve({
    port: server.addr.port,
    stop: () => {
      stopped.abort();
      return server.finished;
    },
  });
};
