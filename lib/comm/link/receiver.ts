/**
 * The receiving end of a link: reads the requests of one sender, and acknowledges what it took.
 *
 * @module
 */

import { PartyError } from "../../errors.ts";
import { Bell } from "../../timing.ts";
import { Acknowledger } from "./acknowledger.ts";
import { type BodyReader, readerOf } from "./body_reader.ts";
import type { LinkIntake } from "./intake.ts";
import { LinkFault } from "./sealed/fault.ts";

/** One request of a link, as its handler has it. */
export interface LinkRequest {
  /** Where its body begins in the sender's stream. */
  place: number;
  /** Its body, or the pieces in which it comes. */
  body: Uint8Array | ReadableStream<Uint8Array>;
  /** Whether the body has no known end: it is then acknowledged while it goes on, not once. */
  staysOpen: boolean;
  /** Whether acknowledgements must not wait for what goes the other way. */
  atOnce: boolean;
  /** Aborts when the server is about to close: the sender goes on in another request. */
  draining: AbortSignal | undefined;
}

/** How often a sender whose message finds no room is told that it was not forgotten. */
const WAIT_MS = 1_000;
/** How long a finite request is held up at most; the gateway that made it so may not be patient. */
const MAX_FINITE_WAIT_MS = 10_000;

/** What a receiver asks and tells its session. */
export interface LinkReceiverEvents {
  /** Whether the session has failed, so that there will never be room. */
  isOver(): boolean;
  /** Hears that what the sender sent is of no use. */
  onBroken(error: unknown): void;
}

/** What one sender's requests come to. */
export class LinkReceiver {
  readonly #stream: LinkIntake;
  readonly #events: LinkReceiverEvents;
  readonly #room: Bell = new Bell();
  /** What ends each streaming request that is open. */
  readonly #open: Set<() => void> = new Set();
  /** Of the latest streaming request. */
  #acknowledger: Acknowledger | undefined;
  #closed = false;

  /** @param stream takes the sender's bytes @param events asks and tells the session */
  constructor(stream: LinkIntake, events: LinkReceiverEvents) {
    this.#stream = stream;
    this.#events = events;
  }

  /** Whether anything of the stream was taken. */
  get hasTaken(): boolean {
    return this.#stream.taken > 0;
  }

  /** Says that there may be room for what found none. */
  makeRoom(): void {
    this.#room.ring();
  }

