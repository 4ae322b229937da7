/**
 * What the network may take of a party that it reaches, in a process of its own, at its limits as they
 * are: all that takes long is tried at once, while good traffic flows.
 *
 * @module
 */

import { chmod, copyFile } from "node:fs/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { partylineIn } from "./helpers/cluster.ts";
import { RawConnection } from "./helpers/raw_http.ts";
import { ForgedLink, headOf } from "./helpers/refusals/forge.ts";
import { Net, type Scene } from "./helpers/refusals/net.ts";
import { refuses, type Row } from "./helpers/refusals/table.ts";
import { moment } from "./helpers/waiting.ts";

const MIB = 1024 * 1024;
/** How late a limit may be noticed, on a busy machine. */
const LATE_MS = 4_000;
const SOCKETS = 500;
const JSON_TYPE = "Content-Type: application/json";

/** A row that may take long, and is begun with all others. */
interface SlowRow {
  name: string;
  expected: string;
  /** Does it. @returns what came of it */
  begin(): Promise<string>;
}

let net: Net;
let scene: Scene;
const begun = new Map<string, Promise<string>>();

/** A request by hand. */
function raw(line: string, headers: string[] = [], body = ""): string {
  return [`${line} HTTP/1.1`, "Host: 127.0.0.1", ...headers, "", body].join("\r\n");
}

/**
 * Writes, and waits for the end of the connection.
 *
 * @param then is written every second
 * @returns the status, or that there was no answer, and whether it ended when it had to
 */
async function untilCut(first: string, seconds: number, then?: string): Promise<string> {
  const connection = await RawConnection.open(net.victim.port);
  const startedAt = performance.now();
  await connection.write(first);
  const timer = setInterval(() => then && connection.write(then), 1_000);
  while (!connection.ended && performance.now() - startedAt < 45_000) await moment(50);
  clearInterval(timer);
  const elapsedMs = performance.now() - startedAt;
  const answer = connection.ended ? await connection.answer() : undefined;
  connection.destroy();
  const inTime = elapsedMs > seconds * 950 && elapsedMs < seconds * 1_000 + LATE_MS;
  const when = inTime ? `${seconds} s` : `${Math.round(elapsedMs)} ms`;
  return `${answer?.status ?? "closed"} after ${when}`;
}

/** Uploads without end. @returns whether it was cut before so many bytes were taken */
async function upload(head: string, atMost: number): Promise<string> {
  const connection = await RawConnection.open(net.victim.port);
  await connection.write(head);
  const piece = `10000\r\n${" ".repeat(64 * 1024)}\r\n`;
  let sent = 0;
  while (!connection.ended && sent < 64 * MIB) {
    await connection.write(piece);
    sent += piece.length;
    await moment(0);
  }
  connection.destroy();
  // What the systems hold on the way counts too.
  return sent <= atMost + 4 * MIB ? "closed" : `${sent / MIB} MiB were taken`;
}

/** A request that an operator signed, as its head by hand, with another body to come. */
async function signedHead(): Promise<string> {
  const { victim } = net;
  const { headers } = await victim.sign(victim.request("POST", "/sessions", {}));
  const fields = [...headers].filter(([name]) => name !== "content-length");
  const lines = fields.map(([name, value]) => `${name}: ${value}`);
  return raw("POST /sessions", [...lines, "Transfer-Encoding: chunked"]);
}

/** The head of a request of a link that goes on, by the first party itself. */
async function linkHead(): Promise<string> {
  const boot = "goes-on";
  const identity = net.victim.identities[0]!;
  const link = await ForgedLink.begin(scene, { identity, boot });
  const fields = Object.entries(headOf(0, boot, link.place));
  const lines = fields.map(([name, value]) => `${name}: ${value}`);
  return raw(`POST /sessions/${scene.name}/comm/link`, [...lines, "Transfer-Encoding: chunked"]);
}

/** Connections that say nothing. @returns how many were kept at first, and how they end */
async function silence(): Promise<string> {
  const opening = Array.from({ length: SOCKETS }, () => RawConnection.open(net.victim.port));
  const sockets = await Promise.all(opening);
  await moment(1_000);
  const kept = sockets.filter(({ ended }) => !ended).length;
  await Promise.all(sockets.map((socket) => socket.untilEnded()));
  const answers = await Promise.all(sockets.map((socket) => socket.answer()));
  for (const socket of sockets) socket.destroy();
  const statuses = new Set(answers.map((answer) => answer?.status));
  return `${kept} kept, then ${[...statuses].join()}`;
}

