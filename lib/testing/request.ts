/**
 * Requests and answers taken apart, so that they can be passed on otherwise than they came.
 *
 * @module
 */

import type { ByteStream, Connection, Flow } from "./connection.ts";

/** What a request is made of. */
interface Parts {
  url: string | URL;
  /** All but the body and the signal. */
  init: RequestInit;
  /** What the body is when it is a stream. */
  stream?: ByteStream;
  /** What it is otherwise. */
  body?: BodyInit | null;
}

/** A request that is about to be made. */
export class Outgoing {
  readonly #parts: Parts;

  private constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * Takes a request apart as `fetch` is given it.
   *
   * @returns the request, and the signal that gives it up
   */
  static from(
    input: RequestInfo | URL,
    init: RequestInit = {},
  ): [request: Outgoing, signal: AbortSignal | null | undefined] {
    if (input instanceof Request) {
      const request = new Request(input, init);
      const { url, method, headers, redirect, body } = request;
      const parts = { url, init: { method, headers, redirect } };
      const stream = body as ByteStream | null;
      return [new Outgoing(stream === null ? parts : { ...parts, stream }), request.signal];
    }
    const { body, signal, ...rest } = init;
    const parts = { url: input, init: rest };
    return [
      new Outgoing(
        body instanceof ReadableStream
          ? { ...parts, stream: body as ByteStream }
          : { ...parts, body: body ?? null },
      ),
      signal,
    ];
  }

  /** Whether the body is a stream: it may last, and can be sent only once. */
  get streams(): boolean {
    return this.#parts.stream !== undefined;
  }

  /** Where it goes; empty when the URL is none. */
  get origin(): string {
    return URL.canParse(String(this.#parts.url)) ? new URL(this.#parts.url).origin : "";
  }

  /** @returns how many bytes the body has; undefined when it is a stream */
  async size(): Promise<number | undefined> {
    return this.streams ? undefined : (await this.#written()).bytes.byteLength;
  }

  /** @returns the same request, its finite body made a stream */
  async streamed(): Promise<Outgoing> {
    if (this.streams) return this;
    const { url, init } = this.#parts;
    const { bytes, headers } = await this.#written();
    if (bytes.byteLength === 0) return this;
    const stream: ByteStream = new ReadableStream({
      start: (controller) => {
        controller.enqueue(bytes);
        controller.close();
      },
    });
    return new Outgoing({ url, init: { ...init, headers }, stream });
  }

  /** @returns the same request, what comes out of its stream relayed first */
  relayed(connection: Connection, flow: Flow): Outgoing {
    const { stream, ...parts } = this.#parts;
    if (stream === undefined) return this;
    return new Outgoing({ ...parts, stream: connection.relay(stream, flow) });
  }

  /** @returns the same request, its stream read to the end */
  async whole(connection: Connection): Promise<Outgoing> {
    const { stream, ...parts } = this.#parts;
    if (stream === undefined) return this;
    return new Outgoing({ ...parts, body: await bytesOf(connection.relay(stream)) });
  }

  /** Makes the request. @param fetch what makes it @param signal gives it up */
  send(fetch: typeof globalThis.fetch, signal: AbortSignal): Promise<Response> {
    const { url, init, stream, body } = this.#parts;
    const streaming = stream === undefined ? { body } : { body: stream, duplex: "half" };
    return fetch(url, { ...init, ...streaming as { body?: BodyInit | null }, signal });
  }

  /** Drops the body, which nobody will read. */
  async discard(reason?: unknown): Promise<void> {
    await this.#parts.stream?.cancel(reason).catch(() => {}); // a relay may have it, and cancels it
  }

  /** What the finite body is on the wire, and the headers with its media type. */
  async #written(): Promise<{ bytes: Uint8Array<ArrayBuffer>; headers: Headers }> {
    const { url, init, body } = this.#parts;
    const request = new Request(url, { ...init, body });
    return { bytes: new Uint8Array(await request.arrayBuffer()), headers: request.headers };
  }
}

/** @returns the same answer, its body relayed */
export function relayedAnswer(response: Response, connection: Connection, flow: Flow): Response {
  const { body, status, statusText, headers, url } = response;
  if (body === null) {
    connection.end();
    return response;
  }
  const relayed = connection.relay(body as ByteStream, {
    ...flow,
    atEnd: () => {
      const ends = flow.atEnd?.() ?? true;
      if (ends) connection.end();
      return ends;
    },
    // Whoever wants no more of an answer cuts the connection: HTTP/1.1 has no other way to say it.
    onCancel: (reason) => connection.break(reason ?? networkError("cancelled")),
  });
  const answer = new Response(relayed, { status, statusText, headers });
  return Object.defineProperty(answer, "url", { value: url });
}

/** @returns the same answer, read to its end */
export async function wholeAnswer(response: Response, connection: Connection): Promise<Response> {
  const { body, status, statusText, headers } = response;
  if (body === null) return response;
  const bytes = await bytesOf(connection.relay(body as ByteStream));
  return new Response(bytes, { status, statusText, headers });
}

/** What `fetch` fails with when a connection does. @param kind which fault it was */
export function networkError(kind: string): TypeError {
  const cause = Object.assign(new Error(`connection reset (${kind})`), { code: "ECONNRESET" });
  return new TypeError("fetch failed", { cause });
}

async function bytesOf(stream: ByteStream): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
