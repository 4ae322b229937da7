import type { IncomingMessage, ServerResponse } from "node:http";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Driver, faultyFetch, PartyClient, PartyError, type PeerAbortedError } from "../mod.ts";
import { withDriver } from "./helpers/driven.ts";
import { listen } from "./helpers/listen.ts";
import { moment, partyError, rejection, until } from "./helpers/waiting.ts";

/** Runs a test against a server that answers as it is told to. */
async function withServer(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  body: (url: string) => Promise<void>,
): Promise<void> {
  const { url, close } = await listen((request, response) => {
    request.resume();
    answer(request, response);
  });
  try {
    await body(url);
  } finally {
    await close();
  }
}

test("a client does all that one party can do", async () => {
  await withDriver(1, async (_, { endpoints: [url] }) => {
    const client = new PartyClient(`${url}/`);
    assert.is(client.url, url);
    await client.health();
    const spec = { name: "s", rank: 0, endpoints: [url!] };
    const session = await client.createSession(spec);
    assert.equal(session, { ...spec, worldSize: 1, state: "open" });
    assert.equal(await client.sessions(), [session]);
    assert.equal(await client.session("s"), { ...session, peers: [] });
    assert.equal(await client.putSymbol("s", "a", [1n], { text: "π\n🐧" }), {
      name: "a",
      mptype: { text: "π\n🐧" },
    });
    assert.equal(await client.getSymbol("s", "a"), {
      name: "a",
      mptype: { text: "π\n🐧" },
      value: [1n],
    });
    assert.equal((await client.symbols("s")).map(({ name }) => name), ["a"]);
    await client.deleteSymbol("s", "a");
    const started = await client.startComputation("s", {
      id: "c",
      program: "echo",
      outputs: { result: "out" },
      params: 5n,
    }, { traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" });
    assert.is(started.params, 5n);
    let last = started;
    for await (const view of client.followComputation("s", "c")) last = view;
    assert.equal([last.id, last.state, last.outputs], ["c", "completed", { result: "out" }]);
    assert.match(last.traceparent, /^00-4bf92f3577b34da6a3ce929d0e0e4736-/);
    assert.equal(await client.computation("s", "c"), last);
    assert.equal(await client.computations("s"), [{ ...last, params: undefined }]);
    await client.cancelComputation("s", "c");
    assert.ok((await client.programs()).some(({ name }) => name === "echo"));
    assert.is((await client.status()).sessions[0]!.name, "s");
    await client.putSymbol("s", "stays", 1);
    for (const [keepSymbols, left] of [[true, ["out", "stays"]], [false, []]] as const) {
      await client.deleteSession("s", { keepSymbols });
      await partyError(client.session("s"), "UNKNOWN_SESSION");
      await client.createSession(spec);
      assert.equal((await client.symbols("s")).map(({ name }) => name), left);
    }
    await client.deleteSession("s");
    await partyError(client.session("s"), "UNKNOWN_SESSION");
  });
});

test("every request is authorized as the last step, and what that throws is thrown", async () => {
  const seen: string[] = [];
  await withServer((request, response) => {
    seen.push(`${request.method} ${request.headers["x-signed"]}`);
    response.setHeader("content-type", "application/json").end('{"status":"ok"}');
  }, async (url) => {
    const authorize = async (request: Request) => {
      const body = await request.clone().text();
      const headers = new Headers(request.headers);
      headers.set("x-signed", `${new URL(request.url).pathname}:${body.length}`);
      return new Request(request, { headers });
    };
    const client = new PartyClient(url, { authorize });
    await client.health();
    await rejection(client.createSession({ name: "s", rank: 0, endpoints: [] }));
    assert.equal(seen, ["GET /health:0", "POST /sessions:36"]);
    const fault = new TypeError("no key");
    const without = new PartyClient(url, { authorize: () => Promise.reject(fault) });
    assert.is(await rejection(without.health()), fault);
  });
});

test("a problem becomes the error that its code says", async () => {
  const problem = {
    type: "about:blank",
    title: "Conflict",
    status: 409,
    detail: "Session s has failed",
    code: "PEER_ABORTED",
    peer_rank: 2,
    peer_code: "MAILBOX_FULL",
    reason: "too much",
    added_later: true,
  };
  await withServer((_, response) => {
    response.writeHead(409, { "content-type": "application/problem+json" });
    response.end(JSON.stringify(problem));
  }, async (url) => {
    const error = await partyError<PeerAbortedError>(
      new PartyClient(url, { rank: 1 }).session("s"),
      "PEER_ABORTED",
    );
    assert.equal([error.rank, error.peerCode, error.reason], [2, "MAILBOX_FULL", "too much"]);
    const said = `Rank 1 at ${url} answered GET /sessions/s with status 409: Session s has failed`;
    assert.is(error.message, said);
    await withServer((_, response) => {
      response.writeHead(400).end(JSON.stringify({ ...problem, code: "OF_ANOTHER_VERSION" }));
    }, async (url) => {
      await partyError(new PartyClient(url).session("s"), "NETWORK");
    });
  });
});

test("an answer that is not what a party answers is told by its first wrong field", async () => {
  await withServer((_, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ sessions: [{ name: "s", rank: "0" }] }));
  }, async (url) => {
    const error = await partyError(new PartyClient(url).sessions(), "NETWORK");
    assert.match((error.cause as Error).message, /sessions\[0\]\.rank has to be a number/);
  });
});

