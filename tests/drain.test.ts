/**
 * The end of a party, while links to and from it are open: what was accepted is not lost, nothing is
 * waited for in vain, and nothing is left.
 *
 * @module
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { OWN_RUNTIME } from "../scripts/processes.ts";
import { patternBytes } from "./helpers/pattern.ts";
import { startParties } from "./helpers/parties.ts";
import { createSession, Remote, talk } from "./helpers/remote.ts";
import { Site } from "./helpers/site.ts";
import { moment, rejection, until } from "./helpers/waiting.ts";

/** What servers in other processes are given to end: far more than they should take. */
const GRACE_MS = 5_000;
const WELL_WITHIN_MS = GRACE_MS / 2;
/** 2 s for what is on its way, 2 s for farewells, 1 s for requests to end; and slack. */
const CLOSE_MS = 7_000;

const MESSAGES = 500;

for (const maxMailboxBytes of [1e9, 200_000]) {
  const room = maxMailboxBytes === 1e9 ? "has room" : "has no room for all of it";

  test(`what was sent before close arrives or rejects, when the receiver ${room}`, async () => {
    const { createSession, close } = await startParties(2, { maxMailboxBytes });
    const [alice, bob] = await createSession("s");
    const sent = Array.from(
      { length: MESSAGES },
      (_, at) => alice!.communicator.send(1, `k${at}`, "x".repeat(1_000)),
    );
    const outcomes = Promise.allSettled(sent);
    await alice!.close();
    const taken = (await outcomes).map(({ status }) => status === "fulfilled");
    if (maxMailboxBytes === 1e9) assert.not.ok(taken.includes(false), "all of it arrives");
    else assert.ok(taken.includes(true) && taken.includes(false), "some of it arrives");
    for (const [at, isTaken] of taken.entries()) {
      const received = bob!.communicator.recv(0, `k${at}`);
      if (isTaken) assert.is(await received, "x".repeat(1_000));
      else await received.catch(({ code }) => assert.is(code, "PEER_ABORTED"));
    }
    await close();
  });
}

test("what is sent while the receiver's server closes arrives or rejects", async () => {
  const { servers, createSession, close } = await startParties(2);
  const [alice, bob] = await createSession("s");
  await alice!.communicator.send(1, "first", 1);
  const sent: Promise<void>[] = [];
  const timer = setInterval(() => {
    for (let count = 0; count < 20; count++) {
      sent.push(alice!.communicator.send(1, `k${sent.length}`, sent.length));
    }
  }, 2);
  await moment(100);
  await servers[1]!.close();
  await moment(20);
  clearInterval(timer);
  const outcomes = Promise.allSettled(sent);
  const counted = bob!.communicator.stats[0]!.messagesReceived - 1;
  await close();
  const arrived = (await outcomes).filter(({ status }) => status === "fulfilled").length;
  assert.ok(arrived > 0 && arrived < sent.length, `${arrived} of ${sent.length} arrived`);
  // Of the last ones the sender may not have heard any more that they arrived.
  assert.ok(arrived <= counted, `${arrived} messages count as arrived, and ${counted} did`);
});

test("a server closes soon though a request of a link waits for room", async () => {
  const site = await Site.start([{ kind: "buffers" }], { maxMailboxBytes: 200_000 }, GRACE_MS);
  const [alice, bob] = [site.ranks[0]!, site.ranks[1]!];
  const sent = Array.from({ length: 10 }, (_, at) => alice.send(1, `k${at}`, patternBytes(50_000)));
  const outcomes = Promise.allSettled(sent);
  await until(() => bob.describe()[0]!.unread.messages === 3, "the mailbox is full");
  await moment(2_500); // links stream by now, or have found that they cannot
  const startedAt = performance.now();
  await site.servers[1]!.close();
  const elapsedMs = performance.now() - startedAt;
  assert.ok(elapsedMs < WELL_WITHIN_MS, `closed after ${elapsedMs} ms`);
  await site.close();
  await outcomes;
});

const [alice, bob, carol] = [new Remote(), new Remote(), new Remote()];
const remotes = [alice, bob, carol];
test.after(async () => void await Promise.all(remotes.map((remote) => remote.kill())));

/**
 * Starts a new party in each process, opens all links between them, and leaves waits behind.
 *
 * @returns a promise in an object, so that it is not awaited: resolves once these have rejected
 */
async function connect(): Promise<{ rejected: Promise<unknown> }> {
  for (const remote of remotes) await remote.start({ graceMs: GRACE_MS });
  await createSession(remotes, "s");
  await talk(...remotes);
  const waits = remotes.flatMap((remote, rank) =>
    [0, 1, 2].filter((other) => other !== rank)
      .map((from) => rejection(remote.ask("recv", { from, key: "never" })))
  );
  await moment(500); // links stay open from now on
  return { rejected: Promise.all(waits) };
}

/** How long a command takes. */
async function timed(remote: Remote, name: "closeServer" | "closeParty"): Promise<number> {
  const startedAt = performance.now();
  await remote.ask(name);
  return performance.now() - startedAt;
}

for (const order of [["closeServer", "closeParty"], ["closeParty", "closeServer"]] as const) {
  test(`a party with open links ends soon: ${order.join(", then ")}`, async () => {
    const { rejected } = await connect();
    for (const name of order) {
      const elapsedMs = await timed(alice, name);
      assert.ok(elapsedMs < WELL_WITHIN_MS, `${name} took ${elapsedMs} ms`);
    }
    await assertNothingLeft(alice);
    for (const remote of [bob, carol]) {
      for (const name of order) {
        const elapsedMs = await timed(remote, name);
        assert.ok(elapsedMs < WELL_WITHIN_MS, `${name} took ${elapsedMs} ms afterwards`);
      }
    }
    await rejected;
  });
}

test("a party ends in its time when another one is stopped", async () => {
  const { rejected } = await connect();
  const lost = rejection(alice.ask("send", { to: 1, key: "lost", bytes: 1_000_000 }));
  bob.signal("SIGSTOP");
  const kept = alice.ask("send", { to: 2, key: "kept", value: "kept" });
  const partyMs = await timed(alice, "closeParty");
  assert.ok(partyMs < CLOSE_MS, `closeParty took ${partyMs} ms`);
  await kept;
  assert.is(await carol.ask("recv", { from: 0, key: "kept" }), "kept");
  const serverMs = await timed(alice, "closeServer");
  assert.ok(serverMs < GRACE_MS * 2, `closeServer took ${serverMs} ms`);
  await assertNothingLeft(alice);
  await lost;
  bob.signal("SIGCONT");
  for (const remote of [bob, carol]) {
    await remote.ask("closeParty");
    await remote.ask("closeServer");
  }
  await rejected;
});

/** Fails unless nothing keeps a process from ending once its party has. */
async function assertNothingLeft(remote: Remote): Promise<void> {
  await rejection(fetch(`${remote.url}/health`));
  if (OWN_RUNTIME === "deno") return; // it does not tell, and is to end below
  const startedAt = performance.now();
  let left = await remote.ask("resources");
  while (left.length > 0 && performance.now() - startedAt < 3_000) {
    await moment(50);
    left = await remote.ask("resources");
  }
  assert.equal(left, []);
}

test("a process ends by itself once its party has", async () => {
  for (const remote of remotes) {
    const startedAt = performance.now();
    assert.is(await remote.end(), 0, remote.process.stderr);
    const elapsedMs = performance.now() - startedAt;
    assert.ok(elapsedMs < 3_000, `it took ${elapsedMs} ms`);
    assert.is(remote.process.stderr, "");
  }
});

test.run();