  /** Ends every request that is open; nothing more is taken. */
  close(): void {
    this.#closed = true;
    this.#room.ring();
    for (const end of [...this.#open]) end();
  }

  /**
   * Answers one request.
   *
   * @returns the acknowledgements, for the body of the answer
   * @throws {PartyError} `CONFLICT` when bytes before the place are missing
   */
  async answer(request: LinkRequest): Promise<Uint8Array | ReadableStream<Uint8Array>> {
    const { taken } = this.#stream;
    if (request.place > taken) {
      throw new PartyError(
        "CONFLICT",
        `Cannot go on at byte ${request.place} of the link: the bytes from ${taken} on are missing`,
      );
    }
    const { place, body, staysOpen, draining } = request;
    if (staysOpen && !(body instanceof Uint8Array)) return this.#stay(request, body);
    const waitUntil = performance.now() + MAX_FINITE_WAIT_MS;
    const isOver = () => this.#closed || draining?.aborted || performance.now() >= waitUntil;
    const wake = () => this.#room.ring();
    draining?.addEventListener("abort", wake);
    try {
      if (!(body instanceof Uint8Array)) await this.#takePieces(place, body, () => !isOver());
      else await this.#take(place, body, () => !isOver());
      return this.#stream.acknowledge(this.#stream.acknowledged);
    } finally {
      draining?.removeEventListener("abort", wake);
    }
  }

  /** What is to be acknowledged to the sender along with what is sent to it now. */
  takeDue(): number | undefined {
    return this.#acknowledger?.takeDue();
  }

  /** Acknowledges on the answer, while the request goes on. */
  #stay(
    { place, atOnce, draining }: LinkRequest,
    body: ReadableStream<Uint8Array>,
  ): ReadableStream<Uint8Array> {
    const reader = readerOf(body);
    let [end, forget] = [() => {}, () => {}];
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        const write = (held: number) => controller.enqueue(this.#stream.acknowledge(held));
        const acknowledger = new Acknowledger(write, atOnce);
        let ended = false;
        forget = () => {
          ended = true;
          acknowledger.close();
          if (this.#acknowledger === acknowledger) this.#acknowledger = undefined;
          this.#open.delete(end);
          draining?.removeEventListener("abort", end);
        };
        end = () => {
          if (ended) return;
          acknowledger.tell(this.#stream.acknowledged);
          if (ended) return; // Deno finds that the sender has gone, and cancels, while it is written
          forget();
          controller.close();
        };
        this.#acknowledger = acknowledger;
        this.#open.add(end);
        draining?.addEventListener("abort", end);
        acknowledger.tell(this.#stream.acknowledged);
        const onTaken = () => {
          if (ended) return false;
          const { acknowledged, midway, blocked } = this.#stream;
          if (blocked) acknowledger.tell(acknowledged);
          else acknowledger.owe(acknowledged, midway);
          return true;
        };
        // A request that breaks is no fault: its sender goes on in another.
        void this.#read(place, reader, onTaken).then(end, end);
      },
      cancel: async () => {
        forget();
        await reader.cancel(); // Deno leaves the request open when its sender has gone
      },
    });
  }

  /** Takes what a streaming request brings. Parameters as for {@linkcode LinkReceiver.#take}. */
  async #read(place: number, reader: BodyReader, onTaken: () => boolean): Promise<void> {
    let at = place;
    for (let value = await reader.read(); value !== undefined; value = await reader.read()) {
      const pushed = this.#push(at, value);
      const taken = pushed instanceof Promise ? await pushed : pushed;
      at += value.byteLength;
      if (taken === value.byteLength && !this.#stream.blocked) {
        if (!onTaken()) return;
      } else if (!(await this.#take(at - value.byteLength, value, onTaken))) return;
    }
  }

  /** Takes a body as it comes; the sender hears of no answer before it was read to its end. */
  async #takePieces(
    place: number,
    body: ReadableStream<Uint8Array>,
    onTaken: () => boolean,
  ): Promise<void> {
    let at = place;
    let taken = Promise.resolve(true);
    try {
      for await (const piece of body) {
        const from = at;
        at += piece.byteLength;
        taken = taken.then((goesOn) => goesOn && this.#take(from, piece, onTaken));
        await taken.catch(() => {});
      }
    } catch (cause) {
      throw new PartyError("INVALID_REQUEST", `The body ended early, at byte ${at}`, { cause });
    }
    await taken;
  }

  /**
   * Takes bytes, waiting for room if need be.
   *
   * @param onTaken is called when bytes were taken, and while there is no room, about once a second;
   * returns whether to go on
   * @returns whether to go on with what follows
   */
  async #take(place: number, bytes: Uint8Array, onTaken: () => boolean): Promise<boolean> {
    for (let at = 0;;) {
      const pushed = this.#push(place + at, bytes.subarray(at));
      at += pushed instanceof Promise ? await pushed : pushed;
      if (!onTaken()) return false;
      if (at === bytes.byteLength && !this.#stream.blocked) return true;
      if (this.#events.isOver()) return false;
      await this.#room.heard(WAIT_MS);
    }
  }

  #push(place: number, bytes: Uint8Array): number | Promise<number> {
    if (this.#closed) return 0;
    try {
      const pushed = this.#stream.push(place, bytes);
      return pushed instanceof Promise ? pushed.catch((error) => this.#refuse(error)) : pushed;
    } catch (error) {
      return this.#refuse(error);
    }
  }

  #refuse(error: unknown): never {
    if (!(error instanceof LinkFault)) this.#events.onBroken(error);
    throw error;
  }
}
