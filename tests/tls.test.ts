/**
 * Parties over TLS: whom they believe, who gets in, and that all else is as without it.
 *
 * @module
 */

import { X509Certificate } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  type ClientCertificate,
  createParty,
  PartyClient,
  type RequestContext,
  serve,
  type ServeTlsOptions,
  tlsFetch,
} from "../mod.ts";
import { Authority, type Identity } from "./helpers/certificates.ts";
import { patternBytes } from "./helpers/pattern.ts";
import { RawConnection } from "./helpers/raw_http.ts";
import { Upload } from "./helpers/upload.ts";
import { later, partyError, rejection, until } from "./helpers/waiting.ts";

const authority = await Authority.create("authority");
const rogue = await Authority.create("rogue");
const identity = await authority.issue("server");
const client = await authority.issue("client", ["client.test", "10.1.2.3", "fe80::1"]);
const mutual: ServeTlsOptions = { ...identity, clientCa: authority.ca };
const { ca } = authority;

/** Serves what tells of each request: the bytes of its body, and who sent it. */
async function serveEcho(tls: ServeTlsOptions) {
  const seen: (ClientCertificate | undefined)[] = [];
  const server = await serve({
    fetch: async (request: Request, { clientCertificate }: RequestContext) => {
      seen.push(clientCertificate);
      if (request.url.endsWith("/stream")) return new Response(request.body);
      return new Response(await request.arrayBuffer());
    },
  }, { port: 0, tls });
  return { ...server, seen };
}

/** Fails unless a request is refused, and its error is one of TLS. */
async function assertRefused(promise: Promise<unknown>, why: RegExp): Promise<void> {
  const error = await rejection(promise) as Error;
  assert.match(
    [error.message, (error.cause as Error)?.message, (error.cause as Error)?.name].join(),
    why,
  );
}

test("a party is reached by who trusts its authority", async () => {
  const server = await serve(createParty(), { port: 0, tls: identity });
  assert.is(server.url, `https://127.0.0.1:${server.port}`);
  const answer = await tlsFetch({ ca })(`${server.url}/health`);
  assert.is(await answer.text(), '{"status":"ok"}');
  assert.is(answer.url, `${server.url}/health`);
  await server.close();
});

test("who does not trust its authority does not speak with it", async () => {
  const server = await serveEcho(identity);
  const untrusted = /certificate|issuer/i;
  for (const fetch of [tlsFetch({}), tlsFetch({ ca: rogue.ca }), globalThis.fetch]) {
    await assertRefused(fetch(server.url), untrusted);
  }
  assert.equal(server.seen, []);
  await server.close();
});

test("a certificate for another host is refused", async () => {
  const server = await serveEcho(await authority.issue("server", ["other.test"]));
  await assertRefused(tlsFetch({ ca })(server.url), /altnames|name/i);
  assert.equal(server.seen, []);
  await server.close();
});

test("with mutual TLS nobody gets in without a certificate of the authority", async () => {
  const server = await serveEcho(mutual);
  const stranger = await rogue.issue("client", ["client.test"]);
  for (const shown of [{}, stranger]) {
    await rejection(tlsFetch({ ca, ...shown })(server.url, { method: "POST", body: "let me in" }));
  }
  assert.equal(server.seen, []);
  assert.is((await tlsFetch({ ca, ...client })(server.url)).status, 200);
  assert.is(server.seen.length, 1);
  await server.close();
});

test("the context of a request tells what the client showed", async () => {
  const server = await serveEcho(mutual);
  const fetch = tlsFetch({ ca, ...client });
  for (let count = 0; count < 3; count++) await fetch(server.url);
  const fingerprint = new X509Certificate(client.cert).fingerprint256.replaceAll(":", "");
  const expected = {
    names: ["client.test", "10.1.2.3", "fe80::1"],
    fingerprint: fingerprint.toLowerCase(),
  };
  assert.equal(server.seen, [expected, expected, expected]);
  await server.close();

  const open = await serveEcho(identity);
  await fetch(open.url);
  assert.equal(open.seen, [undefined]);
  await open.close();
});

test("a name within a name is none", async () => {
  const server = await serveEcho(mutual);
  const odd = ["a.test, DNS:good.test", "b.test\nDNS:good.test", '"good.test"', "*.W.test"];
  const shown = await authority.issue("some.test", [...odd, "Real.test"]);
  await tlsFetch({ ca, ...shown })(server.url);
  const names = server.seen[0]!.names;
  assert.not.ok(names.includes("good.test"), names.join());
  assert.ok(names.includes("real.test"), names.join());
  await server.close();
});

