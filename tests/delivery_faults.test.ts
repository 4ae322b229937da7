import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type PeerAbortedError, PeerRestartedError } from "../lib/errors.ts";
import { createParty } from "../lib/party.ts";
import type { Fault } from "./helpers/fault_proxy.ts";
import { withLink } from "./helpers/link.ts";
import { startParties } from "./helpers/parties.ts";
import { later, partyError } from "./helpers/waiting.ts";

const ONCE: [name: string, fault: Fault, arrives: boolean][] = [
  ["a connection that is reset before the message arrives", "reset", false],
  ["a connection that is reset after the message arrived", "lose-answer", true],
  ["an answer that is cut off", "cut-answer", true],
  ["an answer that a gateway replaces", { status: 502 }, false],
];

for (const [name, fault, arrives] of ONCE) {
  test(`a message survives ${name}, and is delivered once`, async () => {
    const choose = (_: unknown, attempt: number) => attempt < 4 ? fault : "pass";
    await withLink(choose, async ({ alice, bob }) => {
      await alice.send(1, "first", 1);
      assert.is(await bob.recv(0, "first"), 1);
      await alice.send(1, "first", "the key is free, so a repeat would take it");
      assert.is(await bob.recv(0, "first"), "the key is free, so a repeat would take it");
      assert.is(bob.stats[0]!.messagesReceived, 2);
      assert.is(bob.stats[0]!.duplicatesDropped, arrives ? 3 : 0);
      assert.is(alice.stats[1]!.messagesSent, 2);
      assert.ok(alice.stats[1]!.retries <= 3, "where fetch did not try again by itself");
    });
  });
}

test("messages keep their order while one of them is tried again", async () => {
  const faults: Fault[] = ["reset", "lose-answer", { status: 503 }, "cut-answer"];
  const choose = ({ body }: { body: { key?: string } }, attempt: number) =>
    body.key === "k0" || body.key === "k3" ? faults[attempt - 1] ?? "pass" : "pass";
  await withLink(choose, async ({ alice, bob, proxy }) => {
    const keys = Array.from({ length: 6 }, (_, at) => `k${at}`);
    await Promise.all(keys.map((key) => alice.send(1, key, key)));
    const came = proxy.seen.map(({ body }) => body.key!);
    assert.equal(came, came.toSorted());
    assert.equal([...new Set(came)], keys);
    assert.equal(proxy.seen.map(({ body }) => body.seq), came.map((key) => keys.indexOf(key) + 1));
    assert.equal(await Promise.all(keys.map((key) => bob.recv(0, key))), keys);
  });
});

test("connections that end when nothing is on its way do no harm", async () => {
  await withLink(() => "pass-and-end", async ({ alice, bob, proxy }) => {
    for (let at = 0; at < 100; at++) {
      await alice.send(1, "k", at);
      assert.is(await bob.recv(0, "k"), at);
    }
    assert.is(bob.stats[0]!.messagesReceived, 100);
    assert.ok(proxy.connections() >= 50);
  });
});

test("a receiver that leaves with the last message leaves its sender successful", async () => {
  let leave!: () => void;
  const left = new Promise<void>((resolve) => leave = resolve);
  const { createSession, close } = await startParties(2, {
    // The answer to the message is on its way for longer than the farewell.
    fetch: async (...request) => {
      const response = await fetch(...request);
      if (String(request[0]).endsWith("/comm/send")) await left;
      return response;
    },
  });
  const [alice, bob] = await createSession("s");
  const sending = alice!.communicator.send(1, "last", "message");
  const queued = alice!.communicator.send(1, "one too many", "message");
  assert.is(await bob!.communicator.recv(0, "last"), "message");
  const rejected = partyError(queued, "PEER_ABORTED");
  await bob!.close();
  await rejected;
  leave();
  await sending;
  await partyError(alice!.communicator.send(1, "later", "message"), "PEER_ABORTED");
  await close();
});

test("whatever the network does, every message is delivered once", async () => {
  const faults = fc.array(
    fc.array(
      fc.constantFrom<Fault>("reset", "lose-answer", "cut-answer", "pass-and-end", { status: 502 }),
      { maxLength: 3 },
    ),
    { minLength: 20, maxLength: 20 },
  );
  await fc.assert(
    fc.asyncProperty(faults, async (plan) => {
      const choose = ({ body }: { body: { key?: string } }, attempt: number) =>
        plan[Number(body.key!.slice(1))]![attempt - 1] ?? "pass";
      await withLink(choose, async ({ alice, bob }) => {
        const sent = plan.map((_, at) => alice.send(1, `k${at}`, at));
        const values = await Promise.all(plan.map((_, at) => bob.recv(0, `k${at}`)));
        await Promise.all(sent);
        assert.equal(values, plan.map((_, at) => at));
        assert.is(bob.stats[0]!.messagesReceived, plan.length);
      });
    }),
    { numRuns: 5 },
  );
});

test("one reused connection serves the messages to a peer", async () => {
  await withLink(() => "pass", async ({ alice, bob, proxy }) => {
    for (let at = 0; at < 50; at++) {
      await alice.send(1, "k", at);
      await bob.recv(0, "k");
    }
    assert.ok(proxy.connections() <= 2, `${proxy.connections()} connections`);
  });
});

test("a rank that comes back as a stranger ends the session for all", async () => {
  const { parties, endpoints, createSession, close } = await startParties(3);
  const [alice, bob, carol] = (await createSession("s")).map((session) => session.communicator);
  await alice!.send(1, "before", 1);
  const [atBob, atCarol] = [later(bob!.recv(0, "k")), later(carol!.recv(0, "k"))];

  const reborn = createParty();
  const session = await reborn.createSession({ name: "s", rank: 0, endpoints });
  const error = await partyError(session.communicator.send(1, "k", 2), "PEER_RESTARTED");
  assert.match(error.message, "Rank 0 restarted");
  assert.instance(await partyError(atBob[0]!, "PEER_RESTARTED"), PeerRestartedError);
  const told = await partyError<PeerAbortedError>(atCarol[0]!, "PEER_ABORTED");
  assert.is(told.rank, 1);
  assert.is(told.peerCode, "PEER_RESTARTED");
  assert.is(parties[1]!.session("s").state, "failed");
  await reborn.close();
  await close();
});

test("a sender that numbers nothing is taken at its word", async () => {
  const { endpoints, createSession, close } = await startParties(2);
  const [, bob] = (await createSession("s")).map((session) => session.communicator);
  const post = async (more: object) => {
    const response = await fetch(`${endpoints[1]}/sessions/s/comm/send`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ from_rank: 0, to_rank: 1, key: "k", data: "MQ==", ...more }),
    });
    return [response.status, (await response.json()).code];
  };
  assert.equal(await post({}), [200, undefined]);
  assert.equal(await post({}), [409, "DUPLICATE_KEY"]);
  assert.is(await bob!.recv(0, "k"), 1);
  assert.equal(await post({ boot: "b", seq: 7 }), [200, undefined]);
  assert.equal(await post({ boot: "b", seq: 7 }), [200, undefined]);
  assert.equal(await post({ boot: "b", seq: 6 }), [200, undefined]);
  assert.is(bob!.stats[0]!.duplicatesDropped, 2);
  assert.equal(await post({ boot: "b", seq: 8 }), [409, "DUPLICATE_KEY"]);
  assert.is(await bob!.recv(0, "k"), 1);
  assert.equal(await post({ boot: "b", seq: 8 }), [200, undefined]);
  await close();
});

test.run();
