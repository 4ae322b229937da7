/**
 * The protocol of links as a state machine, on a network that does whatever networks do. No I/O.
 *
 * @module
 */

import process from "node:process";
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { encodeAck } from "../lib/comm/link/acks.ts";
import { IncomingStream } from "../lib/comm/link/incoming.ts";
import { OutgoingStream } from "../lib/comm/link/outgoing.ts";
import { NetworkError } from "../lib/errors.ts";
import { FRAME_BYTES, frameMessage, MAX_FRAME_BYTES, SMALL_BYTES } from "../lib/wire/frames.ts";
import { largeMessage } from "./helpers/hand_frames.ts";
import { LinkModel } from "./helpers/link_model.ts";
import {
  foreign,
  inPieces,
  made,
  moves,
  pattern,
  play,
  run,
  sendLargestFrame,
  small,
  type Step,
} from "./helpers/link_steps.ts";

test("whatever the network does, each message is delivered once, in order and right", () => {
  const sends = { weight: 5, arbitrary: fc.oneof(small, inPieces, foreign) };
  const steps = fc.array(fc.oneof(sends, ...moves), { maxLength: 120, size: "max" });
  fc.assert(fc.property(steps, play), { numRuns: 1_000 });
});

test("so is a message of any size around the limits of frames and parts", () => {
  const sizes = [2 ** 16, FRAME_BYTES, MAX_FRAME_BYTES].flatMap((size) =>
    [-12, -9, -2, -1, 0, 1, 9].map((more) => size + more)
  );
  const large = fc.oneof(
    fc.constantFrom(...sizes).map((length) => made(pattern(length))),
    fc.constantFrom(...sizes).map((length) => made("x".repeat(length))),
    fc.constantFrom(...sizes).map((length) => made([pattern(length), "and", pattern(2 ** 16)])),
    fc.constant<Step>({ kind: "send", make: (model) => sendLargestFrame(model) }),
  );
  const sends = [{ weight: 3, arbitrary: large }, { weight: 1, arbitrary: small }];
  const steps = fc.array(fc.oneof(...sends, ...moves), { maxLength: 40, size: "max" });
  fc.assert(fc.property(steps, play), { numRuns: 40 });
});

test("a message is one frame up to the limit, and what it takes is what it counts", () => {
  // The heads of the pair and of the text, and the key, take 8 bytes besides the text.
  for (const [more, pieces] of [[-1, 0], [0, 1], [1, 1]] as const) {
    const { first, rest, bytes } = frameMessage("k", "x".repeat(FRAME_BYTES - 8 + more));
    assert.is(rest.length, pieces);
    assert.is(bytes, pieces === 0 ? first.byteLength - 5 : FRAME_BYTES + more - 3);
  }
  assert.is(frameMessage("k", pattern(2 ** 16 - 1)).rest.length, 0);
  assert.is(frameMessage("k", pattern(2 ** 16)).rest.length, 2);
});

test("every cut of a stream into two requests, and every repeat, comes to the same", () => {
  const parts = [pattern(3), pattern(30)];
  const build = () => {
    const model = new LinkModel();
    model.send("a", 1);
    model.send("b", parts, largeMessage("b", parts, [7, 0, 1]));
    model.send("c", undefined);
    return model;
  };
  const { end } = build().outgoing;
  for (let cut = 0; cut <= end; cut++) {
    for (let from = 0; from <= cut; from++) {
      const model = build();
      model.open();
      const [first] = model.requests;
      model.read(first!, 2 ** 20);
      model.arrive(first!, from);
      model.acknowledge(first!);
      model.comeBack(first!, Infinity);
      model.open();
      model.arrive(first!, cut - from);
      model.check();
      model.finish();
    }
  }
});

test("bytes that begin behind what was taken are refused, and change nothing", () => {
  const values: unknown[] = [];
  const delivery = {
    admits: () => true,
    deliver: (_: string, value: unknown) => values.push(value) > 0,
    acknowledge: () => {},
  };
  const incoming = new IncomingStream(delivery, 1_000);
  const { first: frame } = frameMessage("k", 7);
  assert.throws(() => incoming.push(1, frame), (error: Error) => error instanceof RangeError);
  assert.is(incoming.push(0, frame.slice(0, 2)), 2);
  const refused = (error: Error) => error instanceof RangeError && /from 2 on/.test(error.message);
  assert.throws(() => incoming.push(3, frame.slice(3)), refused);
  assert.is(incoming.push(0, frame), frame.byteLength);
  assert.is(incoming.push(0, frame), frame.byteLength);
  assert.equal(values, [7]);
});

test("an acknowledgement of what was never sent is of no party", () => {
  const outgoing = new OutgoingStream();
  outgoing.append(pattern(100));
  for (const place of [1, 100, 101, 2 ** 60]) {
    assert.throws(
      () => outgoing.acknowledge(place),
      (error: Error) => error instanceof NetworkError,
    );
  }
  outgoing.read(0, 10);
  outgoing.acknowledge(10);
  outgoing.acknowledge(3); // a stale one says nothing new
  assert.is(outgoing.acknowledged, 10);
  assert.throws(() => outgoing.acknowledge(11), (error: Error) => error instanceof NetworkError);
  assert.equal(outgoing.read(10, 1_000), pattern(100).subarray(10));
  assert.equal(encodeAck(10), Uint8Array.of(10));
});

test("a request that lags behind the acknowledgements goes on, however far", () => {
  for (const behind of [1, 300, 2 ** 18, 3 * 2 ** 20]) {
    const model = new LinkModel();
    model.open();
    model.send("large", pattern(4 * 2 ** 20));
    while (model.outgoing.acknowledged < behind) run(model, { kind: "exchange", which: 0 });
    const [request] = model.requests;
    Object.assign(request!, { place: 0, taken: 0 }); // its first acknowledgement said it all
    model.send("next", 1);
    for (let turn = 0; turn < 40; turn++) run(model, { kind: "exchange", which: 0 });
    model.check();
    assert.is(model.outgoing.acknowledged, model.outgoing.end);
  }
});

test("small messages keep their bytes, however near they are to the limit", () => {
  const model = new LinkModel();
  for (let size = SMALL_BYTES - 40; size < SMALL_BYTES + 10; size++) {
    model.send(`bytes-${size}`, pattern(size));
    model.send(`text-${size}`, "\u00e9".repeat(size / 6));
  }
  model.finish();
});

for (const size of [100, 4 * 1024, 1024 * 1024, 8 * 1024 * 1024]) {
  test(`what was acknowledged of values of ${size} bytes is let go`, () => {
    const outgoing = new OutgoingStream();
    const before = process.memoryUsage().rss;
    const [total, ahead] = [size < 1_000 ? 64 * 1024 * 1024 : 1024 * 1024 * 1024, 4 * 1024 * 1024];
    const value = new Uint8Array(size);
    for (let place = 0; outgoing.acknowledged < total;) {
      while (outgoing.end < place + ahead) {
        if (size >= 1024 * 1024) outgoing.appendLarge(value);
        else outgoing.append(value.slice());
      }
      place += outgoing.read(place, 64 * 1024).byteLength;
      outgoing.acknowledge(place);
    }
    assert.ok(process.memoryUsage().rss - before < 300 * 1024 * 1024);
    assert.is(outgoing.resent, 0);
  });
}

test.run();
