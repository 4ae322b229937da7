/**
 * Following a computation: Server-Sent Events.
 *
 * @module
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Computation } from "../lib/resources/computation.ts";
import { eventStream } from "../lib/server/event_stream.ts";
import { Driven, gate, program, type View } from "./helpers/programs.ts";
import { until } from "./helpers/waiting.ts";

/** The events of a stream, as they come; ends when the stream does. */
async function* eventsOf(response: Response): AsyncGenerator<{ event: string; data: View }> {
  let text = "";
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (let end = text.indexOf("\n\n"); end !== -1; end = text.indexOf("\n\n")) {
      const [event, data] = text.slice(0, end).split("\n");
      text = text.slice(end + 2);
      yield {
        event: event!.slice("event: ".length),
        data: JSON.parse(data!.slice("data: ".length)),
      };
    }
  }
  assert.is(text, "", "it ends with an event");
}

/** All events of a stream, once it has ended. */
async function allEventsOf(response: Response): Promise<View[]> {
  const views: View[] = [];
  for await (const { data } of eventsOf(response)) views.push(data);
  return views;
}

/** Counts who listens to a computation. */
function listenersOf(computation: Computation): () => number {
  let count = 0;
  const onChange = computation.onChange.bind(computation);
  computation.onChange = (listener) => {
    count++;
    const forget = onChange(listener);
    return () => {
      count--;
      forget();
    };
  };
  return () => count;
}

/** A program that goes from step to step as the test lets it. */
function steps() {
  const gates = Array.from({ length: 3 }, gate);
  const stepping = program("steps", async ({ communicator, progress, params, rank }) => {
    await gates[0]!.opened;
    progress(0.25, "a quarter");
    await gates[1]!.opened;
    progress(1, "all");
    await gates[2]!.opened;
    if (params !== "fails") return;
    if (rank === 0) throw new Error("broken");
    await communicator.barrier();
  });
  return { gates, programs: [stepping] };
}

const BODY = { computation_id: "c", program: "steps" };

test("every change of a computation is told, in order, and the stream ends with it", async () => {
  const { gates, programs } = steps();
  await Driven.run(3, { programs }, async (driven) => {
    await driven.post(0, BODY, { prefer: "respond-async" });
    const response = await fetch(driven.url(0, "/c/events"));
    assert.is(response.status, 200);
    assert.match(response.headers.get("content-type")!, /^text\/event-stream/);
    assert.is(response.headers.get("cache-control"), "no-cache");
    const next: (() => void)[] = [
      () => void Promise.all([1, 2].map((rank) => driven.post(rank, BODY))),
      ...gates.map(({ open }) => open),
    ];
    const told: unknown[] = [];
    for await (const { event, data } of eventsOf(response)) {
      assert.is(event, "computation");
      assert.is(data.computation_id, "c");
      told.push([data.state, data.progress?.fraction, data.progress?.note]);
      next.shift()?.();
    }
    assert.equal(told, [
      ["pending", undefined, undefined],
      ["running", undefined, undefined],
      ["running", 0.25, "a quarter"],
      ["running", 1, "all"],
      ["completed", 1, "all"],
    ]);
  });
});

test("the stream of a computation that has ended tells how, and ends", async () => {
  const { gates, programs } = steps();
  for (const { open } of gates) open();
  await Driven.run(2, { programs }, async (driven) => {
    await driven.postAll({ ...BODY, params: "fails" });
    for (const rank of [0, 1]) {
      const told = await allEventsOf(await fetch(driven.url(rank, "/c/events")));
      assert.equal(told, [await driven.view(rank, "c")]);
      assert.equal([told[0]!.state, told[0]!.error!.rank], ["failed", [null, 0][rank]]);
    }
  });
});

