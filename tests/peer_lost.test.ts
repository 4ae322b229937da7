/**
 * A party whose process is killed, comes back, is stopped or is busy, as another party sees it.
 *
 * @module
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { createSession, Remote, remoteError, startRemotes } from "./helpers/remote.ts";
import { moment } from "./helpers/waiting.ts";

/** Within which a party that has gone has to be missed. */
const MISSED_MS = 3_000;
/** The same for one that has come back, as a stranger: 1 s is promised, and machines may be busy. */
const RECOGNIZED_MS = 2_000;
const STOPPED_MS = 3_000;
const BUSY_MS = 10_000;
/** More than are sent before the other party goes. */
const MESSAGES = 1_000;

/** What the survivor has to do with the other party, each in a session of its own. */
const ROLES = ["sends", "waits", "waits for a stranger"] as const;

/** Declares a test with two parties in processes of their own, which end with it. */
function withPair(
  name: string,
  body: (survivor: Remote, other: Remote) => Promise<void>,
): void {
  test(name, async () => {
    const pair = await startRemotes(2, { maxMailboxBytes: 1024 * 1024 });
    try {
      await body(pair[0]!, pair[1]!);
    } finally {
      await Promise.all(pair.map((remote) => remote.kill()));
    }
  });
}

/**
 * Puts the survivor into every role.
 *
 * @returns what it waits for, in each of them
 */
async function takeRoles(survivor: Remote, other: Remote): Promise<Promise<unknown>[]> {
  for (const role of ROLES) await createSession([survivor, other], nameOf(role));
  await other.ask("send", { session: nameOf("waits"), to: 0, key: "first", value: 1 });
  await survivor.ask("recv", { session: nameOf("waits"), from: 1, key: "first" });
  const [sends, ...waits] = ROLES.map(nameOf);
  const many = { session: sends!, count: MESSAGES, bytes: 100_000 };
  const sending = survivor.ask("sendMany", { to: 1, ...many });
  // The other party reads more slowly than that, so that the survivor is always about to send.
  void other.ask("recvMany", { from: 0, pauseMs: 20, ...many });
  const waiting = waits.map((session) => survivor.ask("recv", { session, from: 1, key: "never" }));
  const messagesSent = async () => {
    const [view] = await survivor.ask("describe", { session: sends });
    return view!.traffic.messagesSent;
  };
  while (await messagesSent() < 30) await moment(10);
  await moment(300); // so that all links are open
  assert.ok(await messagesSent() < MESSAGES, "it is still sending");
  return [sending, ...waiting];
}

function nameOf(role: typeof ROLES[number]): string {
  return role.replaceAll(" ", "-");
}

withPair("a party that is killed is missed, whatever is waited for", async (survivor, other) => {
  const waits = await takeRoles(survivor, other);
  await other.kill();
  const killedAt = Date.now();
  for (const [at, wait] of waits.entries()) {
    const error = await remoteError(wait, "PEER_UNREACHABLE");
    assert.is(error.rank, 1);
    const elapsedMs = error.at - killedAt;
    assert.ok(elapsedMs < MISSED_MS, `one that ${ROLES[at]} missed it after ${elapsedMs} ms`);
  }
});

for (const knows of [true, false]) {
  const how = knows ? "with a session of that name" : "and has no session";

  withPair(`a party that comes back ${how} is a stranger`, async (survivor, other) => {
    const successor = new Remote();
    try {
      await successor.ask("ready"); // a process may take a second to start
      const waits = await takeRoles(survivor, other);
      await other.kill();
      await moment(200);
      await successor.start({ port: Number(new URL(other.url).port) });
      assert.is(successor.url, other.url);
      for (const role of knows ? ROLES : []) {
        const endpoints = [survivor.url, other.url];
        await successor.ask("create", { session: nameOf(role), rank: 1, endpoints });
      }
      const backAt = Date.now();
      for (const [at, wait] of waits.entries()) {
        const error = await remoteError(wait, "PEER_RESTARTED");
        assert.is(error.rank, 1);
        const elapsedMs = error.at - backAt;
        assert.ok(elapsedMs < RECOGNIZED_MS, `one that ${ROLES[at]} knew after ${elapsedMs} ms`);
      }
    } finally {
      await successor.kill();
    }
  });
}

