/**
 * What may happen to a link, as values that a property can draw, and shrink.
 *
 * @module
 */

import fc from "fast-check";
import * as assert from "uvu/assert";
import { encodeCbor } from "../../lib/wire/cbor.ts";
import { HEARTBEAT, MAX_FRAME_BYTES } from "../../lib/wire/frames.ts";
import { frameOf, largeMessage } from "./hand_frames.ts";
import { LinkModel } from "./link_model.ts";
import { sendable } from "./values.ts";

/** What may happen; the numbers choose a request, and how many bytes. */
export type Step =
  | { kind: "send"; make: (model: LinkModel) => void }
  | { kind: "heartbeat" | "open" | "fill" | "empty" }
  | { kind: "along"; place: number }
  | { kind: "read" | "arrive" | "comeBack"; which: number; bytes: number }
  | { kind: "retry" | "acknowledge" | "cut" | "exchange"; which: number };

/** Does one thing. */
export function run(model: LinkModel, step: Step): void {
  switch (step.kind) {
    case "send":
      return step.make(model);
    case "heartbeat":
      return void model.outgoing.append(HEARTBEAT);
    case "along":
      return model.sendAlong(step.place);
    case "open":
      return model.open();
    case "fill":
    case "empty":
      model.room = step.kind === "empty";
      return;
  }
  const request = model.requests[step.which % (model.requests.length || 1)];
  if (request === undefined) return model.open();
  if (step.kind === "exchange") {
    model.read(request, 2 ** 20);
    model.arrive(request, Infinity);
    model.acknowledge(request);
    model.comeBack(request, Infinity);
  } else if ("bytes" in step) {
    model[step.kind](request, step.bytes);
  } else {
    model[step.kind](request);
  }
}

let messages = 0;

/** A message that the sender's own code makes. */
export function made(value: unknown): Step {
  return {
    kind: "send",
    make: (model) => model.send(`k${messages++}`, value),
  };
}

/** A large message of small parts in tiny pieces, as another language may make it. */
export const inPieces = fc.record({
  parts: fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { minLength: 1, maxLength: 5 }),
  pieces: fc.array(fc.nat({ max: 30 }), { minLength: 1, maxLength: 6 })
    .filter((sizes) => sizes.some((size) => size > 0)),
}).map(({ parts, pieces }): Step => ({
  kind: "send",
  make: (model) => {
    const key = `pieces ${messages++}`;
    model.send(key, parts, largeMessage(key, parts, pieces));
  },
}));

/** A message in one frame, whose head need not be the shortest. */
export const foreign = fc.tuple(sendable, fc.constantFrom<(1 | 2 | 4 | 8)[]>(2, 4, 8)).map((
  [value, size],
): Step => ({
  kind: "send",
  make: (model) => {
    const key = `foreign ${messages++}`;
    const content = encodeCbor([key, value]);
    model.send(key, value, [frameOf(content, content.byteLength < 2 ** 16 ? size : undefined)]);
  },
}));

/** What is small, of any kind. */
export const small = fc.oneof(
  sendable.map(made),
  fc.constantFrom<unknown>(undefined, null, "", 0, new Uint8Array()).map(made),
  fc.nat({ max: 3_000 }).map((length) => made("x".repeat(length))),
);

const which = fc.nat({ max: 3 });
const bytes = fc.oneof(
  fc.integer({ min: 1, max: 12 }),
  fc.integer({ min: 1, max: 400 }),
  fc.constantFrom(1, 2, 3, 2 ** 16, 2 ** 20),
);
/** What networks, and receivers, do. */
export const moves: fc.WeightedArbitrary<Step>[] = [
  { weight: 6, arbitrary: step("read", { which, bytes }) },
  { weight: 6, arbitrary: step("arrive", { which, bytes }) },
  { weight: 3, arbitrary: step("acknowledge", { which }) },
  { weight: 3, arbitrary: step("comeBack", { which, bytes }) },
  { weight: 3, arbitrary: step("exchange", { which }) },
  { weight: 2, arbitrary: step("open", {}) },
  { weight: 1, arbitrary: step("cut", { which }) },
  { weight: 1, arbitrary: step("retry", { which }) },
  { weight: 1, arbitrary: step("fill", {}) },
  { weight: 1, arbitrary: step("empty", {}) },
  { weight: 1, arbitrary: step("heartbeat", {}) },
  { weight: 1, arbitrary: step("along", { place: fc.maxSafeNat() }) },
];

function step<Fields extends object>(
  kind: Step["kind"],
  fields: { [Name in keyof Fields]: fc.Arbitrary<Fields[Name]> },
): fc.Arbitrary<Step> {
  return fc.record(fields).map((rest) => ({ kind, ...rest }) as unknown as Step);
}

/** Does one thing after the other, until all has arrived. */
export function play(steps: Step[]): void {
  const model = new LinkModel();
  for (const step of steps) {
    run(model, step);
    model.check();
  }
  model.finish();
}

/** Sends a message in one frame that is as large as one may be. */
export function sendLargestFrame(model: LinkModel): void {
  const key = `largest ${1_000_000 + messages++}`;
  const value = pattern(MAX_FRAME_BYTES - encodeCbor([key, pattern(2 ** 17)]).byteLength + 2 ** 17);
  const content = encodeCbor([key, value]);
  assert.is(content.byteLength, MAX_FRAME_BYTES);
  model.send(key, value, [frameOf(content)]);
}

/** @returns so many bytes, of which neighbours differ */
export function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => (at * 7 + (at >> 8)) & 0xff);
}
