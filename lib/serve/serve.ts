/**
 * Serving a party on the runtime at hand.
 *
 * @module
 */

import { describeError, NetworkError, PartyError } from "../errors.ts";
import type { RequestContext } from "../server/routes.ts";
import { Drain } from "./drain.ts";
import { completeLimits, type ServeLimits } from "./limits.ts";
import type { Listen } from "./listen.ts";
import { isLoopback } from "./loopback.ts";
import type { ServeTlsOptions } from "./tls.ts";

/** Options of {@linkcode serve}. */
export interface ServeOptions {
  /**
   * The address to listen on. Any other than a loopback address lets the network in, and is refused
   * for a party without keys.
   *
   * @default {"127.0.0.1"}
   */
  hostname?: string;
  /**
   * Lets the network reach a party without keys: everyone there can then drive it, read its symbols
   * and speak for the other parties.
   *
   * @default {false}
   */
  insecure?: boolean;
  /**
   * The port to listen on; 0 picks a free one.
   *
   * @default {8000}
   */
  port?: number;
  /** Closes the server when it aborts. */
  signal?: AbortSignal;
  /**
   * How long `close()` waits for requests that are being answered, in milliseconds.
   *
   * @default {5_000}
   */
  graceMs?: number;
  /**
   * Serves HTTPS, with this certificate; with an authority of clients' too, mutual TLS.
   *
   * @default {plain HTTP}
   */
  tls?: ServeTlsOptions;
  /**
   * What the network may take of the server. At a loopback address on Deno they hold only where
   * some are given, if but `{}`, or TLS is: what serves there otherwise is faster, and has none.
   *
   * @default {the defaults of each}
   */
  limits?: ServeLimits;
}

/** A server that listens. */
export interface Server {
  /** Its base URL, such as `http://127.0.0.1:8000`; `https:` with TLS. */
  readonly url: string;
  /** The port that it listens on. */
  readonly port: number;
  /**
   * Answers what is in flight, 503 to what comes meanwhile, then ends every connection.
   *
   * @returns resolves when the port is free, after the grace period at the latest
   */
  close(): Promise<void>;
  /** The same as `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Serves a party's HTTP API, on Node or on Deno.
 *
 * @param party what answers, such as the party that `createParty()` made, and whether it asks who
 * speaks to it
 * @param options where to listen, and until when
 * @returns the server, listening
 * @throws {PartyError} `FORBIDDEN` when the network would reach a party without keys
 * @throws {RangeError} when the port is no whole number from 0 to 65535, or a limit is none
 * @throws {TypeError} when the certificate or its key cannot be read, or do not belong together
 * @throws {NetworkError} when it cannot listen there, with the runtime's error as the cause
 *
 * @example
 * ```ts
 * import { createParty, serve } from "partyline";
 *
 * const server = await serve(createParty(), { port: 0 });
 * const answer = await fetch(`${server.url}/health`);
 * console.log(await answer.json()); // { status: "ok" }
 * await server.close();
 * ```
 */
export async function serve(
  party: {
    fetch(request: Request, context: RequestContext): Promise<Response>;
    readonly hasKeys?: boolean;
  },
  options: ServeOptions = {},
): Promise<Server> {
  const { hostname = "127.0.0.1", port = 8000, signal, graceMs = 5_000, tls } = options;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    const given = typeof port === "number" ? port : `a ${typeof port}`;
    throw new RangeError(`Cannot listen on port ${given}: give a whole number from 0 to 65535`);
  }
  const limits = completeLimits(options.limits ?? {});
  signal?.throwIfAborted();
  const isLocal = isLoopback(hostname);
  if (!isLocal && !party.hasKeys && !options.insecure) throw wouldLetAllIn(hostname);
  const isLimited = !isLocal || tls !== undefined || options.limits !== undefined;
  const listen: Listen = "Deno" in globalThis && !isLimited
    ? (await import("./deno.ts")).listen
    : (await import("./node.ts")).listen;
  const drain = new Drain();
  const handler = drain.guard((request, context) => party.fetch(request, { ...context, isLocal }));
  const listener = await listen(handler, drain, { hostname, port, limits, tls }).catch((cause) => {
    if (tls !== undefined && cause instanceof TypeError) throw cause; // of its options
    throw new NetworkError(
      `Cannot listen on ${hostname} port ${port}: ${describeError(cause)}; ${adviceFor(cause)}`,
      { cause },
    );
  });

  let closed: Promise<void> | undefined;
  const close = () => closed ??= drain.finish(graceMs).then((leftMs) => listener.stop(leftMs));
  const onAbort = () => void close();
  if (signal?.aborted) onAbort();
  signal?.addEventListener("abort", onAbort, { once: true });
  return {
    url: `${tls ? "https" : "http"}://${hostForUrl(hostname)}:${listener.port}`,
    port: listener.port,
    close: () => close().finally(() => signal?.removeEventListener("abort", onAbort)),
    [Symbol.asyncDispose]: close,
  };
}

function wouldLetAllIn(hostname: string): PartyError {
  return new PartyError(
    "FORBIDDEN",
    `Cannot listen on ${hostname}, as whoever reaches a party without keys can drive it and speak ` +
      `for the others: give it an identity, listen on 127.0.0.1, or allow all of that with insecure`,
  );
}

function hostForUrl(hostname: string): string {
  return hostname.includes(":") ? `[${hostname}]` : hostname;
}

/** Both runtimes give the same codes; Deno gives none for a name that it cannot look up. */
function adviceFor(cause: { code?: string }): string {
  switch (cause.code) {
    case "EADDRINUSE":
    case "EACCES":
      return "choose another port";
    default:
      return "check the hostname, which has to be an address of this machine, and the port";
  }
}
