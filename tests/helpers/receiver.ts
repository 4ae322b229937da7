/**
 * A server that reads what it is sent, answers while it does, and remembers what it saw.
 *
 * @module
 */

import { serve } from "../../mod.ts";

/** What the receiver saw of one request. */
export interface Received {
  /** Its path. */
  path: string;
  /** The media type of its body. */
  type: string | null;
  /** The bytes of its body so far. */
  text: string;
  /** How the body ended; undefined while it lasts. */
  end: "whole" | "broken" | undefined;
}

/** Where requests may go: in this process, or over sockets. */
export interface Receiver {
  /** Its base URL. */
  url: string;
  /** Reaches it, without any fault. */
  fetch: typeof fetch;
  /** The requests, in the order in which they came. */
  received: Received[];
  /** Ends it. */
  close(): Promise<void>;
}

/** How requests reach the receiver. */
export type Way = "in memory" | "over sockets";

/**
 * Starts a receiver. To `/stream...` it answers at once, and then `n;` for each chunk, n being the
 * bytes so far; to `/unread` it answers without reading; to others once the request has ended.
 */
export async function startReceiver(way: Way): Promise<Receiver> {
  const received: Received[] = [];
  const answer = async (request: Request): Promise<Response> => {
    const path = new URL(request.url).pathname;
    const type = request.headers.get("content-type");
    const seen: Received = { path, type, text: "", end: undefined };
    received.push(seen);
    if (path === "/unread") return new Response("unread");
    if (path.startsWith("/stream")) return new Response(acknowledgements(request, seen));
    for await (const _ of chunks(request, seen));
    return new Response(`${seen.text.length} bytes`);
  };
  if (way === "in memory") {
    return {
      url: "http://receiver.test",
      fetch: (input, init) => answer(new Request(input, init)),
      received,
      close: () => Promise.resolve(),
    };
  }
  const server = await serve({ fetch: (request) => answer(request).catch(() => new Response()) }, {
    port: 0,
    graceMs: 0,
  });
  return { url: server.url, fetch, received, close: () => server.close() };
}

/** Reads a request's body, and notes what comes. */
async function* chunks(
  request: Request,
  seen: Received,
  onReader?: (reader: ReadableStreamDefaultReader<Uint8Array>) => void,
): AsyncGenerator<number> {
  const reader = request.body?.getReader();
  if (reader !== undefined) onReader?.(reader);
  const utf8 = new TextDecoder();
  try {
    for (let next = await reader?.read(); next?.done === false; next = await reader?.read()) {
      seen.text += utf8.decode(next.value, { stream: true });
      yield seen.text.length;
    }
    seen.end ??= "whole";
  } catch (error) {
    seen.end = "broken";
    throw error;
  }
}

function acknowledgements(request: Request, seen: Received): ReadableStream<Uint8Array> {
  const utf8 = new TextEncoder();
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  const came = chunks(request, seen, (opened) => reader = opened);
  return new ReadableStream({
    pull: async (controller) => {
      const { done, value } = await came.next();
      if (done) controller.close();
      else controller.enqueue(utf8.encode(`${value};`));
    },
    cancel: async (reason) => {
      // On Deno, a read that waits when the answer's connection breaks may wait for ever.
      seen.end ??= "broken";
      await reader?.cancel(reason).catch(() => {});
    },
  }, { highWaterMark: 0 });
}
