/**
 * What the network may take of a server, over raw sockets: time, connections, bytes. Whatever comes,
 * good traffic goes on.
 *
 * @module
 */

import { connect } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createParty, serve, type ServeLimits, type Server, type ServeTlsOptions } from "../mod.ts";
import { Authority } from "./helpers/certificates.ts";
import { type RawAnswer, RawConnection } from "./helpers/raw_http.ts";
import { request } from "./helpers/served.ts";
import { moment, rejection, until } from "./helpers/waiting.ts";

const MIB = 1024 * 1024;
/** Times that a test can wait for. */
const SHORT = { headTimeoutMs: 400, bodyTimeoutMs: 800, linkTimeoutMs: 1_600 };
/** How late a limit may be noticed: two looks, on a busy machine. */
const LATE_MS = 1_500;
/** When to stop waiting. */
const MAX_CUT_MS = 10_000;
const LINK = "POST /sessions/s/comm/link";

/** A request by hand, for this machine. */
function raw(line: string, headers: string[] = [], body = ""): string {
  return [`${line} HTTP/1.1`, "Host: 127.0.0.1", ...headers, "", body].join("\r\n");
}

/** What is tried at a server, and by when it must have been cut. */
interface Case {
  /** What is written at first. */
  first: string;
  /** What is written again and again. */
  then?: string;
  /** How often, in milliseconds. */
  everyMs?: number;
  /** After how long the connection is cut, by which limit. */
  limit: keyof typeof SHORT;
  /** The status that says so; none where nothing was asked, or an answer had begun. */
  status?: number;
}

const CASES: Record<string, Case> = {
  "a silent socket": { first: "", limit: "headTimeoutMs", status: 408 },
  "a head that stops": {
    first: "GET /health HTTP/1.1\r\nHost: a",
    limit: "headTimeoutMs",
    status: 408,
  },
  "a head that trickles": {
    first: "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ",
    then: "x",
    limit: "headTimeoutMs",
    status: 408,
  },
  "a body that stops": {
    first: raw("POST /sessions", ["Content-Type: application/json", "Content-Length: 99"], "{"),
    limit: "bodyTimeoutMs",
    status: 408,
  },
  "a body that trickles": {
    first: raw("POST /sessions", ["Content-Type: application/json", "Content-Length: 9999"]),
    then: " ",
    limit: "bodyTimeoutMs",
    status: 408,
  },
  "a chunked body that trickles": {
    first: raw("POST /sessions", ["Content-Type: application/json", "Transfer-Encoding: chunked"]),
    then: "1\r\n \r\n",
    limit: "bodyTimeoutMs",
    status: 408,
  },
  "a link without a heartbeat": {
    first: raw(LINK, ["Transfer-Encoding: chunked"], "1\r\n \r\n"),
    limit: "linkTimeoutMs",
  },
};

/** Answers as a party does, but for links, whose bodies it reads as they come. */
class Target {
  readonly #party = createParty();
  /** How many bytes came on links. */
  linkBytes = 0;

  readonly fetch = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    if (!pathname.endsWith("/comm/link")) return await this.#party.fetch(request);
    const body = request.body!;
    const read = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
      for await (const chunk of body) {
        this.linkBytes += chunk.byteLength;
        controller.enqueue(new Uint8Array([1]));
      }
      controller.close();
    };
    return new Response(
      new ReadableStream({
        start: (controller) => {
          controller.enqueue(new Uint8Array([0]));
          read(controller).catch((error) => controller.error(error));
        },
      }),
    );
  };
}

/** Runs a test against a server of its own, and fails unless that is well in the end. */
function bounded(
  name: string,
  limits: ServeLimits,
  body: (server: Server, target: Target) => Promise<void>,
  tls?: ServeTlsOptions,
): void {
  test(name, async () => {
    const target = new Target();
    const server = await serve(target, { port: 0, graceMs: 500, limits, ...tls && { tls } });
    try {
      await body(server, target);
      if (tls === undefined) assert.is((await request(`${server.url}/health`)).status, 200);
    } finally {
      await server.close();
    }
  });
}

/** Does as a case says. @returns the answer, if one came, and how long it took to be cut */
async function attempt(
  port: number,
  { first, then, everyMs = 100 }: Case,
): Promise<[RawAnswer | undefined, number]> {
  const connection = await RawConnection.open(port);
  const startedAt = performance.now();
  await connection.write(first);
  const timer = then === undefined ? undefined : setInterval(() => connection.write(then), everyMs);
  try {
    while (!connection.ended && performance.now() - startedAt < MAX_CUT_MS) await moment(10);
  } finally {
    clearInterval(timer);
  }
  const elapsedMs = performance.now() - startedAt;
  const answer = connection.ended ? await connection.answer() : undefined;
  connection.destroy();
  return [answer, elapsedMs];
}

function assertCut(
  name: string,
  { status }: Case,
  [answer, elapsedMs]: [RawAnswer | undefined, number],
  limitMs: number,
): void {
  assert.ok(elapsedMs > limitMs * 0.9, `${name}: already after ${elapsedMs} ms`);
  assert.ok(elapsedMs < limitMs + LATE_MS, `${name}: only after ${elapsedMs} ms`);
  if (status !== undefined) assert.is(answer?.status, status, name);
}

for (const [name, one] of Object.entries(CASES)) {
  bounded(`${name} is cut`, SHORT, async ({ port }) => {
    assertCut(name, one, await attempt(port, one), SHORT[one.limit]);
  });
}

