/**
 * An HTTP gateway before a server, for tests over real sockets: it may hold requests back, cap
 * them, or be far away.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import {
  type ClientRequest,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as makeRequest,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { type Readable, Transform } from "node:stream";

/** What a gateway does to all requests from now on. */
export type GatewayMode =
  /** Each byte goes on as it comes, in both directions at once. */
  | { kind: "pass" }
  /** A request goes on once it is whole, and so does its answer. */
  | { kind: "buffers" }
  /** A body above so many bytes is answered 413, and its rest is not read. */
  | { kind: "caps"; maxBodyBytes: number }
  /** All that goes either way is under way for so many milliseconds longer. */
  | { kind: "delays"; ms: number };

/** A gateway that listens. */
export interface TestGateway {
  /** Its base URL. */
  url: string;
  /** What it does; may be changed at any time. */
  mode: GatewayMode;
  /** How many requests came. */
  requests(): number;
  /** Ends it, and whatever is under way. */
  close(): Promise<void>;
}

/** Header fields that concern one connection only. */
const HOP_BY_HOP = ["connection", "keep-alive", "transfer-encoding", "content-length", "upgrade"];

/**
 * @param target the base URL of the server behind it, asked for each request
 * @param mode what it does at first
 * @returns the gateway, listening
 */
export async function startGateway(
  target: () => string,
  mode: GatewayMode = { kind: "pass" },
): Promise<TestGateway> {
  let requests = 0;
  const open = new Set<() => void>();
  const server = createServer((request, response) => {
    requests++;
    const forward = new Forward(request, response, target(), gateway.mode);
    const cut = () => forward.cut();
    open.add(cut);
    response.once("close", () => open.delete(cut));
    void forward.run();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const gateway: TestGateway = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mode,
    requests: () => requests,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const cut of open) cut();
      server.closeAllConnections();
      await closed;
    },
  };
  return gateway;
}

/** One request on its way to the server, and its answer on the way back. */
class Forward {
  readonly #near: IncomingMessage;
  readonly #back: ServerResponse;
  readonly #target: string;
  readonly #mode: GatewayMode;
  #far: ClientRequest | undefined;

  constructor(near: IncomingMessage, back: ServerResponse, target: string, mode: GatewayMode) {
    this.#near = near;
    this.#back = back;
    this.#target = target;
    this.#mode = mode;
  }

  /** Breaks both connections. */
  cut(): void {
    this.#far?.destroy();
    this.#near.destroy();
    this.#back.destroy();
  }

  async run(): Promise<void> {
    this.#near.on("error", () => this.cut());
    this.#back.on("error", () => this.cut());
    this.#back.once("close", () => this.#back.writableFinished || this.cut());
    const mode = this.#mode;
    if (mode.kind === "caps" && Number(this.#near.headers["content-length"]) > mode.maxBodyBytes) {
      return this.#refuse();
    }
    if (mode.kind !== "buffers") return this.#stream(mode);
    const body = await read(this.#near).catch(() => undefined);
    if (body !== undefined) this.#open((answer) => this.#answerWhole(answer)).end(body);
  }

  #stream(mode: GatewayMode): void {
    const far = this.#open((answer) => {
      this.#back.writeHead(answer.statusCode!, endToEnd(answer.headers));
      this.#back.flushHeaders();
      this.#lagged(answer).pipe(this.#back);
    });
    far.flushHeaders();
    if (mode.kind === "caps") {
      let seen = 0;
      this.#near.on("data", (chunk: Uint8Array) => {
        seen += chunk.byteLength;
        if (seen > mode.maxBodyBytes) this.#refuse();
      });
    }
    this.#lagged(this.#near).pipe(far);
  }

  /** Opens the request to the server; its body is still to be written. */
  #open(onAnswer: (answer: IncomingMessage) => void): ClientRequest {
    const { method, url, headers } = this.#near;
    const options = { method, headers: endToEnd(headers), agent: false } as const;
    const far = makeRequest(this.#target + url, options, (answer) => {
      answer.on("error", () => this.cut());
      onAnswer(answer);
    });
    far.on("error", () => {
      if (this.#back.headersSent) this.cut();
      else this.#back.writeHead(502).end("Bad Gateway");
    });
    return this.#far = far;
  }

  async #answerWhole(answer: IncomingMessage): Promise<void> {
    const body = await read(answer).catch(() => undefined);
    if (body !== undefined && !this.#back.headersSent) {
      this.#back.writeHead(answer.statusCode!, endToEnd(answer.headers)).end(body);
    }
  }

  /** Answers 413, and ends the connection without reading what is left. */
  #refuse(): void {
    this.#near.unpipe();
    this.#near.pause();
    this.#far?.destroy();
    if (this.#back.headersSent) return this.cut();
    this.#back.writeHead(413, { connection: "close" }).end("Content Too Large");
    this.#back.once("finish", () => this.#near.destroy());
  }

  #lagged(stream: Readable): Readable {
    const mode = this.#mode;
    return mode.kind === "delays" ? stream.pipe(lag(mode.ms)) : stream;
  }
}

/** What passes comes out so many milliseconds later, in its order. */
function lag(ms: number): Transform {
  const line: Transform = new Transform({
    transform: (chunk, _, done) => {
      setTimeout(() => line.destroyed || line.push(chunk), ms);
      done();
    },
    flush: (done) => void setTimeout(done, ms),
  });
  return line;
}

async function read(stream: Readable): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const fields = Object.entries(headers).filter(([name]) => !HOP_BY_HOP.includes(name));
  return Object.fromEntries(fields);
}
