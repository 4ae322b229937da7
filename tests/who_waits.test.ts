/**
 * Who waits for whom: what a session tells of its peers, in the process and over HTTP.
 *
 * @module
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import type { PeerView } from "../lib/comm/http.ts";
import type { Session } from "../lib/resources/session.ts";
import { withJsonPeer } from "./helpers/json_peer.ts";
import { startParties } from "./helpers/parties.ts";
import { request } from "./helpers/served.ts";
import { startTcpProxy } from "./helpers/tcp_proxy.ts";
import { later, moment, rejection, until } from "./helpers/waiting.ts";

/** One peer as `GET /sessions/{s}` tells of it. */
interface Peer {
  rank: number;
  pending: { key: string; waited_ms: number }[];
  unread: { messages: number; bytes: number };
  link: { kind: string; age_ms: number | null };
  traffic: Record<string, number> & { ack_ms: { p50: number; p99: number } | null };
}

async function peersOf(endpoint: string, session: string): Promise<Peer[]> {
  const { status, text } = await request(`${endpoint}/sessions/${session}`);
  assert.is(status, 200, text);
  const answer = JSON.parse(text);
  const fields = ["name", "rank", "world_size", "endpoints", "state", "peers"];
  assert.equal(Object.keys(answer), fields);
  for (const peer of answer.peers) {
    assert.equal(Object.keys(peer), ["rank", "pending", "unread", "link", "traffic"]);
  }
  return answer.peers;
}

/** What does not change from one moment to the next. */
function steady({ rank, pending, unread, link, traffic }: PeerView): unknown {
  return {
    rank,
    pending: pending.map(({ key }) => key),
    unread,
    kind: link.kind,
    traffic: {
      messages_sent: traffic.messagesSent,
      bytes_sent: traffic.bytesSent,
      messages_received: traffic.messagesReceived,
      bytes_received: traffic.bytesReceived,
      retries: traffic.retries,
      duplicates_dropped: traffic.duplicatesDropped,
      resumes: link.resumes,
      bytes_resent: link.bytesResent,
      ack_ms: link.ackMs ?? null,
    },
  };
}

/** Fails unless both ways tell the same. */
async function assertSameView(session: Session, endpoint: string): Promise<Peer[]> {
  const here = () => session.describe().map(steady);
  let before = here();
  let peers = await peersOf(endpoint, session.name);
  // What arrives meanwhile is in one of them only.
  for (let tries = 0; tries < 20 && JSON.stringify(before) !== JSON.stringify(here()); tries++) {
    before = here();
    peers = await peersOf(endpoint, session.name);
  }
  assert.equal(
    peers.map(({ rank, pending, unread, link, traffic }) => ({
      rank,
      pending: pending.map(({ key }) => key),
      unread,
      kind: link.kind,
      traffic,
    })),
    before,
  );
  return peers;
}

test("before anything happened every other rank is there, with nothing to tell", async () => {
  const { parties, endpoints, close } = await startParties(3);
  const session = await parties[1]!.createSession({ name: "s", rank: 1, endpoints });
  const nothing = {
    messages_sent: 0,
    bytes_sent: 0,
    messages_received: 0,
    bytes_received: 0,
    retries: 0,
    duplicates_dropped: 0,
    resumes: 0,
    bytes_resent: 0,
    ack_ms: null,
  };
  assert.equal(
    await assertSameView(session, endpoints[1]!),
    [0, 2].map((rank) => ({
      rank,
      pending: [],
      unread: { messages: 0, bytes: 0 },
      link: { kind: "none", age_ms: null },
      traffic: nothing,
    })),
  );
  await close();
});

