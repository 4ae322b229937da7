import { test } from "uvu";
import * as assert from "uvu/assert";
import { createParty, NetworkError, PartyError } from "../mod.ts";
import { encodeAck } from "../lib/comm/link/acks.ts";
import { LINK_MEDIA_TYPE } from "../lib/comm/link/request.ts";
import { listen } from "./helpers/listen.ts";
import { partyError, until } from "./helpers/waiting.ts";

const ENDLESS: [to: string, path: string, status: number, type: string, text: string][] = [
  ["a link", "/comm/link", 200, "text/plain", "x"],
  ["a link with a refusal", "/comm/link", 503, "application/problem+json", " "],
  ["JSON", "/comm/send", 200, "application/json", "x"],
];

for (const [to, path, status, type, text] of ENDLESS) {
  test(`a peer whose answer to ${to} never ends is cut off, and is a NetworkError`, async () => {
    let [written, met] = [0, false];
    const { url, close } = await listen((request, response) => {
      request.resume();
      if (request.url!.endsWith("/abort")) return void response.end();
      if (!request.url!.endsWith(path)) return void response.writeHead(404).end();
      if (to === "JSON" && !met) {
        met = true;
        return void response.end('{"status":"ok"}');
      }
      response.writeHead(status, { "content-type": type });
      const pour = () => {
        while (!response.destroyed && response.write(text.repeat(65_536))) written += 65_536;
      };
      response.on("drain", pour);
      pour();
    });
    await using party = createParty();
    const endpoints = ["http://127.0.0.1:2", url];
    const session = await party.createSession({ name: "s", rank: 0, endpoints });
    if (to === "JSON") await session.communicator.send(1, "first", "tells that it has no links");
    const sending = session.communicator.send(1, "k", 1, { timeoutMs: 1_000 });
    const error = await partyError(sending, "SEND_TIMEOUT");
    assert.instance(error.cause, NetworkError);
    assert.match(error.message, "longer than 65536 bytes");
    assert.ok(written < 50 * 1024 * 1024, `${written} bytes were taken`);
    assert.is(session.communicator.failure, error);
    await party.close();
    await close();
  });
}

const WRONG_ACKS: [what: string, answer: Uint8Array, says: RegExp][] = [
  ["text", new TextEncoder().encode("ok"), /byte 111 begins no acknowledgement/],
  ["more than was sent", encodeAck(2 ** 40), /place 1099511627776 is acknowledged, and only \d+/],
  ["nothing", new Uint8Array(), /holds no acknowledgement/],
];

for (const [what, answer, says] of WRONG_ACKS) {
  test(`a peer that acknowledges ${what} is no party, and fails the session`, async () => {
    let requests = 0;
    const { url, close } = await listen((request, response) => {
      request.resume();
      const linked = request.url!.endsWith("/comm/link");
      if (linked) requests++;
      response.writeHead(200, { "content-type": LINK_MEDIA_TYPE }).end(linked ? answer : "");
    });
    await using party = createParty();
    const endpoints = ["http://127.0.0.1:2", url];
    const session = await party.createSession({ name: "s", rank: 0, endpoints });
    const error = await partyError(session.communicator.send(1, "k", 1), "NETWORK");
    assert.match(error.message, says);
    assert.is(session.communicator.failure, error);
    assert.is(requests, 1, "it is not asked again");
    await party.close();
    await close();
  });
}

test("a peer that acknowledges without end, and never what it is sent, is a timeout", async () => {
  let ended = 0;
  const { url, close } = await listen((request, response) => {
    request.resume();
    if (request.url!.endsWith("/abort")) return void response.end();
    response.writeHead(200, { "content-type": LINK_MEDIA_TYPE });
    response.once("close", () => ended++);
    const pour = () => {
      while (!response.destroyed && response.write(new Uint8Array(1_024))) continue;
      if (!response.destroyed) setTimeout(pour, 10);
    };
    pour();
  });
  await using party = createParty();
  const endpoints = ["http://127.0.0.1:2", url];
  // Again and again: what ends a request must not be lost to the collection of garbage.
  for (let round = 1; round <= 5; round++) {
    const session = await party.createSession({ name: "s", rank: 0, endpoints });
    const sending = session.communicator.send(1, "k", 1, { timeoutMs: 700 });
    const error = await partyError(sending, "SEND_TIMEOUT");
    assert.is(session.communicator.failure, error);
    await session.close();
    await until(() => ended === round, `request ${round} has ended`);
  }
  await party.close();
  await close();
});

test("a farewell whose answer breaks harms nobody", async () => {
  const broken = () => new ReadableStream({ cancel: () => Promise.reject(new Error("broken")) });
  await using party = createParty({ fetch: () => Promise.resolve(new Response(broken())) });
  const endpoints = ["http://127.0.0.1:2", "http://127.0.0.1:3"];
  const [closed, failed] = await Promise.all(
    ["closed", "failed"].map((name) => party.createSession({ name, rank: 0, endpoints })),
  );
  await closed!.close();
  await failed!.communicator.abort(new PartyError("CONFLICT", "gives up"));
  assert.is(failed!.state, "failed");
});

test.run();
