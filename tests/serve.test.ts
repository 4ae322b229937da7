/**
 * Serving a party: where it listens, and how it ends.
 *
 * @module
 */

import { networkInterfaces } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  createParty,
  NetworkError,
  type PartyError,
  serve,
  type ServeOptions,
  type Server,
} from "../mod.ts";
import { identitiesOf } from "./helpers/identities.ts";
import { RawConnection, rawRequest } from "./helpers/raw_http.ts";
import { assertProblem, request } from "./helpers/served.ts";
import { later, rejection, until } from "./helpers/waiting.ts";

/** Far more than closing takes, far less than it would take if something were waited for. */
const SOON_MS = 10_000;
const FOREVER_MS = 600_000;

/** A party whose answers to `/slow` come when they are let go, and else as ever. */
class SlowParty {
  readonly #party = createParty();
  readonly #waiting: (() => void)[] = [];

  /** How many requests wait for their answer. */
  get waiting(): number {
    return this.#waiting.length;
  }

  readonly fetch = async (request: Request): Promise<Response> => {
    if (new URL(request.url).pathname !== "/slow") return await this.#party.fetch(request);
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return new Response("at last");
  };

  /** Lets all answers go. */
  letGo(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

/** Fails when closing takes long. */
async function assertClosesSoon(server: Server): Promise<void> {
  const startedAt = performance.now();
  await server.close();
  const elapsedMs = performance.now() - startedAt;
  assert.ok(elapsedMs < SOON_MS, `closed after ${elapsedMs} ms`);
}

/** Fails unless nothing listens on the port, and something can again. */
async function assertFree(port: number): Promise<void> {
  await rejection(RawConnection.open(port));
  const next = await serve(createParty(), { port });
  assert.is((await request(`${next.url}/health`)).status, 200);
  await next.close();
}

/** Serves with a grace period that no test waits for. */
function serveSlow(options: ServeOptions = {}): [SlowParty, Promise<Server>] {
  const party = new SlowParty();
  return [party, serve(party, { port: 0, graceMs: FOREVER_MS, ...options })];
}

test("port 0 picks a free port, and the url has it", async () => {
  const servers = await Promise.all([0, 0].map((port) => serve(createParty(), { port })));
  for (const { url, port } of servers) {
    assert.ok(port > 0);
    assert.is(url, `http://127.0.0.1:${port}`);
    assert.is((await request(`${url}/health`)).text, '{"status":"ok"}');
  }
  assert.is.not(servers[0]!.port, servers[1]!.port);
  await Promise.all(servers.map((server) => server.close()));
});

test("a port that is taken is a NetworkError that names it", async () => {
  await using server = await serve(createParty(), { port: 0 });
  const error = await rejection(serve(createParty(), { port: server.port }));
  assert.instance(error, NetworkError);
  assert.is((error as NetworkError).code, "NETWORK");
  assert.match((error as Error).message, `127.0.0.1 port ${server.port}`);
  assert.match((error as Error).message, /in use.*; choose another port$/);
  assert.instance((error as Error).cause, Error);
  assert.is((await request(`${server.url}/health`)).status, 200);
});

test("a port that is none is a RangeError", async () => {
  for (const port of [-1, 65_536, 0.5, NaN, "8000x", "8000", null]) {
    const error = await rejection(serve(createParty(), { port: port as number }));
    assert.instance(error, RangeError, String(port));
    assert.match((error as Error).message, "whole number from 0 to 65535");
  }
});

test("a party without keys is not for the network, unless that is asked for", async () => {
  for (const hostname of ["0.0.0.0", "::", "192.0.2.1", "party.example"]) {
    const error = await rejection(serve(createParty(), { hostname, port: 0 })) as PartyError;
    assert.is(error.code, "FORBIDDEN");
    assert.match(error.message, `Cannot listen on ${hostname}, as whoever reaches a party`);
  }
  await using open = await serve(createParty(), { hostname: "0.0.0.0", port: 0, insecure: true });
  assert.is((await fetch(`http://127.0.0.1:${open.port}/health`)).status, 200);
  const [identity] = await identitiesOf(["http://127.0.0.1:8000"]);
  const party = createParty({ identity: identity! });
  await using server = await serve(party, { hostname: "0.0.0.0", port: 0 });
  assert.is((await fetch(`http://127.0.0.1:${server.port}/health`)).status, 200);
  assert.is((await fetch(`http://127.0.0.1:${server.port}/sessions`)).status, 401);
});

test("an address of another machine is a NetworkError", async () => {
  const options = { hostname: "192.0.2.1", port: 0, insecure: true };
  const error = await rejection(serve(createParty(), options));
  assert.instance(error, NetworkError);
  assert.match((error as Error).message, /192\.0\.2\.1.*; check the hostname/);
});

test("an IPv6 address has brackets in the url", async () => {
  const addresses = Object.values(networkInterfaces()).flat().map((one) => one?.address);
  const serving = serve(createParty(), { hostname: "::1", port: 0 });
  if (!addresses.includes("::1")) {
    assert.instance(await rejection(serving), NetworkError);
    return;
  }
  const server = await serving;
  assert.is(server.url, `http://[::1]:${server.port}`);
  assert.is((await request(`${server.url}/health`)).status, 200);
  await server.close();
});

test("close lets what is in flight be answered, and turns away what comes meanwhile", async () => {
  const [party, serving] = serveSlow();
  const server = await serving;
  const idle = await RawConnection.open(server.port);
  const answer = request(`${server.url}/slow`);
  await until(() => party.waiting === 1, "the request is in flight");

  let closed = false;
  const closing = server.close().then(() => closed = true);
  const refused = await request(`${server.url}/health`);
  assertProblem(refused, 503, "DRAINING");
  assert.match(refused.headers.get("retry-after")!, /^[1-9]\d*$/);
  await idle.write(rawRequest("POST /sessions", ["Content-Length: 2"], "{}"));
  const onOldConnection = await idle.answer();
  assert.is(onOldConnection?.status, 503);
  assert.is(onOldConnection?.headers.get("connection"), "close");
  assert.is(closed, false);

  party.letGo();
  assert.is((await answer).text, "at last");
  await closing;
  await idle.untilEnded();
  idle.destroy();
  await assertFree(server.port);
});

test("a large message that comes while the server drains gets the 503", async () => {
  const [party, serving] = serveSlow();
  const server = await serving;
  const answer = request(`${server.url}/slow`);
  await until(() => party.waiting === 1, "the request is in flight");
  const closing = server.close();
  for (const mebibytes of [1, 8]) {
    const body = " ".repeat(mebibytes * 1024 * 1024);
    const refused = await request(`${server.url}/sessions`, { method: "POST", body });
    assertProblem(refused, 503, "DRAINING");
  }
  party.letGo();
  await answer;
  await closing;
});

test("close ends after the grace period when a handler never answers", async () => {
  const [party, serving] = serveSlow({ graceMs: 200 });
  const server = await serving;
  const [answer] = later(request(`${server.url}/slow`));
  await until(() => party.waiting === 1, "the request is in flight");
  await assertClosesSoon(server);
  await rejection(answer!);
  await assertFree(server.port);
});

const SILENT: [name: string, bytes: string][] = [
  ["has sent nothing", ""],
  ["has sent half of a head", "GET /health HTTP/1.1\r\nHost: a"],
];

for (const [name, bytes] of SILENT) {
  test(`close does not wait for a connection that ${name}`, async () => {
    const server = await serve(createParty(), { port: 0, graceMs: FOREVER_MS });
    const connection = await RawConnection.open(server.port);
    await connection.write(bytes);
    assert.is((await request(`${server.url}/health`)).status, 200);
    await assertClosesSoon(server);
    await connection.untilEnded();
    connection.destroy();
    await assertFree(server.port);
  });
}

test("close waits no longer than the grace period for a body that does not come", async () => {
  const server = await serve(createParty(), { port: 0, graceMs: 200 });
  const connection = await RawConnection.open(server.port);
  const headers = ["Content-Type: application/json", "Content-Length: 100"];
  await connection.write(rawRequest("POST /sessions", headers, '{"name":'));
  assert.is((await request(`${server.url}/health`)).status, 200);
  await assertClosesSoon(server);
  connection.destroy();
  await assertFree(server.port);
});

test("close does not wait for idle connections that are kept alive", async () => {
  const server = await serve(createParty(), { port: 0, graceMs: FOREVER_MS });
  const connections = await Promise.all([1, 2, 3].map(() => RawConnection.open(server.port)));
  for (const connection of connections) {
    await connection.write(rawRequest("GET /health"));
    assert.is((await connection.answer())?.status, 200);
    assert.is(connection.ended, false);
  }
  await assertClosesSoon(server);
  for (const connection of connections) {
    await connection.untilEnded();
    connection.destroy();
  }
});

test("close may be called again, while it closes and after", async () => {
  const [party, serving] = serveSlow();
  const server = await serving;
  const answer = request(`${server.url}/slow`);
  await until(() => party.waiting === 1, "the request is in flight");
  const closings = [server.close(), server.close(), server[Symbol.asyncDispose]()];
  party.letGo();
  assert.is((await answer).status, 200);
  await Promise.all(closings);
  await server.close();
  await assertFree(server.port);
});

test("a signal closes the server, as gently", async () => {
  const stop = new AbortController();
  const [party, serving] = serveSlow({ signal: stop.signal });
  const server = await serving;
  const answer = request(`${server.url}/slow`);
  await until(() => party.waiting === 1, "the request is in flight");
  stop.abort();
  assertProblem(await request(`${server.url}/health`), 503, "DRAINING");
  party.letGo();
  assert.is((await answer).text, "at last");
  await server.close();
  await assertFree(server.port);
});

test("a signal that has aborted already lets nothing listen", async () => {
  const reason = new Error("too late");
  const serving = serve(createParty(), { port: 0, signal: AbortSignal.abort(reason) });
  assert.is(await rejection(serving), reason);
});

test("many requests at once are all answered", async () => {
  await using server = await serve(createParty(), { port: 0 });
  const answers = await Promise.all(
    Array.from({ length: 200 }, () => request(`${server.url}/health`)),
  );
  assert.ok(answers.every(({ text }) => text === '{"status":"ok"}'));
});

test.run();
