import { test } from "uvu";
import * as assert from "uvu/assert";
import { createParty } from "../lib/party.ts";
import { sumProgram } from "../lib/programs/sum.ts";
import { VERSION } from "../lib/version.ts";
import { type Parties, startParties } from "./helpers/parties.ts";
import { program } from "./helpers/programs.ts";
import { dataOf, post, request, Served } from "./helpers/served.ts";
import { later, rejection, until } from "./helpers/waiting.ts";

/** One scrape: the value of each series, as Prometheus writes it, and what is said of each name. */
interface Scrape {
  series: Map<string, number>;
  help: Map<string, string>;
  types: Map<string, string>;
}

async function scrape(url: string): Promise<Scrape> {
  const { status, headers, text } = await request(`${url}/metrics`);
  assert.is(status, 200, text);
  assert.match(headers.get("content-type")!, /^text\/plain; version=0\.0\.4/);
  const [series, help, types] = [new Map(), new Map(), new Map()];
  for (const line of text.split("\n").filter((line) => line !== "")) {
    const [, kind, name, rest] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (kind === "HELP") help.set(name, rest);
    else if (kind === "TYPE") types.set(name, rest);
    else {
      const [, key, value] = /^(\S+(?:\{.*\})?) (\S+)$/.exec(line) ?? [];
      assert.not(series.has(key), `${key} is there twice`);
      series.set(key, Number(value));
    }
  }
  return { series, help, types };
}

async function withParties(
  size: number,
  body: (parties: Parties) => Promise<void>,
): Promise<void> {
  const fails = program("fails", () => Promise.reject(new Error("broken")));
  const parties = await startParties(size, { programs: [sumProgram, fails] });
  try {
    await body(parties);
  } finally {
    await parties.close();
  }
}

