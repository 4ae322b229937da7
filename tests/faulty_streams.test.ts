/**
 * Requests whose body is a stream on a bad network, in memory and over sockets.
 *
 * @module
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { type FaultKind, type FaultOptions, type FaultyFetch, faultyFetch } from "../mod.ts";
import { type Receiver, startReceiver } from "./helpers/receiver.ts";
import { CHUNK, Upload } from "./helpers/upload.ts";
import { later, moment, rejection, until } from "./helpers/waiting.ts";

/** More time than any test takes. */
const NEVER = { bytes: 2 ** 40, ms: 600_000 };

function each(
  name: string,
  faults: Omit<FaultOptions, "seed" | "fetch">,
  body: (receiver: Receiver, fetch: FaultyFetch) => Promise<void>,
): void {
  for (const way of ["in memory", "over sockets"] as const) {
    test(`${way}: ${name}`, async () => {
      const receiver = await startReceiver(way);
      try {
        await body(receiver, faultyFetch({ seed: 1, fetch: receiver.fetch, ...faults }));
      } finally {
        await receiver.close();
      }
    });
  }
}

for (const delay of [0, 1]) {
  each(`both ways at once, delay ${delay}`, { delay }, async ({ url, received }, fetch) => {
    const upload = new Upload(fetch, `${url}/stream`);
    let expected = "";
    for (let bytes = 10; bytes <= 50; bytes += 10) {
      upload.write();
      expected += `${bytes};`;
      await until(() => upload.text === expected, `${expected} has come, not ${upload.text}`);
    }
    upload.end();
    await until(() => upload.ended === "end", "the answer ends");
    assert.equal(received, [{ path: "/stream", type: null, text: CHUNK.repeat(5), end: "whole" }]);
    assert.is(fetch.injected.delay, delay);
  });
}

each("chunks arrive cut, in their order", { split: 1, delay: 1 }, async (receiver, fetch) => {
  const upload = new Upload(fetch, `${receiver.url}/stream`);
  for (let at = 0; at < 20; at++) upload.write(`chunk ${at},`);
  upload.end();
  await until(() => upload.ended === "end", "the answer ends");
  const whole = Array.from({ length: 20 }, (_, at) => `chunk ${at},`).join("");
  assert.is(receiver.received[0]!.text, whole);
  assert.match(upload.text, new RegExp(`;${whole.length};$`));
});

for (
  const [kind, breakWithin] of [
    ["resetMidway", { ...NEVER, bytes: 500 }],
    ["resetMidway", { ...NEVER, ms: 300 }],
    ["resetAfter", { ...NEVER, bytes: 500 }],
    ["loseAnswer", { ...NEVER, bytes: 500 }],
    ["loseAnswer", { ...NEVER, ms: 300 }],
  ] as const
) {
  const limit = breakWithin.ms === NEVER.ms ? "bytes" : "ms";
  each(`${kind} after ${limit}`, { [kind]: 1, breakWithin }, async ({ url, received }, fetch) => {
    let acknowledgedLess = 0;
    for (let at = 0; at < 10; at++) {
      const path = `/stream/${at}`;
      const upload = new Upload(fetch, url + path);
      await upload.writeOn();
      assert.is(upload.ended, `connection reset (${kind})`);
      assert.is((upload.cancelled as TypeError).message, "fetch failed");
      const arrived = () => received.find((request) => request.path === path);
      for (let looks = 0; arrived() === undefined && looks < 20; looks++) await moment();
      const seen = arrived();
      if (seen === undefined) continue; // it broke too early for a connection
      await until(() => seen!.end !== undefined, "the receiver sees it");
      assert.is(seen!.end, "broken");
      const acknowledged = Number(upload.text.split(";").at(-2) ?? 0);
      assert.ok(acknowledged <= seen!.text.length);
      if (acknowledged + 10 < seen!.text.length) acknowledgedLess++;
      if (kind === "resetAfter") assert.is(upload.text, "");
    }
    assert.is(fetch.injected[kind], 10);
    assert.ok(new Set(received.map(({ text }) => text.length)).size > 3, "at different places");
    if (kind === "loseAnswer") assert.ok(acknowledgedLess > 0, "acknowledgements are lost");
  });
}

for (const kind of ["resetMidway", "resetAfter", "loseAnswer"] as const) {
  each(
    `${kind}: a stream that ends before`,
    { [kind]: 1, breakWithin: NEVER },
    async (to, fetch) => {
      // The same seed draws the same number of bytes for each of them, which is more than ten.
      const upload = new Upload(fetch, `${to.url}/stream`);
      upload.write();
      upload.end();
      await until(() => upload.ended !== undefined, "it breaks");
      assert.is(upload.ended, `connection reset (${kind})`);
      await until(() => to.received[0]?.text === CHUNK, "what was sent before has arrived");
      assert.is(fetch.injected[kind], 1);
      if (kind !== "resetMidway") {
        return await until(() => to.received[0]!.end === "whole", "the receiver has all of it");
      }
      await until(() => to.received[0]!.end === "broken", "the receiver never sees the end");
    },
  );
}

