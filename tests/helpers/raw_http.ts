/**
 * HTTP/1.1 by hand, over a socket: for requests that no proper client would make.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";

/** Far longer than any server here takes. */
const LIMIT_MS = 30_000;

/** What came back. */
export interface RawAnswer {
  /** The status. */
  status: number;
  /** The header fields; their names are in lower case. */
  headers: Map<string, string>;
  /** The body, without the framing of a chunked one. */
  body: string;
}

/**
 * Writes a request down.
 *
 * @param line its first line, without the version, such as `GET /health`
 * @param headers its header lines, besides `Host`; give the length of the body among them
 * @param body what follows, framed already
 */
export function rawRequest(line: string, headers: string[] = [], body = ""): string {
  return [`${line} HTTP/1.1`, "Host: localhost", ...headers, "", body].join("\r\n");
}

/** One connection to a server of this machine. */
export class RawConnection {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    const end = () => {
      this.#ended = true;
      this.#wake();
    };
    socket.on("end", end).on("error", end).on("close", end).on("data", (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
  }

  /** Connects. @throws {Error} when nothing listens there */
  static async open(port: number, host = "127.0.0.1"): Promise<RawConnection> {
    const socket = connect({ port, host, allowHalfOpen: true });
    await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    return new RawConnection(socket);
  }

  /** Whether the server has ended or cut the connection. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Whether an answer, whole or not, has begun to arrive. */
  get answered(): boolean {
    return this.#received.length > 0;
  }

  /** Writes; resolves once the system has taken the bytes, or the connection is lost. */
  async write(bytes: string | Uint8Array): Promise<void> {
    if (this.#socket.destroyed) return;
    await new Promise<void>((resolve) => {
      this.#socket.once("close", resolve);
      this.#socket.write(bytes, () => {
        this.#socket.off("close", resolve);
        resolve();
      });
    });
  }

  /** Says that nothing more will be written, and goes on reading. */
  halfClose(): void {
    this.#socket.end();
  }

  /** Cuts the connection. */
  destroy(): void {
    this.#socket.destroy();
  }

  /**
   * Takes the next answer.
   *
   * @returns the answer; undefined when the connection ended without a whole one
   * @throws {Error} when neither happens in time
   */
  async answer(): Promise<RawAnswer | undefined> {
    let parsed = parse(this.#received);
    await this.#until("no whole answer has come", () => {
      parsed = parse(this.#received);
      return parsed !== undefined || this.#ended;
    });
    this.#received = this.#received.subarray(parsed?.end ?? 0);
    return parsed?.answer;
  }

  /** Resolves when the server has ended the connection. @throws {Error} when it does not in time */
  async untilEnded(): Promise<void> {
    await this.#until("the connection is still open", () => this.#ended);
  }

  async #until(otherwise: string, done: () => boolean): Promise<void> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#wake();
    }, LIMIT_MS);
    while (!done() && !late) await new Promise<void>((resolve) => this.#wake = resolve);
    clearTimeout(timer);
    if (!done()) throw new Error(`After ${LIMIT_MS} ms ${otherwise}`);
  }
}

/** @returns the first answer in the bytes, and where it ends; undefined while it is not whole */
function parse(bytes: Buffer): { answer: RawAnswer; end: number } | undefined {
  // One character a byte, so that a place in the text is a place in the bytes.
  const text = bytes.toString("latin1");
  const start = text.indexOf("\r\n\r\n") + 4;
  if (start === 3) return undefined;
  const [statusLine = "", ...lines] = text.slice(0, start - 4).split("\r\n");
  const headers = new Map(lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  }));
  const framed = headers.get("transfer-encoding") === "chunked"
    ? readChunks(text, start)
    : readCounted(text, start, Number(headers.get("content-length") ?? 0));
  if (framed === undefined) return undefined;
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1]);
  const body = Buffer.from(framed.body, "latin1").toString("utf8");
  return { answer: { status, headers, body }, end: framed.end };
}

interface Framed {
  body: string;
  end: number;
}

function readCounted(text: string, start: number, length: number): Framed | undefined {
  const end = start + length;
  return text.length < end ? undefined : { body: text.slice(start, end), end };
}

function readChunks(text: string, start: number): Framed | undefined {
  let body = "";
  for (let at = start;;) {
    const data = text.indexOf("\r\n", at) + 2;
    if (data === 1) return undefined;
    const size = parseInt(text.slice(at, data), 16);
    at = data + size + 2;
    if (text.length < at) return undefined;
    if (size === 0) return { body, end: at };
    body += text.slice(data, data + size);
  }
}
