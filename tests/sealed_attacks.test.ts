/**
 * Parties with keys, and someone who has the network, or a key that is not the one it takes: nothing
 * of it is delivered, and what the parties say to each other still arrives, once.
 *
 * @module
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { LINK_HEADERS, LINK_MEDIA_TYPE } from "../lib/comm/link/request.ts";
import type { Session } from "../lib/resources/session.ts";
import { byteString } from "../lib/comm/link/sealed/records.ts";
import { coversOf, type Identity } from "../lib/security/sealing/covers.ts";
import { makeKey } from "./helpers/identities.ts";
import { type SealedParties, startSealed } from "./helpers/sealed_parties.ts";
import { assertProblem, dataOf, post, request } from "./helpers/served.ts";
import { partyError, until } from "./helpers/waiting.ts";
import { type SeenRequest, Wire } from "./helpers/wire.ts";

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

function linkUrl(name: string, rank = 1): string {
  return `${net.endpoints[rank]}/sessions/${name}/comm/link`;
}

/** The head of a link's first request. */
function headOf(from: number, boot = "somebody", to = 1): Record<string, string> {
  return {
    "content-type": LINK_MEDIA_TYPE,
    [LINK_HEADERS.from]: String(from),
    [LINK_HEADERS.to]: String(to),
    [LINK_HEADERS.boot]: boot,
    [LINK_HEADERS.offset]: "0",
    [LINK_HEADERS.keys]: "whatever",
  };
}

