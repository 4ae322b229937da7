/**
 * Both ends of a link, joined by a network that loses, repeats and delays, without I/O. After each
 * step it checks what must always hold.
 *
 * @module
 */

import * as assert from "uvu/assert";
import { AckReader, encodeAck } from "../../lib/comm/link/acks.ts";
import { IncomingStream } from "../../lib/comm/link/incoming.ts";
import { OutgoingStream } from "../../lib/comm/link/outgoing.ts";
import { frameMessage } from "../../lib/wire/frames.ts";
import { concat } from "./hand_frames.ts";
import { assertSame } from "./same.ts";

/** A message, as its sender knows it. */
interface Message {
  key: string;
  value: unknown;
  /** The place in the stream after it. */
  end: number;
}

/** One request, which lasts until it is cut. */
interface Request {
  /** Where the sender goes on to read the stream. */
  place: number;
  /** What is on its way to the receiver: not copied, as the sender may use its memory again. */
  up: Uint8Array[];
  /** Where the receiver goes on, and what it has but found no room for. */
  taken: number;
  rest: Uint8Array;
  /** What is on its way back. */
  down: Uint8Array;
  acks: AckReader;
}

const NOTHING = new Uint8Array();

/** A sender, a receiver, and what is between them. */
export class LinkModel {
  /** The sender's end. */
  readonly outgoing: OutgoingStream = new OutgoingStream();
  /** The receiver's end. */
  readonly incoming: IncomingStream;
  /** Whether the receiver has room. */
  room = true;
  /** The requests that are open, the newest last. */
  readonly requests: Request[] = [];
  readonly #sent: Message[] = [];
  /** Acknowledgements of the other direction, which are in the stream and have not come yet. */
  readonly #along: number[] = [];
  #delivered = 0;
  #read = 0;

