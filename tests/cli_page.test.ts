/**
 * `partyline page`: what browsers and scrapers, which cannot sign, see of a party with keys.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { ScriptProcess } from "../scripts/processes.ts";
import { startPartyline } from "./helpers/cluster.ts";
import { partyline } from "./helpers/command_line.ts";
import {
  endAll,
  freeUrls,
  keygen,
  type KeyList,
  listensAt,
  makeList,
  refused,
  writeList,
} from "./helpers/keyed.ts";
import { listen } from "./helpers/listen.ts";
import { until } from "./helpers/waiting.ts";
import { tap, type Wiretap } from "./helpers/wiretap.ts";

/** A page that is served, as its URL tells of it. */
interface Shown {
  process: ScriptProcess;
  /** Without the token. */
  url: string;
  token: string;
  /** What a scraper sends. */
  bearer: { authorization: string };
}

const folder = await mkdtemp(`${tmpdir()}/partyline-page-`);
const asEve = `--operator-key=${folder}/eve.key.json`;
const started: ScriptProcess[] = [];

let list: KeyList;
let config: string;
let partyUrl: string;
let way: Wiretap;
let party: ScriptProcess;
let shown: Shown;

/** The party that the list has at the tapped URL. */
async function startParty(): Promise<ScriptProcess> {
  const { port } = new URL(partyUrl);
  const key = `--key=${folder}/a.key.json`;
  const one = startPartyline(
    ...["serve", `--config=${config}`, key, `--port=${port}`, "--json", "--log=none"],
  );
  started.push(one);
  await one.line();
  return one;
}

async function show(...args: string[]): Promise<Shown> {
  const process = startPartyline("page", "--json", ...args);
  started.push(process);
  const { event, url: whole, rank } = JSON.parse(await process.line());
  assert.equal([event, rank], ["listening", 0]);
  const [, url, token] = /^(http:\/\/127\.0\.0\.1:\d+)\/\?token=([\w.~-]+)$/.exec(whole)!;
  return { process, url: url!, token: token!, bearer: { authorization: `Bearer ${token}` } };
}

/** The page of whatever listens at a URL, which needs no signature. */
async function showPlain(url: string, ...args: string[]): Promise<Shown> {
  const plain = await writeList(folder, "plain.json", { parties: [{ id: "plain", url }] });
  return await show(`--config=${plain}`, ...args);
}

/** Asks under another name than the URL's: fetch sets `Host` itself. */
async function askAs(host: string, { url, bearer }: Shown): Promise<{ status: number }> {
  const asked = httpRequest(`${url}/status`, { headers: { ...bearer, host } });
  const [response] = await once(asked.end(), "response");
  response.resume();
  return { status: response.statusCode };
}

async function openUrl({ url, token }: Shown): Promise<{ answer: Response; cookie: string }> {
  const answer = await fetch(`${url}/?token=${token}`, { redirect: "manual" });
  await answer.body?.cancel();
  return { answer, cookie: answer.headers.get("set-cookie")?.replace(/;.*/, "") ?? "" };
}

/** Fails unless it is one line of text. @returns it */
async function line(answer: Response, status: number): Promise<string> {
  const text = await answer.text();
  assert.is(answer.status, status, text);
  assert.is(answer.headers.get("content-type"), "text/plain; charset=utf-8");
  assert.match(text, /^[^\n]+\n$/);
  return text;
}

/** The event stream's own events, one after the other. */
async function* eventsOf(answer: Response): AsyncGenerator<Record<string, unknown>> {
  let text = "";
  for await (const part of answer.body!.pipeThrough(new TextDecoderStream())) {
    text += part;
    for (let end; (end = text.indexOf("\n\n")) !== -1; text = text.slice(end + 2)) {
      const [, data] = /^event: status\ndata: (.*)$/.exec(text.slice(0, end)) ?? [];
      if (data !== undefined) yield JSON.parse(data);
    }
  }
}

test.before(async () => {
  [partyUrl] = await freeUrls(1) as [string];
  way = await tap(partyUrl);
  list = await makeList(folder, [way.url]);
  config = await writeList(folder, "parties.json", list);
  party = await startParty();
  shown = await show(`--config=${config}`, asEve);
});

test.after(async () => {
  for (const one of started) one.kill("SIGKILL");
  await way.close();
  await rm(folder, { recursive: true });
});