withPair("what waits for a party that is stopped ends in its time", async (survivor, other) => {
  for (const name of ["met", "waited", "stranger"]) await createSession([survivor, other], name);
  for (const session of ["met", "waited"]) {
    await survivor.ask("send", { session, to: 1, key: "first", value: 1 });
  }
  await moment(300);
  other.signal("SIGSTOP");
  const startedAt = Date.now();
  const timeoutMs = STOPPED_MS;
  const ends = [
    remoteError(
      survivor.ask("send", { session: "met", to: 1, key: "k", bytes: 5_000_000, timeoutMs }),
      "SEND_TIMEOUT",
    ),
    remoteError(
      survivor.ask("recv", { session: "waited", from: 1, key: "k", timeoutMs }),
      "RECV_TIMEOUT",
    ),
    remoteError(
      survivor.ask("send", { session: "stranger", to: 1, key: "k", value: 1, timeoutMs }),
      "SEND_TIMEOUT",
    ),
  ];
  for (const { at, rank } of await Promise.all(ends)) {
    assert.is(rank, 1);
    const elapsedMs = at - startedAt;
    assert.ok(elapsedMs >= timeoutMs - 50 && elapsedMs < timeoutMs + 1_000, `${elapsedMs} ms`);
  }
});

withPair("a party that is stopped for a while goes on", async (survivor, other) => {
  for (const name of ["met", "stranger"]) await createSession([survivor, other], name);
  await survivor.ask("send", { session: "met", to: 1, key: "first", value: 1 });
  await moment(300);
  other.signal("SIGSTOP");
  const sent = ["met", "stranger"].flatMap((session) => [
    survivor.ask("sendMany", { session, to: 1, count: 50, bytes: 100_000 }),
    survivor.ask("recv", { session, from: 1, key: "back", timeoutMs: STOPPED_MS * 3 }),
  ]);
  await moment(STOPPED_MS);
  other.signal("SIGCONT");
  for (const session of ["met", "stranger"]) {
    const good = other.ask("recvMany", { session, from: 0, count: 50, bytes: 100_000 });
    await other.ask("send", { session, to: 0, key: "back", value: "here again" });
    assert.is(await good, 50);
  }
  await Promise.all(sent);
});

withPair("a party that is busy is not missed, nor does it miss others", async (one, other) => {
  const sessions = ["met", "stranger"];
  for (const name of sessions) await createSession([one, other], name);
  for (const [from, to, rank] of [[one, other, 1], [other, one, 0]] as const) {
    await from.ask("send", { session: "met", to: rank, key: "first", value: 1 });
    await to.ask("recv", { session: "met", from: 1 - rank, key: "first" });
  }
  await moment(300);
  // What it began to send and to wait for is under way when its process has no time any more.
  const all: Promise<unknown>[] = sessions.flatMap((session) => [
    other.ask("sendMany", { session, to: 0, count: 100, bytes: 10_000 }),
    other.ask("recv", { session, from: 0, key: "back" }),
  ]);
  const blocked = other.ask("block", { ms: BUSY_MS });
  await moment(300);
  all.push(...sessions.flatMap((session) => [
    one.ask("sendMany", { session, to: 1, count: 100, bytes: 10_000 }),
    one.ask("send", { session, to: 1, key: "back", value: 1 }),
  ]));
  const came = sessions.flatMap((session) => [
    one.ask("recvMany", { session, from: 1, count: 100, bytes: 10_000 }),
    other.ask("recvMany", { session, from: 0, count: 100, bytes: 10_000 }),
  ]);
  await blocked;
  assert.equal(await Promise.all(came), [100, 100, 100, 100]);
  await Promise.all(all);
});

test.run();
