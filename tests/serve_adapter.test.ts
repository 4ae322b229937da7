/**
 * Requests and answers between the network and a party's `fetch`: the same with limits, over TLS and
 * without either, whichever server and adapter carries them on this runtime.
 *
 * @module
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  createParty,
  type Party,
  serve,
  type ServeOptions,
  type Server,
  tlsFetch,
} from "../mod.ts";
import { readerOf } from "../lib/comm/link/body_reader.ts";
import { Authority } from "./helpers/certificates.ts";
import { identitiesOf } from "./helpers/identities.ts";
import { ackText, linkHead } from "./helpers/link_request.ts";
import { patternBytes } from "./helpers/pattern.ts";
import { type RawAnswer, RawConnection, rawRequest } from "./helpers/raw_http.ts";
import { assertProblem } from "./helpers/served.ts";
import { Upload } from "./helpers/upload.ts";
import { moment, rejection, until } from "./helpers/waiting.ts";

const MIB = 1024 * 1024;
const authority = await Authority.create("authority");
const identity = await authority.issue("server");

type Fetch = (request: Request) => Promise<Response> | Response;

/** A server of one kind, and what speaks with it. */
interface Way {
  options: ServeOptions;
  fetch: typeof fetch;
}

const WAYS: Record<string, Way> = {
  "without limits": { options: {}, fetch },
  "with limits": { options: { limits: {} }, fetch },
  "over TLS": { options: { tls: identity }, fetch: tlsFetch({ ca: authority.ca }) },
};

/** Declares a test for each way, with a server that answers by a function or a party. */
function declare(
  name: string,
  answer: Fetch | Pick<Party, "fetch">,
  body: (server: Server, fetch: Way["fetch"], isLimited: boolean) => Promise<void>,
  ways = Object.keys(WAYS),
): void {
  const party = typeof answer === "function"
    ? { fetch: (request: Request) => Promise.resolve(request).then(answer) }
    : answer;
  for (const way of ways) {
    test(`${way}, ${name}`, async () => {
      const { options, fetch } = WAYS[way]!;
      const server = await serve(party, { port: 0, graceMs: 500, ...options });
      try {
        await body(server, fetch, Object.keys(options).length > 0);
      } finally {
        await server.close();
      }
    });
  }
}

/** What can be asked by hand. */
const PLAIN = ["without limits", "with limits"];

function problem(answer: RawAnswer | undefined, status: number, code: string): void {
  assert.ok(answer, "the connection ended without an answer");
  const get = (name: string) => answer!.headers.get(name) ?? null;
  assertProblem({ status: answer!.status, headers: { get }, text: answer!.body }, status, code);
}

/** Reads as links do. */
async function readAll(request: Request): Promise<Uint8Array[]> {
  const reader = readerOf(request.body!);
  const pieces: Uint8Array[] = [];
  for (let piece = await reader.read(); piece !== undefined; piece = await reader.read()) {
    pieces.push(piece.slice());
  }
  return pieces;
}

declare(
  "a body that is read as links do has an end",
  async (request) => new Response(new Blob(await readAll(request) as BlobPart[])),
  async ({ url }, fetch) => {
    const bytes = patternBytes(3 * MIB);
    for (const body of [bytes, bytes.subarray(0, 1)]) {
      const answer = await fetch(url, { method: "POST", body: body as BodyInit });
      assert.equal(new Uint8Array(await answer.arrayBuffer()), body);
    }
    const upload = new Upload(fetch, url);
    upload.write("in ");
    upload.write("pieces");
    upload.end();
    await until(() => upload.ended !== undefined, "the answer has ended");
    assert.equal([upload.ended, upload.text], ["end", "in pieces"]);
  },
);

declare(
  "the request of a link that ends is answered to its end",
  createParty(),
  async ({ url, port }) => {
    const endpoints = [url, "http://127.0.0.1:2"];
    const name = `at-${port}`;
    const body = JSON.stringify({ name, rank: 0, endpoints });
    const headers = { "content-type": "application/json" };
    const created = await fetch(`${url}/sessions`, { method: "POST", headers, body });
    assert.is(created.status, 200, await created.text());
    const connection = await RawConnection.open(port);
    const fields = Object.entries(linkHead());
    const head = [...fields.map((field) => field.join(": ")), "Transfer-Encoding: chunked"];
    await connection.write(rawRequest(`POST /sessions/${name}/comm/link`, head));
    await connection.write("1\r\n\x40\r\n0\r\n\r\n"); // an empty frame: a heartbeat
    const answer = await connection.answer();
    assert.equal([answer?.status, answer?.body.endsWith(ackText(1))], [200, true], answer?.body);
    connection.destroy();
  },
  PLAIN,
);