/** The first message of a handshake to the second party. */
async function handshakeOf(
  { name }: Scene,
  identity: Identity,
  rank: number,
  endpoints = net.endpoints,
): Promise<Uint8Array> {
  const cover = await coversOf(identity, [])({ name, rank, endpoints });
  const { message } = await cover.begin(1, "somebody", false);
  return byteString(message);
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

test("an unsealed message is refused", async () => {
  const scene = await open();
  const url = `${net.endpoints[1]}/sessions/${scene.name}`;
  const message = { from_rank: 0, to_rank: 1, key: "k", data: dataOf("hi") };
  assertProblem(await post(`${url}/comm/send`, message), 403, "FORBIDDEN");
  const numbered = { ...message, boot: scene.sessions[0]!.communicator.boot, seq: 1 };
  assertProblem(await post(`${url}/comm/send`, numbered), 403, "FORBIDDEN");
  const { [LINK_HEADERS.keys]: _, ...head } = headOf(0);
  const frame = byteString(Uint8Array.of(0x82, 0x61, 0x6b, 0x01)); // ["k", 1]
  assertProblem(await postLink(linkUrl(scene.name), head, frame), 403, "FORBIDDEN");
  assertProblem(await postLink(linkUrl(scene.name), headOf(0), frame), 401, "AUTHENTICATION");
  await assertUnharmed(scene, 1);
});

test("an unknown key is refused", async () => {
  const scene = await open();
  const { config } = net.identities[0]!;
  const stranger = await makeKey("stranger");
  const parties = config.parties.map((party, at) =>
    at === 0 ? { ...party, publicKey: stranger.publicKey } : party
  );
  const identity = { key: stranger, config: { ...config, parties } };
  const message = await handshakeOf(scene, identity, 0);
  const problem = assertProblem(
    await postLink(linkUrl(scene.name), headOf(0), message),
    401,
    "AUTHENTICATION",
  );
  assert.match(problem.detail, "the lists of public keys differ");
  await assertUnharmed(scene, 1);
});

test("a party that speaks as another one is refused", async () => {
  const scene = await open();
  const carol = net.identities[2]!;
  const own = await handshakeOf(scene, carol, 2);
  assertProblem(await postLink(linkUrl(scene.name), headOf(0), own), 401, "AUTHENTICATION");
  // It sits where rank 0 is, and says so with its own key.
  const [first, second, third] = net.endpoints;
  const swapped = await handshakeOf(scene, carol, 0, [third!, second!, first!]);
  for (const from of [0, 2]) {
    const answer = await postLink(linkUrl(scene.name), headOf(from), swapped);
    assertProblem(answer, 401, "AUTHENTICATION");
  }
  // Its own handshake, under another name for its lifetime.
  assertProblem(
    await postLink(linkUrl(scene.name), headOf(2, "other"), own),
    401,
    "AUTHENTICATION",
  );
  await assertUnharmed(scene, 1);
});

for (
  const [what, at] of [["its head", 0], ["its first byte", 3], ["its tag", -1]] as const
) {
  test(`a record with one bit flipped in ${what} is refused, and comes again`, async () => {
    const scene = await open();
    const { sent, stolen } = await steal(scene, "k");
    const flipped = stolen.bytes.slice();
    flipped[at < 0 ? flipped.length + at : at]! ^= 0x80;
    const answer = await postLink(stolen.url, stolen.headers, flipped);
    assertProblem(answer, 401, "AUTHENTICATION");
    await sent;
    assert.is(await scene.sessions[1]!.communicator.recv(0, "k"), "stolen");
    await assertUnharmed(scene, 2);
  });
}

test("a record that is cut off waits for its rest, and arrives once", async () => {
  const scene = await open();
  const { sent, stolen } = await steal(scene, "k");
  const answer = await postLink(stolen.url, stolen.headers, stolen.bytes.slice(0, -5));
  assert.is(answer.status, 200);
  await sent;
  assert.is(await scene.sessions[1]!.communicator.recv(0, "k"), "stolen");
  await assertUnharmed(scene, 2);
});

const JUNK = [[0x41], [0x59, 0x01], [0x59, 0x01, 0, 1, 2], [0x5a, 0xff, 0xff, 0xff, 0xff]];

for (const junk of JUNK) {
  test(`what somebody puts in the way of a record is forgotten: ${junk}`, async () => {
    const scene = await open();
    const { sent, stolen } = await steal(scene, "k");
    const answer = await postLink(stolen.url, stolen.headers, Uint8Array.from(junk));
    if (answer.status !== 200) assertProblem(answer, 401, "AUTHENTICATION");
    await sent;
    assert.is(await scene.sessions[1]!.communicator.recv(0, "k"), "stolen");
    await assertUnharmed(scene, 2);
  });
}

test("a record at another place than its own is refused", async () => {
  const scene = await open();
  const { sent, stolen } = await steal(scene, "k");
  const place = Number(stolen.headers[LINK_HEADERS.offset]);
  const ahead = { ...stolen.headers, [LINK_HEADERS.offset]: String(place + 10) };
  assertProblem(await postLink(stolen.url, ahead, stolen.bytes), 409, "CONFLICT");
  const late = { ...stolen.headers, [LINK_HEADERS.offset]: String(place - 10) };
  const shifted = await postLink(stolen.url, late, stolen.bytes);
  if (shifted.status !== 200) assertProblem(shifted, 401, "AUTHENTICATION"); // else it lacks a rest
  await sent;
  assert.is(await scene.sessions[1]!.communicator.recv(0, "k"), "stolen");
  await assertUnharmed(scene, 2);
});

test("what was sealed for another session is refused", async () => {
  const [scene, other] = [await open(), await open()];
  const { sent, stolen } = await steal(other, "k");
  const boot = scene.sessions[0]!.communicator.boot;
  const seen = scene.wire.of(scene.name, "comm/link").at(-1)!;
  const place = Number(seen.headers[LINK_HEADERS.offset]) + seen.body.byteLength;
  const headers = {
    ...stolen.headers,
    [LINK_HEADERS.boot]: boot,
    [LINK_HEADERS.offset]: String(place),
    [LINK_HEADERS.toBoot]: scene.sessions[1]!.communicator.boot,
  };
  assertProblem(
    await postLink(linkUrl(scene.name), headers, stolen.bytes),
    401,
    "AUTHENTICATION",
  );
  const [first] = other.wire.of(other.name, "comm/link");
  assertProblem(
    await postLink(linkUrl(scene.name), headOf(0), first!.body),
    401,
    "AUTHENTICATION",
  );
  await sent;
  await other.sessions[1]!.communicator.recv(0, "k");
  await assertUnharmed(scene, 1);
  await assertUnharmed(other, 2);
});

test("what is sent back to its sender is refused", async () => {
  const scene = await open();
  const all = scene.wire.of(scene.name, "comm/link").filter(({ url }) =>
    url.startsWith(net.endpoints[1]!)
  );
  const bobs = wires[1]!.of(scene.name, "comm/link").filter(({ url }) =>
    url.startsWith(net.endpoints[0]!)
  ).at(-1)!;
  const held = Number(bobs.headers[LINK_HEADERS.offset]) + bobs.body.byteLength;
  const turned = ({ headers }: SeenRequest) => ({
    ...headers,
    // Else it would be skipped, as what came already.
    ...headers[LINK_HEADERS.offset] === "0" ? {} : { [LINK_HEADERS.offset]: String(held) },
    [LINK_HEADERS.from]: "1",
    [LINK_HEADERS.to]: "0",
    [LINK_HEADERS.toBoot]: headers[LINK_HEADERS.boot]!,
    [LINK_HEADERS.boot]: scene.sessions[1]!.communicator.boot,
  });
  for (const seen of all) {
    assertRefused(await postLink(linkUrl(scene.name, 0), turned(seen), seen.body));
  }
  await assertUnharmed(scene, 1);
});

/** Fails unless an answer refuses what came: as missing its place, or as not sealed so. */
function assertRefused(answer: { status: number; headers: Headers; text: string }): void {
  const conflict = answer.status === 409;
  assertProblem(answer, conflict ? 409 : 401, conflict ? "CONFLICT" : "AUTHENTICATION");
}

test("an exact replay is delivered once", async () => {
  const scene = await open();
  await tell(scene, "k");
  const all = scene.wire.of(scene.name, "comm/link").filter(({ url }) =>
    url.startsWith(net.endpoints[1]!)
  );
  assert.ok(all.length >= 2);
  for (const { url, headers, body } of [...all, ...all]) {
    assert.is((await postLink(url, headers, body.slice())).status, 200);
  }
  await assertUnharmed(scene, 2);
});

test("a replay after a restart of the receiver is refused", async () => {
  const scene = await open();
  const bobsBoot = scene.sessions[1]!.communicator.boot;
  const all = scene.wire.of(scene.name, "comm/link").filter(({ url }) =>
    url.startsWith(net.endpoints[1]!)
  );
  await Promise.all(scene.sessions.map((session) => session.close()));
  scene.sessions = await net.createSession(scene.name);
  const bob = scene.sessions[1]!.communicator;
  assert.is.not(bob.boot, bobsBoot);
  const [first, ...rest] = all.map(({ url, headers, body }) => {
    const { [LINK_HEADERS.toBoot]: _, ...others } = headers;
    return { url, headers: others, body: body.slice() };
  });
  // It is answered: only who made it can go on from there.
  assert.is((await postLink(first!.url, first!.headers, first!.body)).status, 200);
  for (const { url, headers, body } of rest) {
    assertProblem(await postLink(url, headers, body), 401, "AUTHENTICATION");
  }
  assert.is(bob.failure, undefined);
  await assertUnharmed(scene, 0);
});

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

test("a forged handshake is refused", async () => {
  const scene = await open();
  for (const length of [0, 10, 48, 300, 5_000]) {
    const forged = byteString(crypto.getRandomValues(new Uint8Array(length)));
    const answer = await postLink(linkUrl(scene.name), headOf(0, `forged-${length}`), forged);
    assertProblem(answer, 401, "AUTHENTICATION");
  }
  const real = await handshakeOf(scene, net.identities[0]!, 0);
  real[real.length - 1]! ^= 1;
  assertProblem(await postLink(linkUrl(scene.name), headOf(0), real), 401, "AUTHENTICATION");
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

test("a forged abort is refused", async () => {
  const scene = await open();
  const [alice, bob] = scene.sessions.map(({ communicator }) => communicator);
  const url = `${net.endpoints[1]}/sessions/${scene.name}/abort`;
  const said = { from_rank: 0, code: "INTERNAL", reason: "forged" };
  assertProblem(await post(url, said), 403, "FORBIDDEN");
  const lifetimes = { boot: alice!.boot, to_boot: bob!.boot };
  assertProblem(await post(url, { ...said, ...lifetimes }), 403, "FORBIDDEN");
  const head = {
    "content-type": "application/octet-stream",
    [LINK_HEADERS.from]: "0",
    [LINK_HEADERS.boot]: alice!.boot,
  };
  const random = crypto.getRandomValues(new Uint8Array(100));
  for (const body of [new Uint8Array(), random]) {
    assertProblem(await postLink(url, head, body), 401, "AUTHENTICATION");
  }
  // What another party, or this one in another session, sealed.
  const text = JSON.stringify({ code: "INTERNAL", reason: "forged" });
  const ends = { boot: alice!.boot, toBoot: bob!.boot };
  const carols = await coversOf(net.identities[2]!, [])({
    name: scene.name,
    rank: 2,
    endpoints: net.endpoints,
  });
  const others = await coversOf(net.identities[0]!, [])({
    name: "other",
    rank: 0,
    endpoints: net.endpoints,
  });
  const own = await coversOf(net.identities[0]!, [])({
    name: scene.name,
    rank: 0,
    endpoints: net.endpoints,
  });
  const flipped = await own.sealFarewell(1, ends, text);
  flipped[30]! ^= 1;
  for (
    const body of [
      await carols.sealFarewell(1, ends, text),
      await others.sealFarewell(1, ends, text),
      await own.sealFarewell(1, { ...ends, toBoot: "an earlier one" }, text),
      flipped,
    ]
  ) assertProblem(await postLink(url, head, body), 401, "AUTHENTICATION");
  await assertUnharmed(scene, 1);
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
