import { test } from "uvu";
import * as assert from "uvu/assert";
import { createParser } from "../lib/client/deps.ts";
import { helloProgram } from "../lib/programs/hello.ts";
import { sumProgram } from "../lib/programs/sum.ts";
import { VERSION } from "../lib/version.ts";
import { listen } from "./helpers/listen.ts";
import { type Parties, startParties } from "./helpers/parties.ts";
import { program } from "./helpers/programs.ts";
import { request, Served } from "./helpers/served.ts";
import { later, until } from "./helpers/waiting.ts";

interface Status {
  started_at: string;
  uptime_s: number;
  time: string;
  ready: boolean;
  sessions: { name: string; peers: unknown[]; computations: { computation_id: string }[] }[];
  computations: Record<string, number>;
  traffic: Record<string, number>;
  parties: { url: string; answers: boolean; latency_ms: number | null; version: string | null }[];
}

async function statusOf(url: string): Promise<Status> {
  const { status, text } = await request(`${url}/status`);
  assert.is(status, 200, text);
  return JSON.parse(text);
}

async function withParties(
  size: number,
  body: (parties: Parties) => Promise<void>,
): Promise<void> {
  const parties = await startParties(size, { programs: [helloProgram, sumProgram] });
  try {
    await body(parties);
  } finally {
    await parties.close();
  }
}

test("the status of a party without sessions says what it runs, and since when", async () => {
  await withParties(1, async ({ endpoints }) => {
    const { started_at, uptime_s, time, ...rest } = await statusOf(endpoints[0]!);
    assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000);
    assert.ok(Math.abs(Date.parse(time) - Date.parse(started_at) - uptime_s * 1_000) < 2);
    assert.equal(rest, {
      version: VERSION,
      ready: true,
      config_fingerprint: null,
      programs: [{ name: "hello", version: "1.0.0" }, { name: "sum", version: "1.0.0" }],
      sessions: [],
      computations: { pending: 0, running: 0, completed: 0, failed: 0, cancelled: 0 },
      traffic: { messages_sent: 0, bytes_sent: 0, messages_received: 0, bytes_received: 0 },
      parties: [],
    });
  });
});

test("the status shows sessions, computations and traffic as their own routes do", async () => {
  await withParties(2, async ({ endpoints, createSession }) => {
    const sessions = await createSession("s");
    const hello = sessions.map((one) => one.compute({ id: "c", program: "hello" }).result);
    await Promise.all(hello);
    const url = endpoints[0]!;
    const { sessions: [shown], computations, traffic, parties } = await statusOf(url);
    const read = async (path: string) => JSON.parse((await request(url + path)).text);
    const { peers, computations: shownComputations, ...session } = shown!;
    const { peers: ownPeers, ...own } = await read("/sessions/s");
    assert.equal(session, own);
    assert.equal(peers.map((peer) => Object.keys(peer as object)), [Object.keys(ownPeers[0])]);
    assert.equal(shownComputations, (await read("/sessions/s/computations")).computations);
    assert.equal(computations, { pending: 0, running: 0, completed: 1, failed: 0, cancelled: 0 });
    const { messagesSent, bytesReceived } = sessions[0]!.communicator.stats[1]!;
    assert.ok(messagesSent > 0);
    assert.equal([traffic.messages_sent, traffic.bytes_received], [messagesSent, bytesReceived]);
    assert.equal(parties.map(({ url, answers, version }) => [url, answers, version]), [
      [endpoints[0], true, VERSION],
      [endpoints[1], true, VERSION],
    ]);
    assert.ok(parties.every(({ latency_ms }) => latency_ms! > 0));
  });
});

test("of computations that have ended the last 50 are told, and of none its params", async () => {
  const programs = [helloProgram, program("waits", () => new Promise(() => {}))];
  const parties = await startParties(1, { programs: [...programs, program("quick", () => {})] });
  try {
    const [session] = await parties.createSession("s");
    session!.compute({ id: "first", program: "waits", params: "a secret" });
    for (let at = 0; at < 60; at++) {
      await session!.compute({ id: `c${at}`, program: "quick", params: "a secret" }).result;
    }
    const { text } = await request(`${parties.endpoints[0]}/status`);
    const { sessions: [shown], computations }: Status = JSON.parse(text);
    assert.equal(
      shown!.computations.map(({ computation_id: id }) => id),
      ["first", ...Array.from({ length: 50 }, (_, at) => `c${at + 10}`)],
    );
    assert.equal([computations.running, computations.completed], [1, 60]);
    assert.not.match(text, /params|a secret/);
  } finally {
    await parties.close();
  }
});