bounded("a link that has its heartbeat goes on", SHORT, async ({ port }, target) => {
  const connection = await RawConnection.open(port);
  await connection.write(raw(LINK, ["Transfer-Encoding: chunked"]));
  for (let count = 1; count <= 8; count++) {
    await moment(500);
    await connection.write("1\r\n \r\n");
    await until(() => target.linkBytes === count, "the heartbeat has come");
  }
  assert.is(connection.ended, false);
  connection.destroy();
});

bounded("a body that comes fast enough may take its time", SHORT, async ({ port }) => {
  const connection = await RawConnection.open(port);
  const piece = " ".repeat(16_000);
  const pieces = 14;
  const length = `Content-Length: ${piece.length * pieces + 2}`;
  await connection.write(raw("POST /sessions", ["Content-Type: application/json", length]));
  for (let count = 0; count < pieces; count++) {
    await connection.write(piece);
    await moment(200);
  }
  await connection.write("{}");
  assert.is((await connection.answer())?.status, 400); // no session, but read to its end
  connection.destroy();
});

bounded("answers that nobody reads are cut", { linkTimeoutMs: 1_000 }, async ({ port }) => {
  const socket = connect({ port, host: "127.0.0.1" });
  let closed = false;
  socket.pause().on("error", () => {}).on("close", () => closed = true);
  const many = raw("GET /openapi.json").repeat(100);
  const startedAt = performance.now();
  while (!closed && performance.now() - startedAt < 20_000) {
    socket.write(many);
    await moment(100);
  }
  assert.ok(closed);
});

for (const path of ["GET /health", "POST /sessions", "POST /nowhere", "DELETE /sessions/none"]) {
  for (const framing of ["Content-Length: 1000000000000", "Transfer-Encoding: chunked"]) {
    bounded(`an endless upload is cut: ${path}, ${framing}`, {}, async ({ port }) => {
      const connection = await RawConnection.open(port);
      await connection.write(raw(path, ["Content-Type: application/json", framing]));
      const block = " ".repeat(64 * 1024);
      const piece = framing.startsWith("T") ? `10000\r\n${block}\r\n` : block;
      let sent = 0;
      while (!connection.ended && sent < 64 * MIB) {
        await connection.write(piece);
        sent += piece.length;
        await moment(0);
      }
      connection.destroy();
      // 8 MiB are the party's limit; what the systems hold on the way counts too.
      assert.ok(sent <= 8 * MIB + 4 * MIB + 4 * MIB, `${sent / MIB} MiB were taken`);
    });
  }
}

const SOCKETS = 500;

for (const maxConnections of [1_000, 50]) {
  const name =
    `${SOCKETS} silent sockets keep nobody out, of ${maxConnections} connections at most`;
  bounded(name, { maxConnections, headTimeoutMs: 2_000 }, async (server) => {
    const sockets = await Promise.all(
      Array.from({ length: SOCKETS }, () => RawConnection.open(server.port)),
    );
    const startedAt = performance.now();
    const open = () => sockets.filter(({ ended }) => !ended).length;
    for (let count = 0; count < 20; count++) {
      assert.is((await request(`${server.url}/health`)).status, 200);
    }
    if (maxConnections < SOCKETS) await until(() => open() <= maxConnections, "there are no more");
    else assert.is(open(), SOCKETS);
    await until(() => open() === 0, "all are gone");
    assert.ok(performance.now() - startedAt < 2_000 + LATE_MS);
    for (const socket of sockets) socket.destroy();
  });
}

bounded(
  "busy connections are kept when there are too many",
  { maxConnections: 3 },
  async (server, target) => {
    const links = await Promise.all([1, 2, 3].map(() => RawConnection.open(server.port)));
    for (const link of links) {
      await link.write(
        raw(LINK, ["Transfer-Encoding: chunked"], "1\r\n \r\n"),
      );
    }
    await until(() => target.linkBytes === 3, "all have begun");
    const fourth = await RawConnection.open(server.port);
    await fourth.untilEnded();
    assert.equal(links.map(({ ended }) => ended), [false, false, false]);
    await links[0]!.write("1\r\n \r\n");
    await until(() => target.linkBytes === 4, "it goes on");
    for (const one of [...links, fourth]) one.destroy();
    await moment(100);
  },
);

const authority = await Authority.create("authority");
const identity = await authority.issue("server");

bounded("what begins no TLS handshake is cut", SHORT, async ({ port }) => {
  for (const first of ["", "GET /health HTTP/1.1\r\n\r\n", "\x16\x03\x01"]) {
    const [answer, elapsedMs] = await attempt(port, { first, limit: "headTimeoutMs" });
    assert.is(answer, undefined);
    assert.ok(elapsedMs < SHORT.headTimeoutMs + LATE_MS, `after ${elapsedMs} ms`);
  }
}, identity);

bounded("silent sockets make room with TLS too", { maxConnections: 5 }, async ({ port }) => {
  const sockets: RawConnection[] = [];
  for (let count = 0; count < 20; count++) sockets.push(await RawConnection.open(port));
  await until(() => sockets.slice(0, 15).every(({ ended }) => ended), "the oldest are gone");
  assert.is(sockets.at(-1)!.ended, false);
  for (const socket of sockets) socket.destroy();
}, identity);

test("limits that make no sense are refused", async () => {
  for (const value of [0, -1, 0.5, NaN, Infinity, "10", 2 ** 31]) {
    for (const name of ["maxConnections", ...Object.keys(SHORT)]) {
      const serving = serve(createParty(), { port: 0, limits: { [name]: value } });
      const error = await rejection(serving);
      assert.instance(error, RangeError);
      assert.match((error as Error).message, name);
    }
  }
});

test.run();
