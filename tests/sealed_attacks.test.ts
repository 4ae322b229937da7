/**
 * Parties with keys, and someone who has the network: what the parties say to each other still
 * arrives, once, and what they believe of each other is true. What one party refuses, `refusals_*`
 * shows.
 *
 * @module
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { readFarewell } from "../lib/comm/farewell.ts";
import { LINK_HEADERS, LINK_MEDIA_TYPE } from "../lib/comm/link/request.ts";
import type { Session } from "../lib/resources/session.ts";
import { byteString, SEALED_MEDIA_TYPE } from "../lib/comm/link/sealed/records.ts";
import { coversOf } from "../lib/security/sealing/covers.ts";
import { type SealedParties, startSealed } from "./helpers/sealed_parties.ts";
import { assertProblem, request } from "./helpers/served.ts";
import { partyError, until } from "./helpers/waiting.ts";
import { Wire } from "./helpers/wire.ts";

/** Three parties in a session: the first speaks to the second, over a wire that is not safe. */
interface Scene {
  net: SealedParties;
  name: string;
  wire: Wire;
  sessions: Session[];
}

let wires: Wire[] = [];
let net: SealedParties;
let sessions = 0;

test.before(async () => {
  wires = [new Wire(), new Wire(), new Wire()];
  net = await startSealed(3, { options: (rank) => ({ fetch: wires[rank]!.fetch }) });
});
test.after(() => net.close());

/** Opens a session; its first message has arrived. */
async function open(): Promise<Scene> {
  const name = `session-${++sessions}`;
  const made = await net.createSession(name);
  const scene = { net, name, wire: wires[0]!, sessions: made };
  await tell(scene, "first");
  return scene;
}

/** Sends from the first to the second, and the other way. */
async function tell({ sessions: [alice, bob] }: Scene, key: string): Promise<void> {
  const sent = alice!.communicator.send(1, key, `alice says ${key}`);
  assert.is(await bob!.communicator.recv(0, key), `alice says ${key}`);
  await sent;
  await bob!.communicator.send(0, key, `bob says ${key}`);
  assert.is(await alice!.communicator.recv(1, key), `bob says ${key}`);
}

/** Fails unless all goes on, and only so many messages came. */
async function assertUnharmed(scene: Scene, received: number): Promise<void> {
  const bob = scene.sessions[1]!.communicator;
  assert.is(bob.stats[0]!.messagesReceived, received);
  await tell(scene, "after");
  assert.is(bob.stats[0]!.messagesReceived, received + 1);
  for (const { communicator } of scene.sessions) assert.is(communicator.failure, undefined);
  for (const url of net.endpoints) assert.is((await request(`${url}/health`)).status, 200);
  for (const { communicator, rank } of scene.sessions) {
    for (const { unread } of communicator.describe()) assert.is(unread.messages, 0, `rank ${rank}`);
  }
}

/** Makes a request of a link to the second party. */
async function postLink(
  url: string,
  headers: Record<string, string>,
  body: Uint8Array,
): Promise<{ status: number; headers: Headers; text: string; bytes: Uint8Array }> {
  const response = await fetch(url, { method: "POST", headers, body: body as BodyInit });
  const bytes = new Uint8Array(await response.arrayBuffer());
  const { status, headers: answered } = response;
  return { status, headers: answered, text: new TextDecoder().decode(bytes), bytes };
}

/** Takes what the first party sends from the way. */
async function steal(scene: Scene, key: string, value: unknown = "stolen") {
  const { wire, sessions: [alice] } = scene;
  const count = wire.stolen.length;
  await until(
    () => alice!.communicator.describe()[0]!.link.kind === "streaming",
    "the link is open",
  );
  wire.steal = 1;
  const sent = alice!.communicator.send(1, key, value);
  await until(() => wire.stolen.length > count, "it was taken");
  return { sent, stolen: wire.stolen.at(-1)! };
}

test("a replay of a handshake of an earlier lifetime changes nothing", async () => {
  const scene = await open();
  const [old] = scene.wire.of(scene.name, "comm/link").filter(({ url }) =>
    url.startsWith(net.endpoints[1]!)
  );
  const before = old!.body.slice();
  await Promise.all(scene.sessions.map((session) => session.close()));
  scene.sessions = await net.createSession(scene.name);
  await tell(scene, "first");
  for (let count = 0; count < 20; count++) {
    const { [LINK_HEADERS.toBoot]: _, ...headers } = old!.headers;
    assert.is((await postLink(old!.url, headers, before)).status, 200);
  }
  await assertUnharmed(scene, 1);
});

test("a forged answer to a handshake delays the link, and nothing else", async () => {
  const name = `session-${++sessions}`;
  const made = await net.createSession(name);
  const scene = { net, name, wire: wires[0]!, sessions: made };
  let forgeries = 0;
  wires[0]!.forge = (url) => {
    if (!url.endsWith(`${name}/comm/link`) || forgeries++ >= 3) return undefined;
    const bytes = byteString(crypto.getRandomValues(new Uint8Array(200)));
    return new Response(bytes as BodyInit, { headers: { "content-type": LINK_MEDIA_TYPE } });
  };
  await tell(scene, "first");
  wires[0]!.forge = undefined;
  assert.ok(forgeries > 3);
  await assertUnharmed(scene, 1);
});