test("no more than 100 endpoints are asked, whatever sessions name", async () => {
  let asked = 0;
  const peer = await listen((_, response) => {
    asked++;
    response.end('{"status":"ok"}');
  });
  const served = await Served.start();
  try {
    const endpoints = Array.from({ length: 300 }, (_, at) => `${peer.url}/p${at}`);
    await served.party.createSession({ name: "many", rank: 0, endpoints });
    const { parties } = await statusOf(served.server.url);
    assert.is(parties.length, 100);
    assert.is(asked, 98, "the other two are those of another session");
  } finally {
    await served.close();
    await peer.close();
  }
});

test("traffic of closed sessions is still told", async () => {
  await withParties(2, async ({ endpoints, createSession }) => {
    const sessions = await createSession("s");
    await Promise.all(sessions.map(({ communicator }) => communicator.allgather("hello")));
    await Promise.all(sessions.map((session) => session.close()));
    const { sessions: shown, traffic } = await statusOf(endpoints[0]!);
    assert.equal(shown, []);
    assert.is(traffic.messages_sent, 1);
  });
});

test("no payload and no symbol's value is told", async () => {
  await withParties(1, async ({ endpoints, createSession }) => {
    const [session] = await createSession("s");
    await session!.symbols.put("values", [271828.5]);
    await session!.compute({ id: "c", program: "sum" }).result;
    for (const path of ["/status", "/metrics"]) {
      assert.not.match((await request(endpoints[0] + path)).text, /271828/);
    }
  });
});

test("a party that does not answer, or answers something else, is told as such", async () => {
  const strange = await listen((_, response) => response.writeHead(302, { location: "/" }).end());
  const silent = await listen(() => {});
  const served = await Served.start(); // in its session nothing listens at the other endpoint
  try {
    const endpoints = [served.server.url, strange.url, silent.url];
    await served.party.createSession({ name: "odd", rank: 0, endpoints });
    const { parties } = await statusOf(served.server.url);
    const answers = new Map(parties.map(({ url, ...rest }) => [url, rest]));
    const absent = { answers: false, latency_ms: null, version: null };
    assert.equal(answers.get("http://127.0.0.1:2"), absent);
    assert.equal(answers.get(strange.url), absent);
    assert.equal(answers.get(silent.url), absent);
    assert.is(answers.get(served.server.url)?.answers, true);
  } finally {
    await served.close();
    await strange.close();
    await silent.close();
  }
});

test("other parties are asked only while somebody asks, and not each time", async () => {
  let asked = 0;
  const peer = await listen((request, response) => {
    if (request.url === "/health") asked++;
    response.end('{"status":"ok"}');
  });
  const served = await Served.start();
  try {
    const endpoints = [served.server.url, peer.url];
    await served.party.createSession({ name: "p", rank: 0, endpoints });
    assert.is(asked, 0);
    const all = await Promise.all(Array.from({ length: 10 }, () => statusOf(served.server.url)));
    assert.is(asked, 1);
    const seen = all.map(({ parties }) => parties.find(({ url }) => url === peer.url)!);
    assert.ok(seen.every(({ answers, version }) => answers && version === null));
  } finally {
    await served.close();
    await peer.close();
  }
});

test("events tell the status at once, and again and again, until the server closes", async () => {
  await withParties(1, async ({ endpoints, servers, createSession }) => {
    const response = await fetch(`${endpoints[0]}/events`);
    assert.match(response.headers.get("content-type")!, /^text\/event-stream/);
    const seen: Status[] = [];
    const parser = createParser({
      onEvent: ({ event, data }) => {
        assert.is(event, "status");
        seen.push(JSON.parse(data));
      },
    });
    for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
      parser.feed(text);
      if (seen.length === 1) await createSession("s");
      if (seen.length === 2) later(servers[0]!.close());
    }
    assert.equal(seen.map(({ sessions }) => sessions.length).slice(0, 2), [0, 1]);
    assert.ok(Date.parse(seen[1]!.time) - Date.parse(seen[0]!.time) > 500);
  });
});

test("who hangs up is forgotten", async () => {
  let asked = 0;
  const peer = await listen((request, response) => {
    if (request.url === "/health") asked++;
    response.end();
  });
  const served = await Served.start();
  try {
    const endpoints = [served.server.url, peer.url];
    await served.party.createSession({ name: "p", rank: 0, endpoints });
    const hungUp = new AbortController();
    const response = await fetch(served.url("/events"), { signal: hungUp.signal });
    await response.body!.getReader().read();
    hungUp.abort();
    await until(() => asked === 1, "the peer was asked");
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    assert.is(asked, 1);
  } finally {
    await served.close();
    await peer.close();
  }
});

test.run();
