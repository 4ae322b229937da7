/**
 * A receiver that reads more slowly than it is sent to: senders wait, and only what can never go on
 * fails.
 *
 * @module
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import type { HttpCommunicator } from "../lib/comm/http.ts";
import type { PeerAbortedError } from "../lib/errors.ts";
import { withJsonPeer } from "./helpers/json_peer.ts";
import { startParties } from "./helpers/parties.ts";
import { isPattern, patternBytes } from "./helpers/pattern.ts";
import { createSession, withRemotes } from "./helpers/remote.ts";
import { later, moment, partyError, until } from "./helpers/waiting.ts";

const MIB = 1024 * 1024;
/** After about how long a deadlock is told: 1 s without a message read, and the next look. */
const DEADLOCK_MS = 5_500;

type Body = (alice: HttpCommunicator, bob: HttpCommunicator) => Promise<void>;

/** Declares a test over links, and over the JSON form. */
function overBoth(name: string, maxMailboxBytes: number, body: Body): void {
  test(`links: ${name}`, async () => {
    const { createSession, close } = await startParties(2, { maxMailboxBytes });
    try {
      const [alice, bob] = await createSession("s");
      await body(alice!.communicator, bob!.communicator);
    } finally {
      await close();
    }
  });

  test(`JSON: ${name}`, async () => {
    await withJsonPeer(() => "pass", ({ alice, bob }) => body(alice, bob), { maxMailboxBytes });
  });
}

function unread(receiver: HttpCommunicator): { messages: number; bytes: number } {
  return receiver.describe()[0]!.unread;
}

/** Sends messages of 100 KB, as `k0`, `k1` and so on, without waiting. */
function sendMany(sender: HttpCommunicator, count: number): Promise<void>[] {
  return later(
    ...Array.from(
      { length: count },
      (_, at) => sender.send(1, `k${at}`, patternBytes(100_000, at)),
    ),
  );
}

overBoth("a sender waits for a reader, and nothing is lost", MIB, async (alice, bob) => {
  const sent = sendMany(alice, 60);
  let most = 0;
  await until(() => unread(bob).bytes > MIB - 200_000, "the mailbox is full");
  for (let at = 0; at < 60; at++) {
    await moment(5);
    most = Math.max(most, unread(bob).bytes);
    assert.ok(isPattern(await bob.recv(0, `k${at}`), 100_000, at), `message ${at}`);
  }
  await Promise.all(sent);
  assert.ok(most > MIB / 2 && most <= MIB, `${most} bytes were unread`);
  assert.is(bob.stats[0]!.messagesReceived, 60);
});

overBoth("messages under one key keep their order", 10_000, async (alice, bob) => {
  const received = Array.from({ length: 200 }, () => bob.recv(0, "k"));
  const sizes = received.map((_, at) => [10, 3_000, 20_000][at % 3]!);
  const sent = sizes.map((size, at) => alice.send(1, "k", [at, "x".repeat(size)]));
  const values = await Promise.all(received) as [number, string][];
  await Promise.all(sent);
  assert.equal(values.map(([at, text]) => [at, text.length]), sizes.map((size, at) => [at, size]));
});

overBoth("a message larger than the mailbox arrives when it is alone", MIB, async (alice, bob) => {
  const sizes = [400_000, 3_000_000, 400_000, 400_000, 4_000_000];
  const sent = sizes.map((size, at) => alice.send(1, `k${at}`, patternBytes(size, at)));
  await until(() => unread(bob).messages > 0, "the first is there");
  await moment(200);
  assert.is(unread(bob).messages, 1);
  for (const [at, size] of sizes.entries()) {
    assert.ok(isPattern(await bob.recv(0, `k${at}`), size, at), `message ${at}`);
  }
  await Promise.all(sent);
});

overBoth("what waits for a message behind unread ones fails", MIB, async (alice, bob) => {
  const sent = sendMany(alice, 20);
  await until(() => unread(bob).bytes > MIB - 200_000, "the mailbox is full");
  const startedAt = performance.now();
  const error = await partyError(bob.recv(0, "k19"), "MAILBOX_FULL");
  const elapsedMs = performance.now() - startedAt;
  assert.match(error.message, /"k19" from rank 0: \d+ unread .* "k0", "k1", .* maxMailboxBytes/);
  const told = await partyError<PeerAbortedError>(sent[19]!, "PEER_ABORTED");
  assert.equal([told.rank, told.peerCode], [1, "MAILBOX_FULL"]);
  assert.match(told.reason, '"k0", "k1"');
  assert.ok(elapsedMs < 20_000, `told after ${elapsedMs} ms`);
  assert.ok(elapsedMs > 400, "not before there was time to read");
});

overBoth("nothing fails while somebody still reads", MIB, async (alice, bob) => {
  const last = bob.recv(0, "k15");
  const sent = sendMany(alice, 16);
  await until(() => unread(bob).bytes > MIB - 200_000, "the mailbox is full");
  for (let at = 0; at < 15; at++) {
    await moment(250);
    assert.ok(isPattern(await bob.recv(0, `k${at}`), 100_000, at), `message ${at}`);
  }
  assert.ok(isPattern(await last, 100_000, 15));
  await Promise.all(sent);
});

overBoth("nothing fails while nobody waits", MIB, async (alice, bob) => {
  const sent = sendMany(alice, 20);
  await moment(DEADLOCK_MS * 1.2);
  assert.is(bob.failure, undefined);
  for (let at = 0; at < 20; at++) {
    assert.ok(isPattern(await bob.recv(0, `k${at}`), 100_000, at), `message ${at}`);
  }
  await Promise.all(sent);
});

test("a receiver that reads slowly needs no more memory than one that reads soon", async () => {
  await withRemotes(2, async (alice, bob) => {
    const messages = { count: 3_000, bytes: 100_000 };
    await bob!.ask("sendMany", { to: 0, count: 1 });
    const before = await bob!.ask("peakMemory");
    const sent = alice!.ask("sendMany", { to: 1, ...messages });
    assert.is(await bob!.ask("recvMany", { from: 0, pauseMs: 1, ...messages }), 3_000);
    await sent;
    const more = await bob!.ask("peakMemory") - before;
    assert.ok(more < 200 * MIB, `${Math.round(more / MIB)} MiB for 286 MiB of messages`);
  }, { maxMailboxBytes: MIB });
});

test("a session whose mailbox is full does not slow another one", async () => {
  await withRemotes(2, async (alice, bob) => {
    await createSession([alice!, bob!], "flood");
    await createSession([alice!, bob!], "other");
    const median = async () => {
      const echo = bob!.ask("echo", { from: 0, count: 500 });
      const times = await alice!.ask("exchange", { to: 1, count: 500 });
      await echo;
      return times.sort((a, b) => a - b)[250]!;
    };
    await median(); // the first messages are slower
    const before = await median();
    const flood = { session: "flood", count: 500, bytes: 100_000 };
    void alice!.ask("sendMany", { to: 1, ...flood });
    const [view] = await bob!.ask("describe", { session: "flood" });
    assert.is(view!.rank, 0);
    await moment(500);
    const during = await median();
    assert.ok(during < before * 4 + 1, `${before} ms before, ${during} ms during the flood`);
  }, { maxMailboxBytes: MIB });
});

test.run();