test("it tells for whom a recv waits, under which key and for how long", async () => {
  const { endpoints, createSession, close } = await startParties(3);
  const [alice, bob] = await createSession("s");
  const comm = alice!.communicator;
  const stop = new AbortController();
  const startedAt = performance.now();
  const [first, second, givenUp] = later(
    comm.recv(1, "k"),
    comm.recv(1, "k"),
    comm.recv(1, "given up", { signal: stop.signal }),
    comm.recv(2, "ключ\n"),
    comm.recv(2, "too late", { timeoutMs: 150 }),
  );
  await moment(100);
  let [atBob, atCarol] = await assertSameView(alice!, endpoints[0]!);
  assert.equal([atBob!.rank, atCarol!.rank], [1, 2]);
  assert.equal(atBob!.pending.map(({ key }) => key), ["k", "k", "given up"]);
  assert.equal(atCarol!.pending.map(({ key }) => key), ["ключ\n", "too late"]);
  const elapsedMs = performance.now() - startedAt;
  for (const { waited_ms } of [...atBob!.pending, ...atCarol!.pending]) {
    assert.ok(Number.isInteger(waited_ms), `${waited_ms}`);
    assert.ok(waited_ms >= 95 && waited_ms <= elapsedMs + 1, `${waited_ms} of ${elapsedMs} ms`);
  }

  stop.abort();
  await rejection(givenUp!);
  await bob!.communicator.send(0, "k", "for the first");
  assert.is(await first, "for the first");
  await until(() => alice!.describe()[1]!.pending.length === 1, "the deadline has passed");
  [atBob, atCarol] = await assertSameView(alice!, endpoints[0]!);
  assert.equal(atBob!.pending.map(({ key }) => key), ["k"]);
  assert.equal(atCarol!.pending.map(({ key }) => key), ["ключ\n"]);
  await bob!.communicator.send(0, "k", "for the second");
  assert.is(await second, "for the second");
  assert.equal((await assertSameView(alice!, endpoints[0]!))[0]!.pending, []);
  await close();
});

test("a collective that one rank does not join is seen to wait for that rank", async () => {
  const { endpoints, createSession, close } = await startParties(3);
  const [alice, bob] = await createSession("s");
  later(alice!.communicator.barrier(), bob!.communicator.barrier());
  await until(() => alice!.describe()[0]!.traffic.messagesReceived > 0, "bob was heard");
  for (const [session, url] of [[alice!, endpoints[0]!], [bob!, endpoints[1]!]] as const) {
    await until(() => session.describe()[0]!.pending.length === 0, "the others wait no more");
    const peers = await assertSameView(session, url);
    assert.equal(peers.map(({ pending }) => pending.length > 0), [false, true]);
  }
  await close();
});

test("it tells how many messages came that nobody read, and how many bytes they take", async () => {
  const { endpoints, createSession, close } = await startParties(2);
  const [alice, bob] = await createSession("s");
  for (const key of ["a", "b"]) {
    await bob!.communicator.send(0, key, new Uint8Array(10_000));
  }
  const [peer] = await assertSameView(alice!, endpoints[0]!);
  assert.is(peer!.unread.messages, 2);
  assert.ok(peer!.unread.bytes >= 20_000 && peer!.unread.bytes < 21_000, `${peer!.unread.bytes}`);
  const { messages_received, bytes_received } = peer!.traffic;
  assert.is(messages_received, 2);
  assert.ok(bytes_received! >= 20_000 && bytes_received! <= peer!.unread.bytes);
  await alice!.communicator.recv(1, "b");
  const [later] = await assertSameView(alice!, endpoints[0]!);
  assert.equal(later!.unread, { messages: 1, bytes: peer!.unread.bytes / 2 });
  await alice!.communicator.recv(1, "a");
  const [read] = await assertSameView(alice!, endpoints[0]!);
  assert.equal(read!.unread, { messages: 0, bytes: 0 });
  await close();
});

