import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { HttpCommunicator } from "../lib/comm/http.ts";
import { type PeerAbortedError, PeerRestartedError } from "../lib/errors.ts";
import { createParty } from "../lib/party.ts";
import type { Fault } from "./helpers/fault_proxy.ts";
import { withJsonPeer } from "./helpers/json_peer.ts";
import { startParties } from "./helpers/parties.ts";
import { later, partyError, rejection } from "./helpers/waiting.ts";

const ONCE: [name: string, fault: Fault, arrives: boolean][] = [
  ["a connection that is reset before the message arrives", "reset", false],
  ["a connection that is reset after the message arrived", "lose-answer", true],
  ["an answer that is cut off", "cut-answer", true],
  ["an answer that a gateway replaces", { status: 502 }, false],
];

for (const [name, fault, arrives] of ONCE) {
  test(`JSON survives ${name}, and is delivered once`, async () => {
    const choose = (_: unknown, attempt: number) => attempt < 4 ? fault : "pass";
    await withJsonPeer(choose, async ({ alice, bob }) => {
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

test("messages keep their order while one of them is tried again, in the JSON form", async () => {
  const faults: Fault[] = ["reset", "lose-answer", { status: 503 }, "cut-answer"];
  const choose = ({ body }: { body: { key?: string } }, attempt: number) =>
    body.key === "k0" || body.key === "k3" ? faults[attempt - 1] ?? "pass" : "pass";
  await withJsonPeer(choose, async ({ alice, bob, sends }) => {
    const keys = Array.from({ length: 6 }, (_, at) => `k${at}`);
    await Promise.all(keys.map((key) => alice.send(1, key, key)));
    const came = sends().map(({ body }) => body.key!);
    assert.equal(came, came.toSorted());
    assert.equal([...new Set(came)], keys);
    assert.equal(sends().map(({ body }) => body.seq), came.map((key) => keys.indexOf(key) + 1));
    assert.equal(await Promise.all(keys.map((key) => bob.recv(0, key))), keys);
  });
});

test("connections that end when nothing is on its way do JSON no harm", async () => {
  await withJsonPeer(() => "pass-and-end", async ({ alice, bob, connections }) => {
    for (let at = 0; at < 100; at++) {
      await alice.send(1, "k", at);
      assert.is(await bob.recv(0, "k"), at);
    }
    assert.is(bob.stats[0]!.messagesReceived, 100);
    assert.ok(connections() >= 50);
  });
});

test("a receiver that leaves with the last message leaves its sender of JSON successful", async () => {
  let leave!: () => void;
  const left = new Promise<void>((resolve) => leave = resolve);
  // The answer to the message is on its way for longer than the farewell.
  const late: typeof fetch = async (...request) => {
    const response = await fetch(...request);
    if (String(request[0]).endsWith("/comm/send")) await left;
    return response;
  };
  await withJsonPeer(() => "pass", async ({ alice, bob }) => {
    const sending = alice.send(1, "last", "message");
    const queued = alice.send(1, "one too many", "message");
    assert.is(await bob.recv(0, "last"), "message");
    const rejected = partyError(queued, "PEER_ABORTED");
    await bob.close();
    await rejected;
    leave();
    await sending;
    await partyError(alice.send(1, "later", "message"), "PEER_ABORTED");
    assert.is(alice.failure, undefined, "to send to who has left does not fail the session");
  }, { fetch: late });
});

test("a receiver that leaves with the last message leaves the sender over a link successful", async () => {
  let leave!: () => void;
  const left = new Promise<void>((resolve) => leave = resolve);
  // Acknowledgements of what comes after the first message are on their way for longer.
  const late = (rank: number): typeof fetch => async (input, init) => {
    const response = await fetch(input, init);
    if (rank === 1 || !(init?.body instanceof ReadableStream)) return response;
    const held = new TransformStream<Uint8Array, Uint8Array>({
      transform: async (chunk, controller) => {
        await left;
        controller.enqueue(chunk);
      },
    });
    const { status, headers } = response;
    return new Response(response.body!.pipeThrough(held), { status, headers });
  };
  const { createSession, close } = await startParties(2, (rank) => ({ fetch: late(rank) }));
  const [alice, bob] = (await createSession("s")).map((session) => session.communicator);
  await alice!.send(1, "first", "goes in a finite request");
  const sending = alice!.send(1, "last", "message");
  assert.is(await bob!.recv(0, "last"), "message");
  await bob!.close();
  await partyError(alice!.send(1, "later", "message"), "PEER_ABORTED");
  leave();
  await sending;
  assert.is(alice!.failure, undefined, "to send to who has left does not fail the session");
  await close();
});

test("whatever the network does, every message in the JSON form is delivered once", async () => {
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
      await withJsonPeer(choose, async ({ alice, bob }) => {
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

test("one reused connection serves the messages to a peer without links", async () => {
  await withJsonPeer(() => "pass", async ({ alice, bob, connections }) => {
    for (let at = 0; at < 50; at++) {
      await alice.send(1, "k", at);
      await bob.recv(0, "k");
    }
    assert.ok(connections() <= 2, `${connections()} connections`);
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

/** Runs a test with two parties, where the test sends JSON by hand as if it were rank 0. */
async function withPost(
  body: (
    post: (more?: object) => Promise<[status: number, code: string | undefined]>,
    alice: HttpCommunicator,
    bob: HttpCommunicator,
  ) => Promise<void>,
): Promise<void> {
  const { endpoints, createSession, close } = await startParties(2);
  const [alice, bob] = (await createSession("s")).map((session) => session.communicator);
  await body(
    async (more = {}) => {
      const response = await fetch(`${endpoints[1]}/sessions/s/comm/send`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ from_rank: 0, to_rank: 1, key: "k", data: "MQ==", ...more }),
      });
      return [response.status, (await response.json()).code];
    },
    alice!,
    bob!,
  );
  await close();
}

test("a sender that numbers nothing is taken at its word", async () => {
  await withPost(async (post, _, bob) => {
    for (const more of [{}, {}, { boot: "b", seq: 7 }, { boot: "b", seq: 8 }]) {
      assert.equal(await post(more), [200, undefined]);
      assert.is(await bob.recv(0, "k"), 1);
    }
    for (const seq of [8, 7, 1]) assert.equal(await post({ boot: "b", seq }), [200, undefined]);
    assert.is(bob.stats[0]!.duplicatesDropped, 3);
    assert.is(bob.stats[0]!.messagesReceived, 4);
  });
});

for (const numbered of [false, true]) {
  const what = numbered ? "with a number of its own" : "without a number";
  test(`JSON ${what} for a key that is unread is 409, and fails the session`, async () => {
    await withPost(async (post, alice, bob) => {
      const number = (seq: number) => numbered ? { boot: alice.boot, seq } : {};
      const waiting = later(alice.recv(1, "never"), bob.recv(0, "never"));
      assert.equal(await post(number(1)), [200, undefined]);
      assert.equal(await post(number(2)), [409, "DUPLICATE_KEY"]);
      const error = await partyError(waiting[1]!, "DUPLICATE_KEY");
      assert.equal([error.rank, error.key], [0, "k"]);
      assert.is(bob.failure, error);
      assert.equal([bob.failureCause!.rank, bob.failureCause!.code], [1, "DUPLICATE_KEY"]);
      const told = await partyError<PeerAbortedError>(waiting[0]!, "PEER_ABORTED");
      assert.equal([told.rank, told.peerCode], [1, "DUPLICATE_KEY"]);
      assert.equal(await post(number(3)), [409, "PEER_ABORTED"]);
    });
  });
}

for (const awaited of [false, true]) {
  const what = awaited ? "once the first was acknowledged" : "at once";
  test(`a second message for an unread key, sent over a link ${what}, fails the session`, async () => {
    const { createSession, close } = await startParties(2);
    const [alice, bob] = (await createSession("s")).map((session) => session.communicator);
    const [waiting] = later(bob!.recv(0, "never"));
    const [first] = later(alice!.send(1, "k", 1));
    if (awaited) await first;
    const second = alice!.send(1, "k", 2);
    const told = await partyError<PeerAbortedError>(second, "PEER_ABORTED");
    assert.equal([told.rank, told.peerCode], [1, "DUPLICATE_KEY"]);
    const error = await partyError(waiting!, "DUPLICATE_KEY");
    assert.is(bob!.failure, error);
    assert.is(await rejection(alice!.recv(1, "k")), told);
    await close();
  });
}

test.run();