for (const kind of ["drop", "resetBefore", "unavailable"] as const) {
  each(`${kind}: nothing of a stream arrives`, { [kind]: 1 }, async ({ url, received }, fetch) => {
    const upload = new Upload(fetch, `${url}/stream`);
    await until(() => upload.ended !== undefined && upload.cancelled !== undefined, "it fails");
    if (kind === "unavailable") assert.is((await upload.answer).status, 503);
    else assert.is(upload.ended, `connection reset (${kind})`);
    assert.equal(received, []);
    assert.is(fetch.injected[kind], 1);
  });
}

each("a stream is never sent twice", { duplicate: 1 }, async ({ url, received }, fetch) => {
  const upload = new Upload(fetch, `${url}/stream`);
  upload.end();
  await until(() => upload.ended === "end", "it is answered");
  assert.is(received.length, 1);
  assert.is(fetch.injected.duplicate, 0);
});

each("a signal breaks it for both sides", { delay: 0.5 }, async ({ url, received }, fetch) => {
  const reason = new Error("changed my mind");
  const stop = new AbortController();
  const upload = new Upload(fetch, `${url}/stream`, { signal: stop.signal });
  upload.write();
  await until(() => upload.text === "10;", "it has begun");
  stop.abort(reason);
  await until(() => upload.ended !== undefined, "the answer ends");
  assert.is(upload.ended, reason);
  assert.is(upload.cancelled, reason);
  await until(() => received[0]!.end === "broken", "the receiver sees it");
});

each(
  "a sender that wants no more answer breaks it",
  {},
  async ({ url, received, fetch: plain }) => {
    const fetch = faultyFetch({ seed: 1, fetch: plain });
    const upload = new Upload(fetch, `${url}/stream`);
    upload.write();
    await until(() => upload.text === "10;", "it has begun");
    await upload.leave();
    await until(() => received[0]!.end === "broken", "the receiver sees it");
  },
);

each("a body that fails fails the request", {}, async ({ url, received }, fetch) => {
  const upload = new Upload(fetch, `${url}/whole`);
  later(upload.answer);
  upload.write();
  await until(() => received[0]?.text === CHUNK, "it has begun");
  upload.fail(new Error("no more"));
  await rejection(upload.answer);
  await until(() => received[0]!.end === "broken", "the receiver sees it");
});

test("what nobody reads is not asked for", async () => {
  const receiver = await startReceiver("in memory"); // a system's buffers would take megabytes
  const fetch = faultyFetch({ seed: 1, fetch: receiver.fetch, delay: 1 });
  const upload: Upload = new Upload(fetch, `${receiver.url}/unread`, {}, () => upload.write());
  await until(() => upload.ended === "end", "it is answered");
  await moment();
  assert.ok(upload.pulls <= 2, `${upload.pulls} chunks`);
});

each("a gateway that buffers", { gateway: { buffers: true } }, async ({ url, received }, fetch) => {
  const upload = new Upload(fetch, `${url}/stream`);
  upload.write();
  await moment();
  assert.equal(received, []);
  upload.write();
  upload.end();
  await until(() => upload.ended === "end", "it is answered");
  assert.is(upload.text, "20;");
  assert.equal(received.map(({ text, end }) => [text, end]), [[CHUNK + CHUNK, "whole"]]);
});

for (const buffers of [false, true]) {
  const gateway = { buffers, maxBodyBytes: 25 };
  each(`a gateway that takes little, buffers ${buffers}`, { gateway }, async (receiver, fetch) => {
    const { url, received } = receiver;
    const upload = new Upload(fetch, `${url}/whole`);
    for (let at = 0; at < 3; at++) upload.write();
    await until(() => upload.ended !== undefined, "it is answered");
    assert.is((await upload.answer).status, 413);
    assert.ok(upload.cancelled instanceof TypeError);
    await until(() => received.every(({ end }) => end === "broken"), "the receiver sees it");
    assert.ok(received.length <= (buffers ? 0 : 1));
  });
}

test("a fault long after the head was answered", async () => {
  const receiver = await startReceiver("in memory");
  const kind: FaultKind = "resetMidway";
  const fetch = faultyFetch({
    seed: 3,
    fetch: receiver.fetch,
    [kind]: 1,
    breakWithin: { ...NEVER, ms: 1_000 },
  });
  const upload = new Upload(fetch, `${receiver.url}/stream`);
  upload.write();
  await until(() => upload.text === "10;", "it has begun");
  await until(() => upload.ended !== undefined, "it breaks though nothing is written");
  assert.is(upload.ended, "connection reset (resetMidway)");
  assert.is(receiver.received[0]!.end, "broken");
});

test.run();