test("large and streaming bodies go both ways", async () => {
  const server = await serveEcho(mutual);
  const fetch = tlsFetch({ ca, ...client });
  const bytes = patternBytes(20_000_000);
  const answer = await fetch(server.url, { method: "POST", body: bytes });
  assert.equal(new Uint8Array(await answer.arrayBuffer()), bytes);

  const request = new Request(server.url, { method: "POST", body: "of a Request" });
  assert.is(await (await fetch(request)).text(), "of a Request");

  const upload = new Upload(fetch, `${server.url}/stream`);
  upload.write("first");
  await until(() => upload.text === "first", "the answer has begun, and the request goes on");
  upload.write(" second");
  await until(() => upload.text === "first second", "what came later is there");
  upload.end();
  await until(() => upload.ended === "end", "the answer has ended");
  await server.close();
});

test("an aborted request ends", async () => {
  const fetch = tlsFetch({ ca });
  const server = await serve({ fetch: () => new Promise(() => {}) }, {
    port: 0,
    tls: identity,
    graceMs: 0,
  });
  const stop = new AbortController();
  const [early, late] = later(
    fetch(server.url, { signal: AbortSignal.abort() }),
    fetch(new Request(server.url, { signal: stop.signal })),
  );
  stop.abort();
  for (const promise of [early!, late!]) {
    assert.is((await rejection(promise) as Error).name, "AbortError");
  }
  await server.close();
});

test("a client drives a party over TLS", async () => {
  const party = createParty();
  await using server = await serve(party, { port: 0, tls: mutual });
  const driver = new PartyClient(server.url, { fetch: tlsFetch({ ca, ...client }) });
  await driver.createSession({ name: "s", rank: 0, endpoints: [server.url] });
  assert.equal(party.sessions().map(({ name }) => name), ["s"]);
  await party.close();
});

test("close drains, and cuts what does not end", async () => {
  let letGo = () => {};
  const waiting = new Promise<Response>((resolve) =>
    letGo = () => resolve(new Response("at last"))
  );
  const server = await serve({ fetch: () => waiting }, { port: 0, tls: identity });
  const fetch = tlsFetch({ ca });
  const answer = fetch(server.url);
  const silent = await RawConnection.open(server.port);
  await fetch(`${server.url}/also`, { signal: AbortSignal.timeout(300) }).catch(() => {});
  const closing = server.close();
  assert.is((await fetch(server.url)).status, 503);
  letGo();
  assert.is(await (await answer).text(), "at last");
  const startedAt = performance.now();
  await closing;
  await silent.untilEnded();
  assert.ok(performance.now() - startedAt < 3_000);
  silent.destroy();
});

test("a rogue peer is not believed, and the error says why", async () => {
  await using server = await serve(createParty(), { port: 0, tls: identity });
  const party = createParty({ fetch: tlsFetch({ ca: rogue.ca }) });
  const endpoints = ["https://localhost:2", server.url];
  const { communicator } = await party.createSession({ name: "s", rank: 0, endpoints });
  const error = await partyError(
    communicator.send(1, "secret", 42, { timeoutMs: 2_000 }),
    "SEND_TIMEOUT",
  );
  assert.match(error.message, /certificate|issuer/i);
  await party.close();
});

test("options that cannot be are refused before anything listens, and keys are not told", async () => {
  const other = await authority.issue("other");
  const junk = "-----BEGIN SECRET-----\nc2VjcmV0\n-----END SECRET-----";
  const cases: [ServeTlsOptions, RegExp][] = [
    [{ cert: identity.cert, key: other.key }, /the key of another/],
    [{ cert: junk, key: identity.key }, /^Cannot read the certificate/],
    [{ cert: identity.cert, key: junk }, /^Cannot read the private key/],
    [{ ...identity, clientCa: junk }, /^Cannot read the certificate of the clients' authority/],
    [{ cert: undefined as unknown as string, key: identity.key }, /^Cannot read the certificate/],
  ];
  for (const [tls, message] of cases) {
    const error = await rejection(serve(createParty(), { port: 0, tls }));
    assert.instance(error, TypeError);
    assert.match((error as Error).message, message);
    assert.not.match((error as Error).message, "c2VjcmV0");
  }
  const half = identity as Partial<Identity>;
  assert.throws(() => tlsFetch({ cert: half.cert! }), /without its key/);
  assert.throws(() => tlsFetch({ key: half.key! }), /without its cert/);
  for (const options of [{ ca: junk }, { ...identity, cert: junk }, { ...identity, key: junk }]) {
    const error = caught(() => tlsFetch(options));
    assert.match(error.message, /^Cannot read the /);
    assert.not.match(error.message, "c2VjcmV0");
  }
});

function caught(make: () => unknown): Error {
  try {
    make();
  } catch (error) {
    return error as Error;
  }
  throw new Error("It did not throw");
}

test.run();
