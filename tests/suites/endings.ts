/**
 * How a session ends: here and at the others, in peace and in failure.
 *
 * @module
 */

import * as assert from "uvu/assert";
import type { CommunicatorBase } from "../../lib/comm/base.ts";
import { PartyError, PeerAbortedError, SerializationError } from "../../lib/errors.ts";
import { later, moment, partyError, rejection, until } from "../helpers/waiting.ts";
import type { WorldTest } from "./world.ts";

async function assertEnded(comm: CommunicatorBase, error: unknown): Promise<void> {
  const other = comm.rank === 0 ? 1 : 0;
  for (const rank of [other, comm.rank]) {
    assert.is(await rejection(comm.send(rank, "late", 1)), error);
    assert.is(await rejection(comm.recv(rank, "late")), error);
  }
  assert.is(await rejection(comm.spawn("late").barrier()), error);
}

/** Declares the tests. */
export function endingsSuite(declare: WorldTest): void {
  declare("close rejects whatever waits here", 3, async (_, alice, bob) => {
    const waits = later(
      ...[0, 1, 2].map((rank) => bob!.recv(rank, "never")),
      bob!.barrier(),
    );
    await alice!.send(1, "unread", 1);
    await bob!.close("lunch");
    for (const wait of waits) {
      const error = await partyError(wait, "SESSION_CLOSED");
      assert.match(error.message, "lunch");
    }
    await assertEnded(bob!, await rejection(bob!.recv(0, "unread")));
    await bob!.close();
  });

  declare("a rank that leaves rejects only what waits for it", 3, async (_, alice, bob, carol) => {
    await alice!.send(1, "before", "still there");
    const forAlice = later(bob!.recv(0, "never"), bob!.barrier(), carol!.recv(0, "never"));
    const forCarol = bob!.recv(2, "from carol");
    await alice!.close("all done");
    for (const wait of forAlice) {
      const error = await partyError<PeerAbortedError>(wait, "PEER_ABORTED");
      assert.instance(error, PeerAbortedError);
      assert.is(error.rank, 0);
      assert.is(error.peerCode, "SESSION_CLOSED");
      assert.is(error.reason, "all done");
    }
    await carol!.send(1, "from carol", "unharmed");
    assert.is(await forCarol, "unharmed");
    assert.is(await bob!.recv(0, "before"), "still there");
    await partyError(bob!.recv(0, "before"), "PEER_ABORTED");
    await partyError(bob!.send(0, "k", 1), "PEER_ABORTED");
    assert.equal(await bob!.gather(1, { ranks: [1, 2], root: 2 }), undefined);
    assert.is(bob!.failure, undefined);
  });

  declare("what was sent before a close arrives, awaited or not", 2, async (_, alice, bob) => {
    const keys = Array.from({ length: 100 }, (_, at) => `k${at}`);
    const sent = later(...keys.map((key) => alice!.send(1, key, key)));
    await alice!.close();
    await Promise.all(sent);
    assert.equal(await Promise.all(keys.map((key) => bob!.recv(0, key))), keys);
  });

  declare("every rank may leave at once", 3, async ({ ranks }) => {
    await Promise.all(ranks.map((comm) => comm.allgather(comm.rank)));
    await Promise.all(ranks.map((comm) => comm.close()));
  });

  declare("close waits for a close that has begun", 2, async (_, alice, bob) => {
    const [sent] = later(alice!.send(1, "k", 1));
    let ended = 0;
    void alice!.close().then(() => ended++);
    await alice!.close();
    assert.is(ended, 1);
    await sent;
    await partyError(bob!.recv(0, "other"), "PEER_ABORTED");
  });

  declare("close does not wait for ever for a message that cannot arrive", 2, async (_, alice) => {
    await alice!.send(1, "first", "fills the mailbox");
    const sent = alice!.send(1, "k", "waits for room");
    await moment(); // the mailbox is full
    const closed = alice!.close();
    await partyError(sent, "SESSION_CLOSED");
    await closed;
  }, { maxMailboxBytes: 20 });

  declare("abort rejects everything, here and everywhere", 3, async (_, alice, bob, carol) => {
    await bob!.send(1, "unread", 1);
    const waits = later(...[bob!, carol!].flatMap((comm) => [
      ...[0, 1, 2].map((rank) => comm.recv(rank, "never")),
      comm.broadcast(undefined),
    ]));
    const mine = later(alice!.recv(1, "k"), alice!.barrier());
    const cause = new PartyError("CONFLICT", "The columns differ");
    await alice!.abort(cause);
    for (const wait of mine) assert.is(await rejection(wait), cause);
    for (const wait of waits) {
      const error = await partyError<PeerAbortedError>(wait, "PEER_ABORTED");
      assert.is(error.rank, 0);
      assert.is(error.peerCode, "CONFLICT");
      assert.is(error.reason, "The columns differ");
      assert.match(error.message, "The columns differ");
    }
    await assertEnded(alice!, cause);
    await assertEnded(bob!, bob!.failure);
    await partyError(bob!.recv(1, "unread"), "PEER_ABORTED");
  });

  declare("abort rejects sends that are on their way", 2, async (_, alice, bob) => {
    await alice!.send(1, "first", "fills the mailbox");
    const [sent] = later(alice!.send(1, "k", "waits for room"));
    await moment(); // the mailbox is full
    await bob!.abort(new Error("no room"));
    await partyError(sent!, "PEER_ABORTED");
  }, { maxMailboxBytes: 20 });

  declare("the others hear of a failure whatever it is", 2, async (_, alice, bob) => {
    const [wait] = later(bob!.recv(0, "k"));
    await alice!.abort(null);
    const error = await partyError<PeerAbortedError>(wait!, "PEER_ABORTED");
    assert.is(error.peerCode, "INTERNAL");
    assert.is(alice!.failure!.cause, null);
  });

  for (
    const [what, secret] of [
      ["an error", new Error("the sum is 4711")],
      ["an error without a text", Object.assign(new Error(), { message: { sum: 4711 } })],
      ["a value that cannot be sent", new SerializationError("Cannot send value.patient4711")],
    ] as const
  ) {
    declare(`the others hear nothing of what a program threw: ${what}`, 2, async (_, a, b) => {
      const [wait] = later(b!.recv(0, "k"));
      await a!.abort(secret);
      const error = await partyError<PeerAbortedError>(wait!, "PEER_ABORTED");
      assert.not.match(`${error.message} ${error.reason}`, "4711");
      const own = a!.failure!;
      assert.is(own instanceof SerializationError ? own : own.cause, secret);
    });
  }

  declare("the others hear of a failure however long its message is", 2, async (_, alice, bob) => {
    const [wait] = later(bob!.recv(0, "k"));
    await alice!.abort(new PartyError("CONFLICT", "x".repeat(1e5)));
    assert.match((await partyError(wait!, "PEER_ABORTED")).message, "xxxxx");
  });

  declare(
    "a failure is a failure even when another session's end led to it",
    2,
    async (_, a, b) => {
      const [wait] = later(b!.recv(1, "own"));
      await a!.abort(new PartyError("SESSION_CLOSED", "Another session is closed"));
      assert.is((await partyError<PeerAbortedError>(wait!, "PEER_ABORTED")).peerCode, "INTERNAL");
    },
  );

  declare("the first failure is the one that counts", 2, async (_, alice, bob) => {
    const [first, second] = [
      new PartyError("CONFLICT", "first"),
      new PartyError("CONFLICT", "second"),
    ];
    await alice!.abort(first);
    await alice!.abort(second);
    await alice!.close();
    await assertEnded(alice!, first);
    await until(() => bob!.failure !== undefined, "bob has heard");
    await bob!.abort(second);
    await moment();
    assert.is((bob!.failure as PeerAbortedError).reason, "first");
  });
}
