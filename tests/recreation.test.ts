import { test } from "uvu";
import * as assert from "uvu/assert";
import { createParty, type Party, PartyError, type PeerAbortedError, serve } from "../mod.ts";
import { startParties } from "./helpers/parties.ts";
import { later, moment, partyError, until } from "./helpers/waiting.ts";

test("a session can be created, used and closed again and again under one name", async () => {
  const { parties, endpoints, close } = await startParties(3);
  await Promise.all(parties.map(async (party, rank) => {
    for (let round = 0; round < 100; round++) {
      const session = await party.createSession({ name: "s", rank, endpoints });
      const values = await session.communicator.allgather([round, rank]);
      assert.equal(values, [[round, 0], [round, 1], [round, 2]]);
      await session.close();
    }
  }));
  await close();
});

test("a farewell that comes late does not concern the next session of the name", async () => {
  const { parties, endpoints, createSession, close } = await startParties(2);
  const absent = [...endpoints, "http://127.0.0.1:1"];
  const create = (rank: number) =>
    parties[rank]!.createSession({ name: "s", rank, endpoints: absent });
  const [alice, bob] = await Promise.all([create(0), create(1)]);
  await alice.communicator.send(1, "k", 1); // one way only: bob never writes to alice
  assert.is(await bob.communicator.recv(0, "k"), 1);

  const [lost] = later(alice.communicator.send(2, "k", "keeps the close of this session busy"));
  const closing = alice.close();
  await bob.close();
  const again = await create(1);
  const [waiting] = later(again.communicator.recv(0, "k", { timeoutMs: 5_000 }));
  await closing;
  await partyError(lost!, "SESSION_CLOSED");
  await moment();
  await (await create(0)).communicator.send(1, "k", "of the next session");
  assert.is(await waiting, "of the next session");
  await Promise.all((await createSession("other")).map((session) => session.close()));
  await close();
});

test("after a failure the next session of the name is waited for", async () => {
  const { createSession, parties, endpoints, close } = await startParties(2);
  const [alice, bob] = await createSession("s");
  await alice!.communicator.send(1, "k", 1);
  await alice!.communicator.abort(new PartyError("CONFLICT", "boom"));
  await until(() => bob!.state === "failed", "bob has heard");
  await alice!.close();
  const again = await parties[0]!.createSession({ name: "s", rank: 0, endpoints });
  const sending = again.communicator.send(1, "k", 2);
  await until(() => again.communicator.stats[1]!.retries > 0, "it is tried again");
  await bob!.close();
  const next = await parties[1]!.createSession({ name: "s", rank: 1, endpoints });
  assert.is(await next.communicator.recv(0, "k"), 2);
  await sending;
  await close();
});

test("who creates the session after another party failed in it hears of that", async () => {
  const { parties, endpoints, close } = await startParties(2);
  const alice = await parties[0]!.createSession({ name: "s", rank: 0, endpoints });
  const aborting = alice.communicator.abort(new PartyError("CONFLICT", "boom"));
  await moment();
  const bob = await parties[1]!.createSession({ name: "s", rank: 1, endpoints });
  const waiting = bob.communicator.recv(0, "k");
  assert.is((await partyError<PeerAbortedError>(waiting, "PEER_ABORTED")).reason, "boom");
  await aborting;
  await close();
});

test("a receiver that restarted is noticed, also by who only sends to it", async () => {
  let current: Party = createParty();
  const server = await serve({ fetch: (request) => current.fetch(request) }, { port: 0 });
  await using alice = createParty();
  const endpoints = ["http://127.0.0.1:1", server.url];
  const session = await alice.createSession({ name: "s", rank: 0, endpoints });
  await current.createSession({ name: "s", rank: 1, endpoints });
  await session.communicator.send(1, "first", 1);

  current = createParty(); // without a farewell, as after a crash
  await current.createSession({ name: "s", rank: 1, endpoints });
  await partyError(session.communicator.send(1, "second", 2), "PEER_RESTARTED");
  assert.is(session.state, "failed");
  await server.close();
});

test.run();