test("who does not know the token gets one line that says what to do, and the party hears nothing", async () => {
  const { url, token } = shown;
  const cookie = `partyline-${new URL(url).port}`;
  const headers: Record<string, string>[] = [
    {},
    { authorization: "Bearer" },
    { authorization: `Bearer ${token}0` },
    { authorization: `Bearer ${token.slice(0, -1)}` },
    { authorization: `Basic ${token}` },
    { authorization: token },
    { cookie: `${cookie}=` },
    { cookie: `${cookie}=${token}` }, // what is in the URL is no cookie
    { cookie: `token=${token}` },
  ];
  for (const path of ["/", "/status", "/metrics", "/events", "/health"]) {
    for (const one of headers) {
      const answer = await fetch(`${url}${path}`, { headers: one });
      assert.match(await line(answer, 401), /open the URL that partyline page printed/);
      assert.is(answer.headers.get("www-authenticate"), 'Bearer realm="partyline page"');
      assert.is(answer.headers.get("set-cookie"), null);
    }
  }
  for (const query of [`token=${token}0`, "token=", `token=${token}&token=x`]) {
    const answer = await fetch(`${url}/?${query}`, { redirect: "manual" });
    assert.match(await line(answer, 401), "This URL has another token");
    assert.is(answer.headers.get("set-cookie"), null);
  }
  // What the page itself asks as it begins.
  await until(() => way.requests().length > 0, "the page has looked for the party");
  assert.equal(way.requests().map(({ path }) => path), ["/health"]);
});

test("the URL with the token sets a cookie for that port, and leads to the page", async () => {
  const { answer, cookie } = await openUrl(shown);
  const { port } = new URL(shown.url);
  assert.equal([answer.status, answer.headers.get("location")], [303, "/"]);
  assert.is(answer.headers.get("cache-control"), "no-store");
  assert.is(answer.headers.get("referrer-policy"), "no-referrer");
  const [set, ...attributes] = answer.headers.get("set-cookie")!.split("; ");
  assert.match(set!, new RegExp(`^partyline-${port}=[0-9a-f]{64}$`));
  assert.equal(attributes, ["Path=/", "HttpOnly", "SameSite=Strict"]);
  assert.not.match(set!, shown.token); // every port of this machine gets to see it

  const headers = { cookie: `other=1; ${cookie}; more=2` };
  const page = await fetch(`${shown.url}/`, { headers });
  assert.is(page.status, 200);
  assert.is(page.headers.get("content-type"), "text/html; charset=utf-8");
  assert.match(page.headers.get("content-security-policy")!, "default-src 'none'");
  assert.is(page.headers.get("x-content-type-options"), "nosniff");
  assert.is(page.headers.get("cross-origin-resource-policy"), "same-origin");
  assert.match(await page.text(), "<title>Partyline</title>");
  // A token in the URL goes no further, cookie or not.
  const again = await fetch(`${shown.url}/status?token=${shown.token}`, {
    headers,
    redirect: "manual",
  });
  assert.equal([again.status, again.headers.get("location")], [303, "/"]);
  await again.body?.cancel();
});

test("a scraper sends the token each time, and gets status and metrics", async () => {
  const headers = { ...shown.bearer, accept: "text/plain;version=0.0.4" };
  const metrics = await fetch(`${shown.url}/metrics`, { headers });
  assert.is(metrics.status, 200);
  assert.match(metrics.headers.get("content-type")!, /^text\/plain; version=0\.0\.4/);
  assert.match(await metrics.text(), /^# HELP \w+/);
  const status = await fetch(`${shown.url}/status`, { headers: shown.bearer });
  assert.match((await status.json()).config_fingerprint, /^(\w{4}-){7}\w{4}$/);
  const lower = { authorization: `bearer ${shown.token}` };
  const head = await fetch(`${shown.url}/status`, { method: "HEAD", headers: lower });
  assert.equal([head.status, await head.text()], [200, ""]);
  const none = await fetch(`${shown.url}/nothing?a=1`, { headers: shown.bearer });
  assert.equal([none.status, (await none.json()).code], [404, "INVALID_REQUEST"]);
});

test("events come as they happen", async () => {
  const answer = await fetch(`${shown.url}/events`, { headers: shown.bearer });
  assert.equal([answer.status, answer.headers.get("content-type")], [
    200,
    "text/event-stream; charset=utf-8",
  ]);
  const events = eventsOf(answer);
  const first = (await events.next()).value!;
  const second = (await events.next()).value!;
  assert.ok(Number(second["uptime_s"]) > Number(first["uptime_s"]));
  await events.return(undefined);
});

test("the party hears signed requests, and no token or cookie", async () => {
  const { cookie } = await openUrl(shown);
  const { url, token, bearer } = shown;
  const secret = { ...bearer, cookie, origin: "http://evil.example", referer: `${url}/?token=x` };
  const before = way.requests().length;
  await (await fetch(`${url}/status?a=b%20c`, { headers: secret })).text();
  const heard = way.requests().slice(before);
  assert.equal(heard.map(({ path }) => path), ["/status?a=b%20c"]);
  assert.match(heard[0]!.headers.get("signature-input")!, 'keyid="eve"');
  assert.ok(heard[0]!.headers.has("signature"));
  for (const name of ["authorization", "cookie", "origin", "referer"]) {
    assert.not.ok(heard[0]!.headers.has(name), name);
  }
  const [, pass] = cookie.split("=");
  const all = Buffer.concat(way.heard()).toString("latin1");
  assert.match(all, "config_fingerprint"); // or it holds nothing
  for (const one of [token, pass!]) assert.not.ok(all.includes(one));
});

test("a name that leads to this machine is not answered, whoever asks", async () => {
  for (const host of ["evil.example", "127.0.0.1.evil.example", "192.0.2.1", "evil.localhost"]) {
    assert.equal(await askAs(host, shown), { status: 421 }, host);
    assert.equal(await askAs(`${host}:${new URL(shown.url).port}`, shown), { status: 421 }, host);
  }
  for (const host of ["127.0.0.1", "localhost:1"]) {
    assert.equal(await askAs(host, shown), { status: 200 }, host);
  }
});

test("only GET and HEAD are taken, and no page of another origin is let in", async () => {
  const before = way.requests().length;
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"]) {
    const headers = {
      ...shown.bearer,
      origin: "http://evil.example",
      "access-control-request-method": "GET",
    };
    const answer = await fetch(`${shown.url}/sessions`, { method, headers });
    assert.match(await line(answer, 405), "GET or HEAD");
    assert.is(answer.headers.get("allow"), "GET, HEAD");
    assert.not.ok([...answer.headers.keys()].some((name) => name.startsWith("access-control")));
  }
  assert.is(way.requests().length, before);
});