const FORGED: [status: number, code: string][] = [
  [410, "SESSION_CLOSED"],
  [409, "PEER_ABORTED"],
  [409, "PEER_RESTARTED"],
  [409, "CONFLICT"],
  [404, "UNKNOWN_SESSION"],
  [404, "INVALID_REQUEST"],
  [405, "INVALID_REQUEST"],
  [400, "SERIALIZATION"],
  [403, "FORBIDDEN"],
  [401, "AUTHENTICATION"],
  [413, "PAYLOAD_TOO_LARGE"],
  [500, "INTERNAL"],
];

test("forged answers delay the link, and nothing else", async () => {
  for (const [status, code] of FORGED) {
    const scene = await open();
    let forgeries = 0;
    scene.wire.forge = (url) => {
      if (!url.endsWith(`${scene.name}/comm/link`) || forgeries++ >= 4) return undefined;
      const problem = { status, code, detail: "forged", peer_rank: 1, peer_code: code };
      return new Response(JSON.stringify(problem), {
        status,
        headers: { "content-type": "application/problem+json", "partyline-boot": "another" },
      });
    };
    const { sent } = await steal(scene, "k");
    await sent;
    scene.wire.forge = undefined;
    assert.ok(forgeries > 3, `${status} ${code}`);
    assert.is(await scene.sessions[1]!.communicator.recv(0, "k"), "stolen");
    await assertUnharmed(scene, 2);
  }
});

test("a farewell is believed, and a replay of it concerns no other lifetime", async () => {
  const scene = await open();
  const bob = scene.sessions[1]!.communicator;
  await scene.sessions[0]!.communicator.abort(new Error("it is over"));
  await until(() => bob.failure !== undefined, "it was heard");
  await partyError(Promise.reject(bob.failure), "PEER_ABORTED");
  const [said] = scene.wire.of(scene.name, "abort").filter(({ url }) =>
    url.startsWith(net.endpoints[1]!)
  );
  await Promise.all(scene.sessions.map((session) => session.close()));
  scene.sessions = await net.createSession(scene.name);
  await tell(scene, "first");
  const { url, headers, body } = said!;
  assertProblem(await postLink(url, headers, body.slice()), 401, "AUTHENTICATION");
  await assertUnharmed(scene, 1);
});

test("a sealed farewell may hold no more than one in the clear", () => {
  const farewell = { code: "INTERNAL", reason: "it failed", computation_id: "mass-1" };
  const read = (changes: object) => readFarewell(JSON.stringify({ ...farewell, ...changes }));
  assert.equal(read({}), { code: "INTERNAL", reason: "it failed", computation: "mass-1" });
  for (
    const changes of [
      { computation_id: "a:b" },
      { computation_id: "a".repeat(129) },
      { reason: "r".repeat(4_097) },
      { code: "NONE" },
    ]
  ) assert.throws(() => read(changes), /Cannot take a farewell that is none/);
});

test("a party leaves for itself alone, whomever it names", async () => {
  const scene = await open();
  const { name, sessions: [alice, bob] } = scene;
  const cover = await coversOf(net.identities[1]!, [])({ name, rank: 1, endpoints: net.endpoints });
  const lifetimes = { boot: bob!.communicator.boot, toBoot: alice!.communicator.boot };
  const text = JSON.stringify({ code: "SESSION_CLOSED", reason: "a lie", peer_rank: 2 });
  const sealed = await cover.sealFarewell(0, lifetimes, text);
  scene.wire.forge = (url) => {
    if (url !== `${net.endpoints[1]}/sessions/${name}/comm/link`) return undefined;
    const headers = { "content-type": SEALED_MEDIA_TYPE, [LINK_HEADERS.boot]: lifetimes.boot };
    return new Response(sealed as BodyInit, { status: 409, headers });
  };
  scene.wire.steal = 1; // and so it asks again
  const { rank } = await partyError(alice!.communicator.send(1, "k", 1), "PEER_ABORTED");
  scene.wire.forge = undefined;
  assert.is(rank, 1);
  await alice!.communicator.send(2, "k", 1);
  assert.is(await scene.sessions[2]!.communicator.recv(0, "k"), 1);
  await Promise.all(scene.sessions.map((session) => session.close()));
});

test("a party that comes back is known by its own word", async () => {
  const scene = await open();
  const bob = scene.sessions[1]!.communicator;
  const { name } = scene;
  const old = net.parties[0]!;
  net.restart(0);
  const again = await net.parties[0]!.createSession({ name, rank: 0, endpoints: net.endpoints });
  again.communicator.send(1, "k", 1).catch(() => {});
  await until(() => bob.failure !== undefined, "it was noticed");
  await partyError(Promise.reject(bob.failure), "PEER_RESTARTED");
  await until(() => again.communicator.failure !== undefined, "it was told");
  await old.close();
});

test("a receiver that comes back is known by its own word", async () => {
  const scene = await open();
  const alice = scene.sessions[0]!.communicator;
  const { name } = scene;
  const old = net.parties[1]!;
  net.restart(1);
  await net.parties[1]!.createSession({ name, rank: 1, endpoints: net.endpoints });
  alice.send(1, "k", 1).catch(() => {});
  scene.wire.steal = 1; // the connection to the old one breaks
  await until(() => alice.failure !== undefined, "it was noticed");
  await partyError(Promise.reject(alice.failure), "PEER_RESTARTED");
  await old.close();
});

test.run();