test("who starts a computation can be told its events at once", async () => {
  const { gates, programs } = steps();
  await Driven.run(2, { programs }, async (driven) => {
    const headers = { "content-type": "application/json", accept: "text/event-stream" };
    const start = (rank: number, body: object) =>
      fetch(driven.url(rank), { method: "POST", headers, body: JSON.stringify(body) });
    const [one, other] = await Promise.all([0, 1].map((rank) => start(rank, BODY)));
    assert.match(one!.headers.get("content-type")!, /^text\/event-stream/);
    for (const { open } of gates) open();
    const [told] = await Promise.all([one!, other!].map(allEventsOf));
    assert.equal(told!.at(-1), await driven.view(0, "c"));
    assert.is(told!.at(-1)!.state, "completed");
    const again = await allEventsOf(await start(0, BODY));
    assert.equal(again, [told!.at(-1)]);
    const refused = await start(0, { ...BODY, params: "others" });
    assert.equal([refused.status, refused.headers.get("content-type")], [
      409,
      "application/problem+json",
    ]);
    await refused.body!.cancel();
  });
});

test("the end of what goes on is told at once, however soon it comes after another event", async () => {
  let isOver = false;
  let listener = () => {};
  const source = {
    event: "end",
    current: () => isOver,
    isOver: () => isOver,
    onChange: (given: () => void) => {
      listener = given;
      return () => {};
    },
  };
  const reader = eventStream(source).body!.getReader();
  await reader.read();
  listener(); // would be told later
  const timers: string[] = [];
  setTimeout(() => timers.push("a timer"), 0);
  isOver = true;
  listener();
  const { value } = await reader.read();
  assert.is(new TextDecoder().decode(value), "event: end\ndata: true\n\n");
  assert.equal(timers, [], "no time has passed");
  assert.ok((await reader.read()).done);
});

test("streams end when the server is about to close, and keep it no longer", async () => {
  const { programs } = steps();
  await Driven.run(2, { programs }, async (driven) => {
    await driven.startAll(BODY);
    await driven.untilState("c", "running");
    const [computation] = driven.sessions[0]!.computations;
    const listeners = listenersOf(computation!);
    const streams = await Promise.all([1, 2, 3].map(() => fetch(driven.url(0, "/c/events"))));
    const told = streams.map(allEventsOf);
    await until(() => listeners() === 3, "all listen");
    const startedAt = performance.now();
    await driven.parties.servers[0]!.close();
    const states = (await Promise.all(told)).flat().map(({ state }) => state);
    assert.equal(states, ["running", "running", "running"]);
    assert.ok(performance.now() - startedAt < 450, "before its grace period is over");
    assert.is(listeners(), 0);
    assert.is(computation!.state, "running");
  });
});

test("a client that hangs up leaves no listener, and neither does HEAD", async () => {
  const { programs, gates } = steps();
  await Driven.run(2, { programs }, async (driven) => {
    await driven.startAll(BODY);
    await driven.untilState("c", "running");
    const listeners = listenersOf(driven.sessions[0]!.computations[0]!);
    const url = driven.url(0, "/c/events");

    const hangsUp = new AbortController();
    const response = await fetch(url, { signal: hangsUp.signal });
    const reader = response.body!.getReader();
    await reader.read();
    await until(() => listeners() === 1, "one listens");
    hangsUp.abort();
    await reader.closed.catch(() => {});
    await until(() => listeners() === 0, "none listens any more");

    const cancelled = await fetch(url);
    await until(() => listeners() === 1, "one listens");
    await cancelled.body!.cancel();
    await until(() => listeners() === 0, "none listens any more");

    const head = await fetch(url, { method: "HEAD" });
    assert.equal([head.status, await head.text()], [200, ""]);
    await until(() => listeners() === 0, "none listens after HEAD");
    for (const { open } of gates) open();
  });
});

test("who reads slowly misses steps, and not the end; nothing piles up for who does not", async () => {
  let value = 0;
  let listener = () => {};
  const source = {
    event: "count",
    current: () => value,
    isOver: () => value === 1_000,
    onChange: (given: () => void) => {
      listener = given;
      return () => listener = () => {};
    },
  };
  const reader = eventStream(source).body!.pipeThrough(new TextDecoderStream()).getReader();
  const told: string[] = [];
  for (;;) {
    const { done, value: text } = await reader.read();
    if (done) break;
    told.push(text);
    for (let step = 0; step < 500; step++) {
      value++;
      listener();
    }
  }
  assert.equal(told, [0, 500, 1_000].map((count) => `event: count\ndata: ${count}\n\n`));
});

test.run();