const CHUNKED = "Transfer-Encoding: chunked";
const SLOW_ROWS: SlowRow[] = [
  { name: "a silent socket", begin: () => untilCut("", 10), expected: "408 after 10 s" },
  {
    name: "a header that stops",
    begin: () => untilCut("GET /health HTTP/1.1\r\nHost: a", 10),
    expected: "408 after 10 s",
  },
  {
    name: "a slow header",
    begin: () => untilCut("GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ", 10, "x"),
    expected: "408 after 10 s",
  },
  {
    name: "a slow body, signed",
    begin: async () => await untilCut(await signedHead(), 10, "1\r\n \r\n"),
    expected: "408 after 10 s",
  },
  {
    name: "a slow body of a handshake",
    begin: async () => {
      const lines = Object.entries(headOf(0, "slow")).map(([name, value]) => `${name}: ${value}`);
      const path = `POST /sessions/${scene.name}/comm/link`;
      return await untilCut(raw(path, [...lines, "Transfer-Encoding: chunked"]), 10, "1\r\n \r\n");
    },
    expected: "408 after 10 s",
  },
  {
    name: "a link without its heartbeat",
    begin: async () => await untilCut(await linkHead(), 30),
    expected: "closed after 30 s",
  },
  {
    name: `${SOCKETS} silent sockets`,
    begin: silence,
    expected: `${SOCKETS} kept, then 408`,
  },
  {
    name: "an endless body of nobody",
    begin: () => upload(raw("POST /sessions", [JSON_TYPE, CHUNKED]), 4 * MIB),
    expected: "closed",
  },
  {
    name: "an endless body, signed",
    begin: async () => await upload(await signedHead(), 8 * MIB + 4 * MIB),
    expected: "closed",
  },
  {
    name: "an endless handshake",
    begin: async () => {
      const lines = Object.entries(headOf(0, "endless")).map((field) => field.join(": "));
      const path = `POST /sessions/${scene.name}/comm/link`;
      return await upload(raw(path, [...lines, CHUNKED]), 4 * MIB);
    },
    expected: "closed",
  },
  {
    name: "a header of 20 KB",
    begin: () => untilCut(raw("GET /health", [`X-Large: ${"x".repeat(20_000)}`]), 0),
    expected: "431 after 0 s",
  },
];

/** Starts another party from the command line, which must not start. @returns how it ends */
async function serveWith(says: RegExp, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await partylineIn(net.victim.folder, "serve", ...args);
  assert.equal([stdout, stderr.trim().split("\n").length], ["", 1], stderr);
  assert.match(stderr, says);
  return `exit code ${code}`;
}

const START_ROWS: Row<Scene>[] = [
  {
    name: "a key file of mode 0644",
    send: async () => {
      const path = `${net.victim.folder}/open.key.json`;
      await copyFile(`${net.victim.folder}/bob.key.json`, path);
      await chmod(path, 0o644);
      return await serveWith(
        /its mode is 0644; run: chmod 600/,
        ...["--config=parties.json", "--key=open.key.json", "--port=0"],
      );
    },
    expected: "exit code 1",
  },
  {
    name: "a bind beyond loopback without keys",
    send: () => serveWith(/Cannot listen on 0\.0\.0\.0 without keys/, "--host=0.0.0.0", "--port=0"),
    expected: "exit code 2",
  },
];

let done = false;
let goodTraffic: Promise<number>;

test.before(async () => {
  net = await Net.start({ args: ["--host=0.0.0.0"] });
  scene = await net.open();
  await scene.hello();
  for (const { name, begin } of SLOW_ROWS) {
    const outcome = begin();
    outcome.catch(() => {});
    begun.set(name, outcome);
  }
  goodTraffic = (async () => {
    const other = await net.open();
    let runs = 0;
    for (; !done; runs++) {
      await other.hello();
      await moment(200);
    }
    return runs;
  })();
  goodTraffic.catch(() => {});
});
test.after(() => net.close());

const slow = SLOW_ROWS.map(({ name, expected }) => ({
  name,
  send: () => begun.get(name)!,
  expected,
}));

refuses<Scene, Row<Scene>>([...START_ROWS, ...slow], {
  open: () => Promise.resolve(scene),
  assertUnharmed: async () => {
    await net.victim.assertAlive();
    await scene.hello();
    assert.equal(await scene.view(), { state: "open", unread: 0, delivered: 0 });
  },
});

test("good traffic flowed all the while", async () => {
  done = true;
  assert.ok(await goodTraffic > 10);
});

test.run();
