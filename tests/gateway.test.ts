/**
 * The gateways and proxies that other tests put between processes do what they say.
 *
 * @module
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { startGateway, type TestGateway } from "./helpers/gateway.ts";
import { type Receiver, startReceiver } from "./helpers/receiver.ts";
import { startTcpProxy, type TcpProxy } from "./helpers/tcp_proxy.ts";
import { Upload } from "./helpers/upload.ts";
import { later, moment, rejection, until } from "./helpers/waiting.ts";

/** Begins a request whose body the test writes. */
function upload(url: string, init?: RequestInit): Upload {
  return new Upload(fetch, url, init);
}

function behindGateway(
  name: string,
  mode: TestGateway["mode"],
  body: (gateway: TestGateway, receiver: Receiver) => Promise<void>,
): void {
  test(`gateway: ${name}`, async () => {
    const receiver = await startReceiver("over sockets");
    const gateway = await startGateway(() => receiver.url, mode);
    try {
      await body(gateway, receiver);
    } finally {
      await gateway.close();
      await receiver.close();
    }
  });
}

behindGateway("passes both ways at once", { kind: "pass" }, async ({ url }, { received }) => {
  const stream = upload(`${url}/stream`);
  for (const [chunk, text] of [["one", "3;"], ["two", "3;6;"], ["three", "3;6;11;"]] as const) {
    stream.write(chunk);
    await until(() => stream.text === text, `${text} has come, not ${stream.text}`);
  }
  stream.end();
  await until(() => stream.ended === "end", "the answer ends");
  assert.equal(received.map(({ text, end }) => [text, end]), [["onetwothree", "whole"]]);
  assert.is(await (await fetch(`${url}/unread`)).text(), "unread");
});

behindGateway("buffers a request, then its answer", { kind: "buffers" }, async (gateway, to) => {
  const stream = upload(`${gateway.url}/stream`);
  stream.write("one");
  await until(() => gateway.requests() === 1, "it has come");
  await moment();
  assert.equal(to.received, []);
  stream.write("two");
  stream.end();
  await until(() => stream.ended === "end", "the answer ends");
  assert.is(stream.text, "6;");
});

behindGateway("caps bodies", { kind: "caps", maxBodyBytes: 5 }, async ({ url }, { received }) => {
  const post = (body: string) => fetch(`${url}/whole`, { method: "POST", body });
  assert.is(await (await post("12345")).text(), "5 bytes");
  assert.is((await post("123456")).status, 413);
  assert.is(received.length, 1);
  const stream = upload(`${url}/whole`);
  stream.write("123");
  await until(() => received[1]?.text === "123", "it has begun");
  stream.write("456");
  // What is answered while the request is still being written may also be lost with the connection.
  await until(() => stream.ended !== undefined, "it ends");
  if (stream.ended === "end") assert.is((await stream.answer).status, 413);
  await until(() => received[1]!.end === "broken", "the receiver sees it");
});

behindGateway("delays", { kind: "delays", ms: 100 }, async ({ url }) => {
  const startedAt = performance.now();
  const stream = upload(`${url}/stream`);
  for (const chunk of ["one", "two", "three"]) stream.write(chunk);
  stream.end();
  await until(() => stream.ended === "end", "the answer ends");
  assert.match(stream.text, /;?11;$/);
  assert.ok(performance.now() - startedAt >= 190, "there and back");
});

behindGateway("breaks with either side", { kind: "pass" }, async (gateway, { received }) => {
  const stop = new AbortController();
  const aborted = upload(`${gateway.url}/whole`, { signal: stop.signal });
  aborted.write("one");
  await until(() => received[0]?.text === "one", "it has begun");
  stop.abort();
  await until(() => aborted.ended !== undefined, "the sender sees it");
  await until(() => received[0]!.end === "broken", "the receiver sees it");
  const stream = upload(`${gateway.url}/stream`);
  stream.write("one");
  await until(() => stream.text === "3;", "it has begun");
  await gateway.close();
  await until(() => stream.ended !== undefined, "the sender sees it");
  assert.is.not(stream.ended, "end");
});

function behindProxy(
  name: string,
  body: (proxy: TcpProxy, receiver: Receiver) => Promise<void>,
): void {
  test(`TCP proxy: ${name}`, async () => {
    const receiver = await startReceiver("over sockets");
    const proxy = await startTcpProxy(() => receiver.url);
    try {
      await body(proxy, receiver);
    } finally {
      await proxy.close();
      await receiver.close();
    }
  });
}

behindProxy("passes both ways", async ({ url, open, connections }, { received }) => {
  const stream = upload(`${url}/stream`);
  stream.write("one");
  await until(() => stream.text === "3;", "it has begun");
  assert.equal([open(), connections()], [1, 1]);
  stream.end();
  await until(() => stream.ended === "end", "the answer ends");
  assert.is(received[0]!.end, "whole");
  const body = "x".repeat(1e6);
  assert.is(await (await fetch(`${url}/whole`, { method: "POST", body })).text(), "1000000 bytes");
});

behindProxy("cuts", async ({ url, cut, open }, { received }) => {
  const stream = upload(`${url}/stream`);
  stream.write("one");
  await until(() => stream.text === "3;", "it has begun");
  cut();
  await until(() => stream.ended !== undefined, "the sender sees it");
  await until(() => received[0]!.end === "broken", "the receiver sees it");
  assert.is.not(stream.ended, "end");
  await until(() => open() === 0, "it is closed");
  assert.is(await (await fetch(`${url}/unread`)).text(), "unread");
});

for (const direction of ["to", "from", "both"] as const) {
  behindProxy(`swallows ${direction}`, async ({ url, blackhole, heal, cut }, { received }) => {
    const stream = upload(`${url}/stream`);
    stream.write("one");
    await until(() => stream.text === "3;", "it has begun");
    blackhole(direction);
    stream.write("two");
    const [lost] = later(fetch(`${url}/new`, { method: "POST", body: "three" }));
    if (direction === "from") await until(() => received[1]?.end === "whole", "it arrives");
    await moment();
    assert.is(stream.text, "3;");
    assert.is(stream.ended, undefined);
    const arrived = direction === "from" ? ["onetwo", "three"] : ["one"];
    assert.equal(received.map(({ text }) => text), arrived);
    heal();
    await moment();
    assert.is(stream.text, "3;", "what is lost is lost");
    cut();
    await rejection(lost!);
    await until(() => stream.ended !== undefined, "the sender sees it");
    assert.is(await (await fetch(`${url}/unread`)).text(), "unread");
  });
}

behindProxy("refuses new connections only", async ({ url, refuse, heal }) => {
  const stream = upload(`${url}/stream`);
  stream.write("one");
  await until(() => stream.text === "3;", "it has begun");
  refuse();
  await rejection(fetch(`${url}/unread`));
  stream.write("two");
  await until(() => stream.text === "3;6;", "it goes on");
  heal();
  assert.is(await (await fetch(`${url}/unread`)).text(), "unread");
  stream.end();
  await until(() => stream.ended === "end", "the answer ends");
});

test.run();