  /** A link that nothing was sent on. */
  constructor() {
    this.incoming = new IncomingStream({
      admits: () => this.room,
      deliver: (key, value) => {
        if (!this.room) return false;
        const expected = this.#sent[this.#delivered];
        assert.ok(expected, `key ${key} came, and was never sent`);
        assert.is(key, expected.key, "the order");
        assertSameFast(value, expected.value);
        this.#delivered++;
        return true;
      },
      acknowledge: (place) => assert.is(place, this.#along.shift(), "what came along"),
    }, 2 ** 31);
  }

  /** Appends a message, as a party does; or in frames made by hand. */
  send(key: string, value: unknown, frames?: readonly Uint8Array[]): void {
    const { first, rest } = frames === undefined
      ? frameMessage(key, value)
      : { first: [], rest: [] };
    for (const chunk of frames ?? [first as Uint8Array]) this.outgoing.append(chunk);
    for (const part of rest) this.outgoing.appendLarge(part);
    this.#sent.push({ key, value, end: this.outgoing.end });
  }

  /** Appends an acknowledgement of the other direction. */
  sendAlong(place: number): void {
    this.#along.push(place);
    this.outgoing.append(encodeAck(place));
  }

  /** Opens a request where the last acknowledgement says; those before it go on as they can. */
  open(): void {
    const place = this.outgoing.acknowledged;
    const wires = { up: [], rest: NOTHING, down: NOTHING };
    this.requests.push({ place, taken: place, ...wires, acks: new AckReader() });
  }

  /** The sender hands bytes to the network. */
  read(request: Request, maxBytes: number): void {
    const { sent, resent } = this.outgoing;
    const bytes = this.outgoing.read(request.place, maxBytes);
    assert.ok(bytes.byteLength <= maxBytes);
    assert.is(bytes.byteLength > 0, request.place < this.outgoing.end, "a request that is stuck");
    request.up.push(bytes);
    request.place += bytes.byteLength;
    this.#read += bytes.byteLength;
    assert.is(this.outgoing.sent, Math.max(sent, request.place));
    const fresh = this.outgoing.sent - sent;
    assert.is(this.outgoing.resent - resent, bytes.byteLength - fresh);
    assert.is(this.outgoing.sent + this.outgoing.resent, this.#read);
  }

  /** Some of what is on its way reaches the receiver, which takes what it can. */
  arrive(request: Request, bytes: number): void {
    if (request.rest.byteLength > 0) return this.retry(request); // it reads on once that is taken
    const chunks: Uint8Array[] = [];
    for (let left = bytes; left > 0 && request.up.length > 0;) {
      const [chunk] = request.up as [Uint8Array];
      chunks.push(chunk.slice(0, left));
      if (left < chunk.byteLength) request.up[0] = chunk.subarray(left);
      else request.up.shift();
      left -= chunk.byteLength;
    }
    request.rest = concat(...chunks);
    this.retry(request);
  }

  /** The receiver tries again what found no room. */
  retry(request: Request): void {
    const buffer = request.rest.slice();
    const done = this.incoming.push(request.taken, buffer);
    buffer.fill(0xee); // the receiver may not have kept it
    if (this.room) assert.is(done, buffer.byteLength);
    request.taken += done;
    request.rest = request.rest.slice(done);
    assert.ok(request.rest.byteLength === 0 || this.incoming.blocked);
  }

  /** The receiver says how far it has come. */
  acknowledge(request: Request): void {
    request.down = concat(request.down, encodeAck(this.incoming.acknowledged));
  }

  /** Some of what is on its way back reaches the sender. */
  comeBack(request: Request, bytes: number): void {
    const place = request.acks.read(request.down.slice(0, bytes));
    request.down = request.down.slice(bytes);
    if (place === undefined) return;
    const before = this.outgoing.acknowledged;
    this.outgoing.acknowledge(place);
    assert.is(this.outgoing.acknowledged, Math.max(before, place));
  }

  /** A request and all that is on its way is lost. */
  cut(request: Request): void {
    this.requests.splice(this.requests.indexOf(request), 1);
  }

  /** What must hold at any time. */
  check(): void {
    const { outgoing, incoming } = this;
    assert.ok(outgoing.acknowledged <= incoming.acknowledged, "more acknowledged than was said");
    assert.ok(incoming.acknowledged <= incoming.taken);
    assert.ok(incoming.taken <= outgoing.sent, "more taken than was sent");
    assert.ok(outgoing.sent <= outgoing.end);
    const acknowledged = this.#sent.filter(({ end }) => end <= incoming.acknowledged).length;
    assert.ok(acknowledged <= this.#delivered, "acknowledged, and not delivered");
    const taken = this.#sent.filter(({ end }) => end <= incoming.taken).length;
    assert.is(this.#delivered, incoming.blocked ? Math.min(acknowledged, taken) : taken);
  }

  /** The network is well from now on, and the receiver has room: all arrives. */
  finish(): void {
    this.room = true;
    this.open();
    const request = this.requests.at(-1)!;
    while (this.outgoing.acknowledged < this.outgoing.end) {
      this.read(request, 1024 * 1024);
      this.arrive(request, Infinity);
      this.acknowledge(request);
      this.comeBack(request, Infinity);
      this.check();
      assert.is(this.outgoing.acknowledged, this.incoming.taken);
    }
    assert.is(this.#delivered, this.#sent.length, "lost");
    assert.equal(this.#along, []);
    assert.not(this.incoming.blocked);
  }
}

/** Bytes of some hundred kilobytes are not compared one by one. */
function assertSameFast(actual: unknown, expected: unknown): void {
  if (!(expected instanceof Uint8Array)) return assertSame(actual, expected);
  assert.instance(actual, Uint8Array);
  assert.is(sumOf(actual as Uint8Array), sumOf(expected));
  assert.is((actual as Uint8Array).byteLength, expected.byteLength);
}

/** A checksum that tells of bytes that changed their places. */
export function sumOf(bytes: Uint8Array): number {
  let sum = 1;
  for (let at = 0; at < bytes.byteLength; at++) sum = (Math.imul(sum, 31) + bytes[at]!) | 0;
  return sum;
}