test("metrics have names, units and help as Prometheus wants them", async () => {
  await withParties(2, async ({ endpoints, createSession }) => {
    await createSession("s");
    const { series, help, types } = await scrape(endpoints[0]!);
    assert.equal([...help.keys()], [...types.keys()]);
    for (const [name, type] of types) {
      assert.match(name, /^(partyline|process)_[a-z_]+$/);
      assert.ok(help.get(name)!.length > 10, name);
      assert.is(name.endsWith("_total"), type === "counter", name);
      if (/_(duration|age|time)_/.test(name)) assert.match(name, /_seconds$/);
      if (/bytes/.test(name)) assert.match(name, /_bytes(_total)?$/);
    }
    for (const key of series.keys()) {
      const name = key.replace(/\{.*/, "");
      assert.ok(types.has(name) || types.has(name.replace(/_(bucket|sum|count)$/, "")), key);
    }
    assert.is(series.get(`partyline_build_info{version="${VERSION}"}`), 1);
    assert.ok(Math.abs(series.get("process_start_time_seconds")! * 1_000 - Date.now()) < 600_000);
    assert.ok(series.get("process_resident_memory_bytes")! > 1_000_000);
  });
});

test("requests are counted by method, pattern and status, and never by path", async () => {
  const served = await Served.start();
  try {
    await request(served.url("/sessions/demo"));
    await request(served.url("/sessions/secret-name"));
    await request(served.url("/nowhere/secret-name"));
    await request(served.url("/sessions"), { method: "PROPFIND" });
    await request(served.url("/health"), { method: "HEAD" });
    await request(served.url("/sessions/a%20b"));
    await post(served.url("/sessions"), "{");
    const { series } = await scrape(served.server.url);
    const count = (method: string, route: string, status: number) =>
      series.get(
        `partyline_http_requests_total{method="${method}",route="${route}",status="${status}"}`,
      );
    assert.is(count("GET", "/sessions/:session", 200), 1);
    assert.is(count("GET", "/sessions/:session", 404), 1);
    assert.is(count("GET", "/sessions/:session", 400), 1);
    assert.is(count("GET", "none", 404), 1);
    assert.is(count("other", "/sessions", 405), 1);
    assert.is(count("HEAD", "/health", 200), 1);
    assert.is(count("POST", "/sessions", 400), 1);
    assert.not([...series.keys()].some((key) => /secret-name|demo/.test(key)));
    const duration = "partyline_http_request_duration_seconds";
    const labels = 'method="GET",route="/sessions/:session"';
    assert.is(series.get(`${duration}_count{${labels}}`), 3);
    assert.is(series.get(`${duration}_bucket{${labels},le="+Inf"}`), 3);
    assert.ok(series.get(`${duration}_sum{${labels}}`)! > 0);
  } finally {
    await served.close();
  }
});

test("buckets of a histogram hold what is below them, too", async () => {
  await withParties(1, async ({ endpoints, createSession }) => {
    await createSession("s");
    for (let times = 0; times < 5; times++) await request(`${endpoints[0]}/health`);
    const { series } = await scrape(endpoints[0]!);
    const prefix =
      'partyline_http_request_duration_seconds_bucket{method="GET",route="/health",le=';
    const buckets = [...series].filter(([key]) => key.startsWith(prefix)).map(([, value]) => value);
    assert.ok(buckets.length > 5);
    assert.equal(buckets, buckets.toSorted((a, b) => a - b));
    assert.is(buckets.at(-1), 5);
  });
});

test("what passes between parties is counted, and never goes back", async () => {
  await withParties(2, async ({ endpoints, createSession }) => {
    const peer = endpoints[1]!;
    const names = ["partyline_messages_total", "partyline_message_bytes_total"].flatMap((name) =>
      ["sent", "received"].map((direction) => `${name}{peer="${peer}",direction="${direction}"}`)
    );
    const counters = async () => {
      const { series } = await scrape(endpoints[0]!);
      return names.map((name) => series.get(name) ?? 0);
    };
    let before = await counters();
    for (let round = 1; round <= 2; round++) {
      const [alice, bob] = await createSession("s");
      const messages = [alice, bob].map((one) => one!.communicator.allgather("hello"));
      await Promise.all(messages);
      const open = await counters();
      const links = (await scrape(endpoints[0]!)).series;
      const kinds = ["none", "segments", "streaming"].map((kind) =>
        links.get(`partyline_links{peer="${peer}",kind="${kind}"}`) ?? 0
      );
      assert.equal(kinds.toSorted(), [0, 0, 1]);
      await Promise.all([alice!.close(), bob!.close()]);
      const closed = await counters();
      assert.equal(open.slice(0, 2), [round, round]);
      for (const at of names.keys()) {
        assert.ok(before[at]! < open[at]! && open[at]! <= closed[at]!, names[at]);
      }
      before = closed;
    }
    const { series } = await scrape(endpoints[0]!);
    for (
      const name of [
        "partyline_send_retries_total",
        "partyline_link_resumes_total",
        "partyline_link_resent_bytes_total",
        "partyline_duplicates_dropped_total",
      ]
    ) assert.ok(series.get(`${name}{peer="${peer}"}`)! >= 0, name);
  });
});

test("what waits is told: unread messages, receives, and for how long", async () => {
  const served = await Served.start();
  try {
    const peer = 'peer="http://127.0.0.1:2"';
    const [waiting] = later(served.party.session("demo").communicator.recv(1, "never"));
    const body = { from_rank: 1, to_rank: 0, key: "unread", data: dataOf("value") };
    await post(served.url("/sessions/demo/comm/send"), body);
    const { series } = await scrape(served.server.url);
    assert.is(series.get(`partyline_mailbox_messages{${peer}}`), 1);
    assert.ok(series.get(`partyline_mailbox_bytes{${peer}}`)! > 0);
    assert.is(series.get(`partyline_pending_receives{${peer}}`), 1);
    const first = series.get(`partyline_pending_receive_oldest_age_seconds{${peer}}`)!;
    let now = first;
    while (now <= first) {
      const next = await scrape(served.server.url);
      now = next.series.get(`partyline_pending_receive_oldest_age_seconds{${peer}}`)!;
    }
    await served.party.session("demo").close();
    await rejection(waiting!);
    const after = (await scrape(served.server.url)).series;
    assert.is(after.get(`partyline_pending_receives{${peer}}`), undefined);
    assert.is(after.get(`partyline_messages_total{${peer},direction="received"}`), 1);
  } finally {
    await served.close();
  }
});

test("sessions and computations are told by state, and those that ended by outcome", async () => {
  await withParties(2, async ({ endpoints, createSession }) => {
    const [alice, bob] = await createSession("s");
    for (const session of [alice, bob]) await session!.symbols.put("values", [2.5]);
    const both = (id: string, program: string) =>
      Promise.allSettled([alice, bob].map((one) => one!.compute({ id, program }).result));
    await both("one", "sum");
    await both("two", "fails");
    const waiting = alice!.compute({ id: "three", program: "sum", outputs: ["other"] });
    const { series } = await scrape(endpoints[0]!);
    const ended = (program: string, outcome: string) =>
      series.get(
        `partyline_computations_finished_total{program="${program}",outcome="${outcome}"}`,
      );
    const kept = (state: string) => series.get(`partyline_computations{state="${state}"}`);
    assert.is(series.get('partyline_sessions{state="open"}'), 1);
    assert.is(series.get('partyline_sessions{state="failed"}'), 0);
    assert.equal([kept("completed"), kept("failed"), kept("pending")], [1, 1, 1]);
    assert.equal([ended("sum", "completed"), ended("fails", "failed")], [1, 1]);
    assert.is(ended("sum", "cancelled"), 0);
    const duration = "partyline_computation_duration_seconds_count";
    assert.is(series.get(`${duration}{program="sum",outcome="completed"}`), 1);

    await Promise.all([alice!.close(), bob!.close()]);
    await rejection(waiting.result);
    await until(() => waiting.hasEnded, "the last one has ended");
    const after = (await scrape(endpoints[0]!)).series;
    assert.is(after.get('partyline_sessions{state="open"}'), 0);
    const sum = 'partyline_computations_finished_total{program="sum",outcome=';
    assert.equal([after.get(`${sum}"completed"}`), after.get(`${sum}"cancelled"}`)], [1, 1]);
  });
});

test("two parties in one process have metrics of their own", async () => {
  await using one = createParty();
  await using other = createParty();
  const read = async (party: typeof one, path: string) =>
    await (await party.fetch(new Request(`http://party.test${path}`))).text();
  for (let times = 0; times < 3; times++) await read(one, "/health");
  const health = /^partyline_http_requests_total\{.*route="\/health".*$/m;
  assert.match(await read(one, "/metrics"), /route="\/health",status="200"\} 3$/m);
  assert.not.match(await read(other, "/metrics"), health);
});

test.run();