test("a request is given up by its signal and after its time, also while the body comes", async () => {
  await withServer((_, response) => {
    response.writeHead(200, { "content-type": "application/json" }).write('{"status":');
  }, async (url) => {
    const client = new PartyClient(url, { timeoutMs: 150 });
    const late = await partyError(client.health(), "NETWORK");
    assert.match(late.message, /did not answer GET \/health within 150 ms/);
    const abort = new AbortController();
    const reason = new Error("enough");
    const given = rejection(client.health({ signal: abort.signal, timeoutMs: 60_000 }));
    await moment(50);
    abort.abort(reason);
    assert.is(await given, reason);
    assert.is(await rejection(client.health({ signal: abort.signal })), reason);
  });
});

test("a run goes on over streams that break, and over gateways without streams", async () => {
  for (const cut of ["after an event", "before an event", "refused"]) {
    const asked: string[] = [];
    const gateway: typeof fetch = async (input, init) => {
      const { method, headers } = input as Request;
      const isStream = headers.get("accept") === "text/event-stream";
      asked.push(isStream ? "stream" : method);
      if (isStream && cut === "refused") return new Response("no streams", { status: 502 });
      const response = await fetch(input, init);
      if (!isStream) return response;
      const reader = response.body!.getReader();
      let count = 0;
      const body = new ReadableStream({
        async pull(controller) {
          if (cut === "before an event" || ++count > 2) return controller.error(new Error("cut"));
          controller.enqueue((await reader.read()).value);
        },
        cancel: () => reader.cancel(),
      });
      return new Response(body, response);
    };
    await withDriver(2, async (driver) => {
      const session = await driver.session();
      const fractions = new Set<number>();
      const views = await session.run("steps", {
        onProgress: ({ fraction }) => fractions.add(fraction),
      });
      assert.equal(views.map(({ state }) => state), ["completed", "completed"], cut);
      assert.ok(fractions.has(1), cut);
      const streams = asked.filter((one) => one === "stream").length;
      if (cut !== "after an event") assert.ok(streams <= 6, `${cut}: ${streams} streams`);
    }, { fetch: gateway });
  }
});

test("jobs come to their end on a network that loses requests and answers", async () => {
  const net = faultyFetch({ seed: 5, drop: 0.1, loseAnswer: 0.1, resetMidway: 0.1 });
  await withDriver(2, async (_, { endpoints }) => {
    const driver = new Driver(endpoints, { fetch: net });
    const session = await driver.session();
    for (let at = 0; at < 5; at++) {
      const outputs = { result: `result-${at}` };
      const views = await session.run("echo", { params: at, outputs });
      assert.equal(views.map(({ state }) => state), ["completed", "completed"]);
    }
    assert.ok(Object.values(net.injected).some((count) => count > 0));
  });
});

test("nothing is left open when a stream is no longer read", async () => {
  let open = 0;
  await withServer((_, response) => {
    open++;
    response.on("close", () => open--);
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(": alive\n\n");
  }, async (url) => {
    const abort = new AbortController();
    const reading = (async () => {
      for await (const _ of new PartyClient(url).followComputation("s", "c", abort)) break;
    })().catch((error) => error);
    await until(() => open === 1, "the stream is open");
    abort.abort(new PartyError("CANCELLED", "enough"));
    assert.is((await reading).message, "enough");
    await until(() => open === 0, "the stream is closed");
  });
});

test.run();
