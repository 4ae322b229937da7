/**
 * Links of parties with keys: messages of all sizes, over sockets and through gateways.
 *
 * @module
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { defineProgram, PartyError, type PeerAbortedError, type Session } from "../mod.ts";
import { isPattern, patternBytes } from "./helpers/pattern.ts";
import { startSealed } from "./helpers/sealed_parties.ts";
import { linkOf } from "./helpers/site.ts";
import { moment, partyError } from "./helpers/waiting.ts";

const MIB = 1024 * 1024;

test("messages of all sizes go both ways", async () => {
  const { createSession, close } = await startSealed(2);
  try {
    const sessions = await createSession("demo");
    const ranks = sessions.map((session) => session.communicator);
    await ranks[0]!.send(1, "hello", { text: "hello" });
    assert.equal(await ranks[1]!.recv(0, "hello"), { text: "hello" });
    await Promise.all(
      [0, 1].flatMap((rank) =>
        [4, 1_000, 20 * MIB, 100_000, 300_000, 4].map(async (size, at) => {
          const sent = ranks[rank]!.send(1 - rank, `k${at}`, patternBytes(size, at));
          const value = await ranks[1 - rank]!.recv(rank, `k${at}`);
          assert.ok(isPattern(value, size, at), `message ${at} of rank ${rank}`);
          await sent;
        })
      ),
    );
    for (const rank of ranks) {
      const { kind, resumes, bytesResent } = linkOf(rank);
      assert.equal([kind, resumes, bytesResent], ["streaming", 0, 0]);
    }
  } finally {
    await close();
  }
});

test("a computation that fails at one party fails at all, and the session goes on", async () => {
  const program = defineProgram({
    name: "fails",
    version: "1.0.0",
    description: "Fails at rank 0.",
    inputs: {},
    outputs: {},
    run: async ({ communicator }) => {
      await communicator.barrier();
      if (communicator.rank === 0) throw new PartyError("CONFLICT", "rank 0 gives up");
      await communicator.recv(0, "never");
      return {};
    },
  });
  const { createSession, close } = await startSealed(2, {
    options: () => ({ programs: [program] }),
  });
  try {
    const sessions = await createSession("demo");
    const results = sessions.map((session) =>
      session.compute({ id: "one", program: "fails" }).result
    );
    await partyError(results[0]!, "CONFLICT");
    const error = await partyError(results[1]!, "PEER_ABORTED");
    assert.match(error.message, "rank 0 gives up");
    const [alice, bob] = sessions.map((session) => session.communicator);
    await alice!.send(1, "after", 1);
    assert.is(await bob!.recv(0, "after"), 1);
  } finally {
    await close();
  }
});

test("who did not hear that a party left hears it when it asks", async () => {
  const deaf: typeof fetch = (input, init) =>
    String(input).endsWith("/abort") ? Promise.reject(new TypeError("lost")) : fetch(input, init);
  const { createSession, close } = await startSealed(3, { options: () => ({ fetch: deaf }) });
  try {
    const [alice, bob, carol] = await createSession("parting") as [Session, Session, Session];
    await alice.communicator.send(1, "k", 1);
    await bob.communicator.recv(0, "k");
    await bob.communicator.send(0, "k", 1);
    const waits = [
      bob.communicator.recv(0, "never"),
      carol.communicator.recv(0, "never"),
    ];
    await moment(500);
    await alice.close("all done");
    for (const wait of [...waits, bob.communicator.send(0, "late", 1)]) {
      const error = await partyError<PeerAbortedError>(wait, "PEER_ABORTED");
      assert.equal([error.rank, error.peerCode, error.reason], [0, "SESSION_CLOSED", "all done"]);
    }
    assert.is(bob.state, "open");
  } finally {
    await close();
  }
});

test.run();