const HOSTS = ["a b", "[::", "a:99999", "%", "a:b:c", "http://a"];
declare("a host that is none is a bad request", createParty(), async ({ port, url }) => {
  for (const host of HOSTS) {
    const connection = await RawConnection.open(port);
    await connection.write(`GET /health HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    const answer = await connection.answer();
    // What serves without limits on Deno refuses some of them itself, with nothing to read.
    if (answer?.body === "") assert.is(answer.status, 400, host);
    else if (["a:b:c", "http://a"].includes(host) && answer?.status !== 400) {
      assert.ok([200, 404, 421].includes(answer!.status), `${host}: ${answer!.status}`);
    } else problem(answer, 400, "INVALID_REQUEST");
    connection.destroy();
  }
  assert.is((await fetch(`${url}/health`)).status, 200);
}, PLAIN);

declare("methods that no route has are refused", createParty(), async ({ port }) => {
  for (const method of ["TRACE", "PATCH", "OPTIONS", "PROPFIND"]) {
    const connection = await RawConnection.open(port);
    await connection.write(rawRequest(`${method} /health`, ["Content-Length: 0"]));
    problem(await connection.answer(), 405, "INVALID_REQUEST");
    connection.destroy();
  }
}, PLAIN);

declare(
  "what answers and fails tells nothing of itself",
  () => {
    throw new Error("of a secret");
  },
  async ({ url }, fetch) => {
    const { status, headers, ...answer } = await fetch(url, { method: "POST", body: "x" })
      .then(async (response) => ({
        status: response.status,
        headers: response.headers,
        text: await response.text(),
      }));
    assert.not.match(answer.text, /secret/);
    assertProblem({ status, headers, ...answer }, 500, "INTERNAL");
  },
);

declare("answers keep their status, their fields and their length", (request) => {
  const { pathname } = new URL(request.url);
  const headers = new Headers([["set-cookie", "a=1"], ["set-cookie", "b=2"], ["x", "1"]]);
  headers.append("x", "2");
  const status = Number(pathname.slice(1));
  const body = [204, 304].includes(status) || request.method === "HEAD" ? null : "some text";
  return new Response(body, { status, headers });
}, async ({ url }, fetch) => {
  for (const method of ["GET", "HEAD", "POST", "DELETE"]) {
    for (const status of [200, 204, 304, 404, 503]) {
      const answer = await fetch(`${url}/${status}`, { method });
      assert.is(answer.status, status);
      assert.equal(answer.headers.getSetCookie(), ["a=1", "b=2"]);
      assert.is(answer.headers.get("x"), "1, 2");
      const isEmpty = method === "HEAD" || status === 204 || status === 304;
      assert.is(await answer.text(), isEmpty ? "" : "some text");
    }
  }
});

declare(
  "bodies arrive whole, whatever their length and framing",
  async (request) => new Response(await request.arrayBuffer()),
  async ({ url }, fetch) => {
    for (const length of [0, 1, 64, 65_536, 5 * MIB - 1]) {
      const bytes = patternBytes(5 * MIB).subarray(0, length);
      const counted = await fetch(url, { method: "POST", body: bytes as BodyInit });
      assert.equal(new Uint8Array(await counted.arrayBuffer()), bytes, `${length} counted`);
      const { body } = new Response(bytes as BodyInit);
      const init = { method: "POST", body, duplex: "half" } as RequestInit;
      const chunked = await fetch(url, init);
      assert.equal(new Uint8Array(await chunked.arrayBuffer()), bytes, `${length} chunked`);
    }
    assert.is(await (await fetch(url, { method: "POST" })).text(), "");
  },
);

declare("a request whose path looks like a host stays with its own", (request) => {
  const { host, pathname } = new URL(request.url);
  return Response.json({ host, pathname });
}, async ({ port }) => {
  const connection = await RawConnection.open(port);
  await connection.write(rawRequest("GET //other.test/path"));
  const answer = await connection.answer();
  assert.equal(JSON.parse(answer!.body), { host: "localhost", pathname: "//other.test/path" });
  connection.destroy();
}, PLAIN);

/** What a server saw of a client that leaves. */
let left: { aborted: boolean; cancelled: boolean; pulls: number };

declare("who leaves ends the request and its answer", (request) => {
  left = { aborted: false, cancelled: false, pulls: 0 };
  const seen = left;
  request.signal.addEventListener("abort", () => seen.aborted = true);
  return new Response(
    new ReadableStream({
      start: (controller) => controller.enqueue(new Uint8Array(10)),
      cancel: () => void (seen.cancelled = true),
    }),
  );
}, async ({ url }, fetch) => {
  for (const method of ["GET", "POST"]) {
    const stop = new AbortController();
    const answer = await fetch(url, { method, signal: stop.signal });
    const reader = answer.body!.getReader();
    assert.is((await reader.read()).value?.byteLength, 10);
    assert.is(left.aborted, false);
    stop.abort();
    await rejection(reader.read());
    await until(() => left.aborted, "the request's signal has aborted");
    await until(() => left.cancelled, "the answer's body has been cancelled");
  }
});

declare("who leaves before there is an answer harms nobody", async (request) => {
  const { pathname } = new URL(request.url);
  if (pathname === "/here") return new Response("here");
  left = { aborted: false, cancelled: false, pulls: 1 };
  const seen = left;
  const gone = new Promise((resolve) => request.signal.addEventListener("abort", resolve));
  await gone;
  seen.aborted = true;
  if (pathname === "/nothing") return new Response(null, { status: 204 });
  return new Response(
    new ReadableStream({ pull: () => {}, cancel: () => void (seen.cancelled = true) }),
  );
}, async ({ url }, fetch) => {
  for (const path of ["/nothing", "/body"]) {
    left = { aborted: false, cancelled: false, pulls: 0 };
    const stop = new AbortController();
    const answer = fetch(`${url}${path}`, { signal: stop.signal });
    await until(() => left.pulls === 1, "the request has come");
    stop.abort();
    await rejection(answer);
    await until(() => left.aborted, "the request's signal has aborted");
    if (path === "/body") await until(() => left.cancelled, "the body has been cancelled");
  }
  assert.is(await (await fetch(`${url}/here`)).text(), "here");
});

declare("an answer is made no faster than it is read", () => {
  left = { aborted: false, cancelled: false, pulls: 0 };
  const seen = left;
  return new Response(
    new ReadableStream({
      pull: (controller) => {
        seen.pulls++;
        controller.enqueue(new Uint8Array(MIB));
      },
    }, { highWaterMark: 0 }),
  );
}, async ({ url }, fetch) => {
  const answer = await fetch(url);
  let before = 0;
  while (left.pulls !== before) {
    before = left.pulls;
    assert.ok(before < 64, `${before} MiB were made for nobody`);
    await moment(200);
  }
  await answer.body!.cancel();
});

declare("an answer that breaks is cut, and not taken for a whole one", () => {
  let pulls = 0;
  return new Response(
    new ReadableStream({
      pull: (controller) => {
        if (pulls++ > 0) return controller.error(new Error("broken"));
        controller.enqueue(new Uint8Array(10));
      },
    }, { highWaterMark: 0 }),
  );
}, async ({ url, port }) => {
  const whole = fetch(url).then((answer) => answer.arrayBuffer());
  assert.ok(await rejection(whole) instanceof Error);
  const connection = await RawConnection.open(port);
  await connection.write(rawRequest("GET /"));
  assert.is(await connection.answer(), undefined);
  await connection.untilEnded();
}, PLAIN);

declare("who is asked to close after an answer still gets it whole", async (request) => {
  await request.arrayBuffer();
  return new Response("x".repeat(MIB), { headers: { connection: "close" } });
}, async ({ url }, fetch) => {
  for (let count = 0; count < 3; count++) {
    const answer = await fetch(url, { method: "POST", body: "y".repeat(MIB) });
    assert.is((await answer.text()).length, MIB);
  }
});

const LIMIT = 64 * 1024;
const [own] = await identitiesOf(["http://127.0.0.1:8000", "http://127.0.0.1:8001"]);
const guarded = createParty({ identity: own!, maxRequestBytes: LIMIT });
const open = createParty({ maxRequestBytes: LIMIT });

/** Requests that are refused before their body was read: the party, what is sent, the answer. */
const REFUSED = {
  "a length over the limit": [open, "POST /sessions", `${LIMIT + 1}`, 413, "PAYLOAD_TOO_LARGE"],
  "a route that is none": [open, "POST /nowhere", "8", 404, "INVALID_REQUEST"],
  "another method": [open, "PUT /health", "8", 405, "INVALID_REQUEST"],
  "no signature": [guarded, "POST /sessions", "8", 401, "AUTHENTICATION"],
} as const;

for (const [what, [party, line, length, status, code]] of Object.entries(REFUSED)) {
  const head = ["Content-Type: application/json", `Content-Length: ${length}`];

  declare(`${what}: refused when all of it has come`, party, async ({ port }) => {
    const connection = await RawConnection.open(port);
    await connection.write(rawRequest(line, head, " ".repeat(Number(length))));
    const answer = await connection.answer();
    problem(answer, status, code);
    if (answer?.headers.get("connection") === "close") await connection.untilEnded();
    else {
      await connection.write(rawRequest("GET /health"));
      assert.is((await connection.answer())?.body, '{"status":"ok"}');
    }
    connection.destroy();
  }, PLAIN);

  declare(`${what}: refused when no more comes`, party, async ({ port, url }, fetch, isLimited) => {
    const connection = await RawConnection.open(port);
    await connection.write(rawRequest(line, head));
    const answer = await connection.answer();
    problem(answer, status, code);
    assert.is(answer?.headers.get("connection"), "close");
    // What serves without limits on Deno leaves that to the client, who has no reason to stay.
    if (isLimited || !("Deno" in globalThis)) await connection.untilEnded();
    connection.destroy();
    assert.is((await fetch(`${url}/health`)).status, 200);
  }, PLAIN);
}

test.run();