test("what the party refuses is passed on", async () => {
  const mallory = await keygen(folder, "mallory", "--kind=operator");
  const operators = [...list.operators, mallory];
  const other = await writeList(folder, "other.json", { ...list, operators });
  const page = await show(`--config=${other}`, `--operator-key=${folder}/mallory.key.json`);
  const answer = await fetch(`${page.url}/status`, { headers: page.bearer });
  assert.is(answer.status, 401);
  assert.is(answer.headers.get("content-type"), "application/problem+json");
  const { code, detail } = await answer.json();
  assert.is(code, "AUTHENTICATION");
  assert.match(detail, 'no operator here has the key "mallory"');
  await endAll([page.process]);
});

test("a party that is gone is 502, in a line that says so, until it is back", async () => {
  party.kill("SIGKILL");
  await party.exited;
  const gone = await fetch(`${shown.url}/metrics`, { headers: shown.bearer });
  assert.match(
    await line(gone, 502),
    `Party 0 (a) at ${way.url} cannot be reached: `,
  );
  party = await startParty();
  const back = await fetch(`${shown.url}/metrics`, { headers: shown.bearer });
  assert.is(back.status, 200);
  await back.text();
});

test("nothing of a party's answer is passed on that is not of its page", async () => {
  let language: string | undefined;
  const upstream = await listen((request, response) => {
    language = request.headers["accept-language"];
    const headers = {
      "content-type": "text/html",
      "set-cookie": "a=b",
      "access-control-allow-origin": "*",
      "clear-site-data": '"cookies"',
    };
    if (request.url === "/moved") response.writeHead(302, { location: "http://evil.example/" });
    else response.writeHead(200, headers);
    response.end("text");
  });
  try {
    const page = await showPlain(upstream.url);
    const headers = { ...page.bearer, "accept-language": "de" };
    const answer = await fetch(`${page.url}/`, { headers });
    assert.equal([answer.status, await answer.text()], [200, "text"]);
    assert.is(answer.headers.get("content-type"), "text/html");
    assert.is(answer.headers.get("cache-control"), "no-store");
    assert.is.not(language, "de");
    for (const name of ["set-cookie", "access-control-allow-origin", "clear-site-data"]) {
      assert.is(answer.headers.get(name), null, name);
    }
    const moved = await fetch(`${page.url}/moved`, { headers, redirect: "manual" });
    assert.match(await line(moved, 502), "leads to http://evil.example/, as no party does");
    assert.is(moved.headers.get("location"), null);
    await endAll([page.process]);
  } finally {
    await upstream.close();
  }
});

