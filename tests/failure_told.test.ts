/**
 * A party that fails, cancels or leaves: the others hear of it at once, and why.
 *
 * @module
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  createSession,
  type Remote,
  type RemoteError,
  remoteError,
  startRemotes,
  talk,
} from "./helpers/remote.ts";
import type { Ending } from "./helpers/remote_commands.ts";
import { startTcpProxy } from "./helpers/tcp_proxy.ts";
import { moment } from "./helpers/waiting.ts";

/** What is promised is 100 ms; a machine that is busy with other things may be late. */
const TOLD_MS = 300;

const remotes = await startRemotes(3);
const [alice, bob, carol] = remotes as [Remote, Remote, Remote];
let sessions = 0;

test.before.each(() => createSession(remotes, `s${++sessions}`));
test.after(async () => void await Promise.all(remotes.map((remote) => remote.kill())));

function assertTold({ at }: RemoteError, since: number): void {
  assert.ok(at - since < TOLD_MS, `told after ${at - since} ms`);
}

interface Failing {
  ending: Ending;
  reason: string;
  /** The code of the error at the party that fails, which the others are told. */
  code: string;
  /** What the others are told besides. */
  told: RegExp;
  /** What becomes of the computation. */
  state: string;
}

const FAILING: Failing[] = [{
  ending: "throws",
  reason: "a secret of this party",
  code: "INTERNAL",
  told: /^its program failed; what it threw is known to that party alone$/,
  state: "failed",
}, {
  ending: "refuses",
  reason: "the inputs differ",
  code: "AGREEMENT_MISMATCH",
  told: /^the inputs differ$/,
  state: "failed",
}, {
  ending: "is cancelled",
  reason: "nobody wants it any more",
  code: "CANCELLED",
  told: /^nobody wants it any more$/,
  state: "cancelled",
}];

for (const { ending, reason, code, told, state } of FAILING) {
  test(`a computation that ${ending} is told to the others, and their sessions go on`, async () => {
    const raw = carol.ask("recv", { from: 1, key: "still" });
    const waits = [
      bob.ask("compute", { ending: "waits", waitsFor: 0 }),
      carol.ask("compute", { ending: "waits", waitsFor: 1 }), // which does not fail by itself
    ];
    const failing = alice.ask("compute", { ending, reason });
    if (ending === "is cancelled") {
      for (const remote of remotes) {
        while ((await remote.ask("states", {})).computation !== "running") await moment(5);
      }
      await alice.ask("cancel", { reason });
    }
    const own = await remoteError(failing, code);
    for (const wait of waits) {
      const error = await remoteError(wait, "PEER_ABORTED");
      assert.equal([error.rank, error.peerCode], [0, code]);
      assert.match(error.reason!, told);
      assertTold(error, own.at);
    }
    for (const remote of remotes) {
      assert.equal(await remote.ask("states", {}), { session: "open", computation: state });
      assert.is(remote.process.stderr, "");
    }
    await bob.ask("send", { to: 2, key: "still", value: "the session goes on" });
    assert.is(await raw, "the session goes on");
  });
}

for (const haveTalked of [true, false]) {
  const whom = haveTalked ? "parties that have talked" : "parties that never talked";

  test(`a session that is given up is told to ${whom}`, async () => {
    if (haveTalked) await talk(alice, bob, carol);
    const waits = [
      bob.ask("recv", { from: 0, key: "never" }),
      carol.ask("recv", { from: 0, key: "never" }),
      carol.ask("recv", { from: 1, key: "from one that does not fail by itself" }),
    ];
    await moment(200);
    const abortedAt = Date.now();
    await alice.ask("abort", { reason: "the inputs differ" });
    for (const wait of waits) {
      const error = await remoteError(wait, "PEER_ABORTED");
      assert.equal([error.rank, error.peerCode], [0, "CONFLICT"]);
      assert.is(error.reason, "the inputs differ");
      assertTold(error, abortedAt);
    }
    await remoteError(bob.ask("send", { to: 2, key: "later" }), "PEER_ABORTED");
    assert.is((await carol.ask("states", {})).session, "failed");
  });

  test(`a party that leaves is told to ${whom}`, async () => {
    if (haveTalked) await talk(alice, bob, carol);
    const waits = [bob, carol].map((one) => one.ask("recv", { from: 0, key: "never" }));
    const other = carol.ask("recv", { from: 1, key: "still" });
    await moment(200);
    const closedAt = Date.now();
    await alice.ask("closeSession", { reason: "it has seen enough" });
    for (const wait of waits) {
      const error = await remoteError(wait, "PEER_ABORTED");
      assert.equal([error.rank, error.peerCode], [0, "SESSION_CLOSED"]);
      assert.is(error.reason, "it has seen enough");
      assertTold(error, closedAt);
    }
    await bob.ask("send", { to: 2, key: "still", value: "the others go on" });
    assert.is(await other, "the others go on");
  });
}

test("a failed send that nobody awaits fails the session for all, and no process", async () => {
  const proxy = await startTcpProxy(() => carol.url);
  proxy.blackhole("both");
  await createSession(remotes, "silent", ([first, second]) => [first!, second!, proxy.url]);
  await talk(alice, bob);
  const [here, there] = [
    alice.ask("recv", { from: 1, key: "never" }),
    bob.ask("recv", { from: 0, key: "never" }),
  ];
  const startedAt = Date.now();
  await alice.ask("sendUnawaited", { to: 2, key: "lost", timeoutMs: 500 });
  const own = await remoteError(here, "SEND_TIMEOUT");
  assert.equal([own.rank, own.key], [2, "lost"]);
  const elapsedMs = own.at - startedAt;
  assert.ok(elapsedMs >= 490 && elapsedMs < 1_500, `after ${elapsedMs} ms`);
  const told = await remoteError(there, "PEER_ABORTED");
  assert.equal([told.rank, told.peerCode], [0, "SEND_TIMEOUT"]);
  assert.match(told.reason!, 'Cannot send key "lost" to rank 2');
  assertTold(told, own.at);

  await moment(100); // what nobody handles ends a process a little later
  for (const remote of [alice, bob]) {
    assert.is((await remote.ask("describe", {})).length, 2);
    assert.is(remote.process.stderr, "");
  }
  await proxy.close();
});

test.run();