test("it tells how messages travel, since when, and how soon they are acknowledged", async () => {
  const { endpoints, createSession, close } = await startParties(2);
  const [alice, bob] = await createSession("s");
  for (let at = 0; at < 200; at++) {
    await alice!.communicator.send(1, "k", at);
    await bob!.communicator.recv(0, "k");
  }
  const [peer] = await assertSameView(alice!, endpoints[0]!);
  const { kind, age_ms } = peer!.link;
  assert.is(kind, "streaming");
  assert.ok(Number.isInteger(age_ms) && age_ms! >= 0, `${age_ms}`);
  await moment(60);
  const [older] = await assertSameView(alice!, endpoints[0]!);
  assert.ok(older!.link.age_ms! >= age_ms! + 50, "the same request is open, and older");
  const { messages_sent, bytes_sent, retries, resumes, bytes_resent, ack_ms } = older!.traffic;
  assert.equal([messages_sent, retries, resumes, bytes_resent], [200, 0, 0, 0]);
  assert.ok(ack_ms!.p50 > 0 && ack_ms!.p50 <= ack_ms!.p99 && ack_ms!.p99 < 10_000);
  const [there] = await assertSameView(bob!, endpoints[1]!);
  assert.equal(
    [there!.traffic.messages_received, there!.traffic.bytes_received],
    [200, bytes_sent],
  );
  await close();
});

test("it tells how often a link went on, and what was sent again", async () => {
  const { parties, endpoints, close } = await startParties(2);
  const proxy = await startTcpProxy(() => endpoints[1]!);
  const seen = [[endpoints[0]!, proxy.url], endpoints];
  const [alice, bob] = await Promise.all(
    parties.map((party, rank) => party.createSession({ name: "s", rank, endpoints: seen[rank]! })),
  );
  await alice!.communicator.send(1, "first", 1);
  await alice!.communicator.send(1, "second", 2); // the first one goes in a finite request
  await until(() => alice!.describe()[0]!.link.kind === "streaming", "it streams");
  proxy.blackhole("from");
  const sending = alice!.communicator.send(1, "lost", new Uint8Array(1_000));
  assert.is((await bob!.communicator.recv<Uint8Array>(0, "lost")).byteLength, 1_000);
  proxy.heal();
  proxy.cut();
  await sending;
  const [peer] = await assertSameView(alice!, endpoints[0]!);
  assert.is(peer!.traffic.messages_sent, 3);
  assert.ok(peer!.traffic.resumes! >= 1, `${peer!.traffic.resumes} resumes`);
  assert.ok(peer!.traffic.bytes_resent! >= 1_000, `${peer!.traffic.bytes_resent} bytes again`);
  assert.ok(peer!.traffic.retries! >= 1, `${peer!.traffic.retries} retries`);
  const [there] = await assertSameView(bob!, endpoints[1]!);
  assert.is(there!.traffic.messages_received, 3, "each came once");
  await close();
  await proxy.close();
});

test("a peer that has no links is told from one that does", async () => {
  await withJsonPeer(() => "pass", async ({ alice, bob }) => {
    await alice.send(1, "k", 1);
    await bob.send(0, "k", 1);
    assert.is(alice.describe()[0]!.link.kind, "json");
    assert.is.not(bob.describe()[0]!.link.kind, "json");
    assert.is(alice.describe()[0]!.traffic.messagesSent, 1);
    assert.equal(bob.describe()[0]!.unread.messages, 1);
  });
});

test("a session that failed tells of it too, and that nothing waits any more", async () => {
  const { endpoints, createSession, close } = await startParties(2);
  const [alice] = await createSession("s");
  later(alice!.communicator.recv(1, "never"));
  await alice!.communicator.abort(new Error("boom"));
  const [peer] = await assertSameView(alice!, endpoints[0]!);
  assert.equal([peer!.pending, peer!.unread], [[], { messages: 0, bytes: 0 }]);
  await close();
});

test("neither the list of sessions nor the answer to a new one tells of peers", async () => {
  const { endpoints, close } = await startParties(2);
  const init = { method: "POST", body: { name: "s", rank: 0, endpoints } };
  const fields = ["name", "rank", "world_size", "endpoints", "state"];
  const created = JSON.parse((await request(`${endpoints[0]}/sessions`, init)).text);
  assert.equal(Object.keys(created), fields);
  const { sessions } = JSON.parse((await request(`${endpoints[0]}/sessions`)).text);
  assert.equal(sessions.map(Object.keys), [fields]);
  await close();
});

test.run();