test("the party hears when the browser goes away, before its answer and after", async () => {
  const open = new Set<string>();
  const upstream = await listen((request, response) => {
    const path = request.url!;
    open.add(path);
    response.on("close", () => open.delete(path));
    if (path.startsWith("/silent")) return;
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(": begun\n\n");
  });
  try {
    const page = await showPlain(upstream.url);
    const ask = (path: string, signal?: AbortSignal) =>
      fetch(`${page.url}${path}`, { headers: page.bearer, ...signal && { signal } });
    // What the page itself gives up after a time is given up before the others.
    const first = ask("/silent/first");
    await until(() => open.has("/silent/first"), "the party is asked");
    for (const path of ["/silent", "/events"]) {
      const gone = new AbortController();
      const asked = ask(path, gone.signal);
      asked.catch(() => {}); // it is given up
      await until(() => open.has(path), `the party is asked for ${path}`);
      if (path === "/events") await (await asked).body!.getReader().read();
      gone.abort();
      await until(() => !open.has(path), `the party hears that ${path} is of no use any more`);
      assert.ok(open.has("/silent/first"), path);
    }
    assert.match(await line(await first, 504), `at ${upstream.url} has not answered for`);
    await endAll([page.process]);
  } finally {
    await upstream.close();
  }
});

test("Ctrl-C ends it well, whoever watches, and frees the port", async () => {
  const [url] = await freeUrls(1) as [string];
  const { port } = new URL(url);
  const page = await show(`--config=${config}`, asEve, "--rank=0", `--port=${port}`);
  assert.is(page.url, url);
  const events = eventsOf(await fetch(`${url}/events`, { headers: page.bearer }));
  await events.next();
  page.process.kill("SIGINT");
  while (!(await events.next()).done); // it is ended, not cut
  assert.equal([await page.process.exited, page.process.stderr], [0, ""]);
  assert.not.ok(await listensAt(Number(port)));
});

test("a token file is made for its owner alone, and good for the next start, as the cookie is not", async () => {
  const path = `${folder}/token`;
  const first = await show(`--config=${config}`, asEve, `--token-file=${path}`);
  assert.is((await stat(path)).mode & 0o777, 0o600);
  assert.is(await readFile(path, "utf8"), `${first.token}\n`);
  const { cookie } = await openUrl(first);
  await endAll([first.process]);
  const { port } = new URL(first.url);
  const args = [`--config=${config}`, asEve, `--token-file=${path}`, `--port=${port}`];
  const second = await show(...args);
  assert.equal([second.token, second.url], [first.token, first.url]);
  const status = await fetch(`${second.url}/status`, { headers: first.bearer });
  assert.is(status.status, 200);
  await status.text();
  await line(await fetch(`${second.url}/status`, { headers: { cookie } }), 401);
  await endAll([second.process]);

  await chmod(path, 0o640);
  const seen = refused(await partyline("page", ...args), 1);
  assert.match(seen, `mode is 0640; run: chmod 600 ${path}`);
  assert.not.ok(seen.includes(first.token));
});

test("tokens are drawn at random for each start", async () => {
  const other = await show(`--config=${config}`, asEve);
  assert.match(other.token, /^[0-9a-f]{64}$/);
  assert.is.not(other.token, shown.token);
  await endAll([other.process]);
});

test("a token file that will not do is refused, and not shown", async () => {
  for (const text of ["", "too-short", `${"a".repeat(40)} b`, "ü".repeat(40)]) {
    const path = `${folder}/bad-token`;
    await writeFile(path, text, { mode: 0o600 });
    const said = refused(
      await partyline("page", `--config=${config}`, asEve, `--token-file=${path}`),
      1,
    );
    assert.match(said, `Cannot take ${path} as a token: it has to hold 32 to 256`);
    if (text !== "") assert.not.ok(said.includes(text));
  }
  const nowhere = `--token-file=${folder}/no/token`;
  const said = refused(await partyline("page", `--config=${config}`, asEve, nowhere), 1);
  assert.match(said, /Cannot write .*ENOENT.*--token-file/);
});

test("a party that is not there is told at the start", async () => {
  const page = await showPlain("http://127.0.0.1:1");
  await until(() => page.process.stderr.endsWith("\n"), "it is told");
  assert.match(
    page.process.stderr,
    /^Nothing is to be seen yet: Rank 0 at .*; start it, or correct its URL in .*plain\.json\n$/,
  );
  page.process.kill("SIGTERM");
  assert.is(await page.process.exited, 0);
});

test("bad usage is one line", async () => {
  const on = `--config=${config}`;
  const usages: [string[], RegExp][] = [
    [[on, asEve, "--rank=1"], /Cannot show rank 1: .* has 1 part/],
    [[on], /--operator-key/],
    [[on, asEve, "--port=65536"], /0 to 65535/],
    [[`--config=${folder}/none.json`], /Cannot read/],
  ];
  for (const [args, message] of usages) {
    assert.match(refused(await partyline("page", ...args), 2), message);
  }
});

test("people get the URL in one line", async () => {
  const page = startPartyline("page", `--config=${config}`, asEve);
  started.push(page);
  const url = /^Party 0 \(a\) is shown at http:\/\/127\.0\.0\.1:\d+\/\?token=[0-9a-f]{64}$/;
  assert.match(await page.line(), url);
  await endAll([page]);
});

test.run();
