/**
 * Finite requests on a bad network, in memory and over sockets: what the sender sees of each fault,
 * and what the receiver.
 *
 * @module
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { type FaultKind, type FaultOptions, type FaultyFetch, faultyFetch } from "../mod.ts";
import { type Receiver, startReceiver, type Way } from "./helpers/receiver.ts";
import { moment, rejection, until } from "./helpers/waiting.ts";

const TEXT = "a body of some length";

/** What the sender saw: the answer, how it broke off, or how the request failed. */
async function outcome(fetched: Promise<Response>): Promise<string> {
  let answer: Response;
  try {
    answer = await fetched;
  } catch (error) {
    return describe(error);
  }
  return `${answer.status} ${await answer.text().catch(describe)}`;
}

function describe(error: unknown): string {
  assert.instance(error, TypeError);
  const cause = (error as Error).cause as Error & { code: string };
  assert.is(cause.code, "ECONNRESET");
  return cause.message.replace("connection reset ", "broken ");
}

function each(
  name: string,
  faults: Omit<FaultOptions, "seed" | "fetch">,
  body: (receiver: Receiver, fetch: FaultyFetch, way: Way) => Promise<void>,
): void {
  for (const way of ["in memory", "over sockets"] as const) {
    test(`${way}: ${name}`, async () => {
      const receiver = await startReceiver(way);
      try {
        await body(receiver, faultyFetch({ seed: 1, fetch: receiver.fetch, ...faults }), way);
      } finally {
        await receiver.close();
      }
    });
  }
}

const post = { method: "POST", body: TEXT };

each("without faults nothing is changed", {}, async ({ url, received }, fetch, way) => {
  const answer = await fetch(`${url}/whole`, post);
  assert.is(answer.url, way === "in memory" ? "" : `${url}/whole`);
  assert.is(answer.ok, true);
  assert.is(await answer.text(), "21 bytes");
  const json = { method: "POST", body: "{}", headers: { "content-type": "application/json" } };
  assert.is(await outcome(fetch(new URL(`${url}/json`), json)), "200 2 bytes");
  assert.is(await outcome(fetch(new Request(`${url}/request`, post))), "200 21 bytes");
  assert.is(await outcome(fetch(`${url}/unread`)), "200 unread");
  assert.equal(received, [
    { path: "/whole", type: "text/plain;charset=UTF-8", text: TEXT, end: "whole" },
    { path: "/json", type: "application/json", text: "{}", end: "whole" },
    { path: "/request", type: "text/plain;charset=UTF-8", text: TEXT, end: "whole" },
    { path: "/unread", type: null, text: "", end: undefined },
  ]);
  assert.ok(Object.values(fetch.injected).every((count) => count === 0));
});

for (const kind of ["drop", "resetBefore"] as const) {
  each(`${kind}: nothing arrives`, { [kind]: 1 }, async ({ url, received }, fetch) => {
    assert.is(await outcome(fetch(`${url}/whole`, post)), `broken (${kind})`);
    assert.equal(received, []);
    assert.is(fetch.injected[kind], 1);
  });
}

each("resetMidway: a part arrives", { resetMidway: 1 }, async ({ url, received }, fetch) => {
  const lengths = new Set<number>();
  for (let at = 0; at < 10; at++) {
    assert.is(await outcome(fetch(`${url}/whole`, post)), "broken (resetMidway)");
  }
  await until(() => received.every(({ end }) => end !== undefined), "the receiver has seen it");
  for (const { text, end, type } of received) {
    assert.is(end, "broken");
    assert.ok(TEXT.startsWith(text) && text.length < TEXT.length, text);
    assert.is(type, "text/plain;charset=UTF-8");
    lengths.add(text.length);
  }
  assert.ok(lengths.size > 1, "not always the same part");
  assert.is(fetch.injected.resetMidway, 10);
});

each("resetAfter: all arrives, no answer", { resetAfter: 1 }, async (receiver, fetch) => {
  for (const path of ["/whole", "/stream"]) {
    assert.is(await outcome(fetch(receiver.url + path, post)), "broken (resetAfter)");
  }
  assert.equal(receiver.received.map(({ text }) => text), [TEXT, TEXT]);
  assert.is(fetch.injected.resetAfter, 2);
});

each("loseAnswer: the answer breaks off", { loseAnswer: 1 }, async ({ url, received }, fetch) => {
  const answer = await fetch(`${url}/whole`, post);
  assert.is(answer.status, 200);
  assert.is(describe(await rejection(answer.text())), "broken (loseAnswer)");
  assert.equal(received.map(({ text, end }) => [text, end]), [[TEXT, "whole"]]);
  assert.is(fetch.injected.loseAnswer, 1);
});

