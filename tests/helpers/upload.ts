/**
 * A request whose body a test writes while the answer comes.
 *
 * @module
 */

import { moment } from "./waiting.ts";

/** What is written when nothing else is said: ten bytes. */
export const CHUNK = "0123456789";

const utf8 = new TextEncoder();

/** A request that is being written, and what came back of it. */
export class Upload {
  /** The answer, once its head is there. */
  readonly answer: Promise<Response>;
  /** What came of the answer's body. */
  text = "";
  /** What the answer ended with: `end`, the message of an error's cause, or what else was thrown. */
  ended: unknown;
  /** What the request's body was cancelled with. */
  cancelled: unknown;
  /** How many chunks were asked for. */
  pulls = 0;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;

  /**
   * Begins a request.
   *
   * @param fetch what makes it
   * @param url where it goes
   * @param init what else it has
   * @param onPull is called when a chunk is asked for
   */
  constructor(
    fetch: typeof globalThis.fetch,
    url: string,
    init: RequestInit = {},
    onPull: () => void = () => {},
  ) {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => {
        this.pulls++;
        onPull();
      },
      cancel: (reason) => {
        this.cancelled = reason ?? "no reason";
      },
    }, { highWaterMark: 0 });
    const streaming = { method: "POST", body, duplex: "half", ...init };
    this.answer = fetch(url, streaming as RequestInit);
    void this.#read();
  }

  /** Writes a chunk, while the request lasts. */
  write(text: string = CHUNK): void {
    if (this.cancelled === undefined) this.#controller.enqueue(utf8.encode(text));
  }

  /** Ends the body. */
  end(): void {
    if (this.cancelled === undefined) this.#controller.close();
  }

  /** Breaks the body. */
  fail(error: unknown): void {
    this.#controller.error(error);
  }

  /** Wants no more of the answer. */
  async leave(): Promise<void> {
    await this.#reader?.cancel();
  }

  /** Writes until something breaks. */
  async writeOn(): Promise<void> {
    while (this.ended === undefined) {
      this.write();
      await moment(1);
    }
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    try {
      const { body } = await this.answer;
      const reader = this.#reader = body!.getReader();
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        this.text += decoder.decode(next.value, { stream: true });
      }
      this.ended = "end";
    } catch (error) {
      this.ended = ((error as Error)?.cause as Error)?.message ?? error;
    }
  }
}