each("duplicate: it arrives twice", { duplicate: 1 }, async ({ url, received }, fetch) => {
  for (let at = 0; at < 10; at++) {
    assert.is(await outcome(fetch(`${url}/whole`, post)), "200 21 bytes");
  }
  await until(() => received.length === 20, "all copies have come");
  await until(() => received.every(({ end }) => end === "whole"), "they were read");
  assert.ok(received.every(({ text }) => text === TEXT));
  assert.is(fetch.injected.duplicate, 10);
});

each("unavailable: bursts of 503", { unavailable: 0.2 }, async ({ url, received }, fetch) => {
  let answers = "";
  for (let at = 0; at < 60; at++) {
    answers += (await outcome(fetch(`${url}/whole`, post))).startsWith("503") ? "x" : "-";
  }
  const bursts = answers.match(/x+/g)!;
  assert.ok(bursts.some((burst) => burst.length > 1), answers);
  const failed = bursts.join("").length;
  assert.is(fetch.injected.unavailable, failed);
  assert.is(received.length, 60 - failed);
});

each("delay and reorder: another order", { delay: 0.5, reorder: 0.3 }, async (receiver, fetch) => {
  const order = Array.from({ length: 30 }, (_, at) => `/${at}`);
  await Promise.all(order.map((path) => outcome(fetch(receiver.url + path, post))));
  const came = receiver.received.map(({ path }) => path);
  assert.is.not(came.join(), order.join());
  assert.equal(came.toSorted(), order.toSorted());
  assert.ok(fetch.injected.delay > 0 && fetch.injected.reorder > 0);
});

each("a gateway that takes little", { gateway: { maxBodyBytes: 20 } }, async (receiver, fetch) => {
  const of = (length: number) => ({ method: "POST", body: TEXT.slice(0, length) });
  assert.is(await outcome(fetch(`${receiver.url}/a`, of(20))), "200 20 bytes");
  assert.is(await outcome(fetch(`${receiver.url}/b`, of(21))), "413 Content Too Large\n");
  assert.is(await outcome(fetch(`${receiver.url}/c`, { method: "POST" })), "200 0 bytes");
  const types = receiver.received.map(({ path, type }) => [path, type]);
  assert.equal(types, [["/a", "text/plain;charset=UTF-8"], ["/c", null]]);
});

each("a signal that is aborted already", { delay: 1 }, async ({ url, received }, fetch) => {
  const reason = new Error("changed my mind");
  const signal = AbortSignal.abort(reason);
  assert.is(await rejection(fetch(`${url}/whole`, { ...post, signal })), reason);
  await moment();
  assert.equal(received, []);
});

each(
  "a signal ends every wait, and is left alone afterwards",
  { delay: 1, reorder: 1, resetBefore: 0.5, maxDelayMs: 60_000 },
  async ({ url, received }, fetch) => {
    const reason = new Error("changed my mind");
    const stop = new AbortController();
    const listeners = countListeners(stop.signal);
    const failed = Array.from(
      { length: 8 },
      () => rejection(fetch(`${url}/whole`, { ...post, signal: stop.signal })),
    );
    await moment(20);
    stop.abort(reason);
    for (const error of await Promise.all(failed)) assert.is(error, reason);
    assert.equal(received, []);
    assert.is(listeners(), 0);
  },
);

/** @returns how many listeners the signal has that were not removed */
function countListeners(signal: AbortSignal): () => number {
  let count = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    count++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    count--;
    removeEventListener.apply(signal, args);
  };
  return () => count;
}

test("the same seed does the same, another does something else", async () => {
  const rates = { drop: 0.1, loseAnswer: 0.1, resetMidway: 0.2, duplicate: 0.1, unavailable: 0.05 };
  const run = async (seed: number, more: Partial<FaultOptions> = {}) => {
    const receiver = await startReceiver("in memory");
    const fetch = faultyFetch({ seed, fetch: receiver.fetch, ...rates, ...more });
    const answers: string[] = [];
    for (let at = 0; at < 100; at++) {
      answers.push(await outcome(fetch(`${receiver.url}/${at}`, post)));
      await moment(0); // for a copy that comes after the answer
    }
    return { answers, injected: { ...fetch.injected }, received: receiver.received };
  };
  const first = await run(42);
  assert.equal(await run(42), first);
  assert.is.not((await run(43)).answers.join(), first.answers.join());
  for (const kind of Object.keys(rates)) assert.ok(first.injected[kind as FaultKind] > 0, kind);
  const delayed = await run(42, { delay: 1, maxDelayMs: 1 });
  assert.equal(delayed.answers, first.answers, "one fault does not change the others");
});

test("a probability that is none is refused", () => {
  for (const drop of [-0.1, 1.1, NaN, "often" as unknown as number]) {
    assert.throws(() => faultyFetch({ seed: 1, drop }), /inject drop with probability .* 0 to 1/);
  }
});

test.run();
