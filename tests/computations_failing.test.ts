/**
 * Computations that fail: whatever goes wrong with their messages ends them, and not the session.
 *
 * @module
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { PartyError, type PeerAbortedError, SerializationError } from "../lib/errors.ts";
import { createParty } from "../lib/party.ts";
import type { ProgramContext } from "../lib/programs/program.ts";
import type { Computation } from "../lib/resources/computation.ts";
import { serve } from "../lib/serve/serve.ts";
import { Driven, gate, program } from "./helpers/programs.ts";
import { later, moment, partyError, rejection, until } from "./helpers/waiting.ts";

const BOX = 64 * 1024;
const BIG = "x".repeat(BOX / 2);

const gather = program("gather", ({ communicator, rank }) => communicator.allgather(rank));
const waits = program(
  "waits",
  ({ communicator, rank, worldSize }) => communicator.recv((rank + 1) % worldSize, "never"),
);

/** Starts a computation at all parties, whose results may reject. */
function startAll({ sessions }: Driven, id: string, name: string): Computation[] {
  const started = sessions.map((session) => session.compute({ id, program: name }));
  later(...started.map(({ result }) => result));
  return started;
}

/** Fails unless all sessions are open, hold nothing unread, and can compute. */
async function assertUnharmed(driven: Driven): Promise<void> {
  assert.equal(driven.sessions.map(({ state }) => state), driven.sessions.map(() => "open"));
  await until(() => driven.unreadBytes() === 0, "nothing is unread");
  const next = startAll(driven, "next", "gather");
  const ranks = driven.sessions.map(({ rank }) => rank);
  assert.equal(
    await Promise.all(next.map(({ result }) => result)),
    ranks.map(() => ({ result: ranks })),
  );
}

interface Failing {
  what: string;
  /** What rank 0 does. */
  first(context: ProgramContext): unknown;
  /** What rank 1 does. */
  second(context: ProgramContext): unknown;
  /** The codes of the errors of both; what the other one told stands behind a colon. */
  codes: [string, string];
}

const never = ({ communicator, rank }: ProgramContext) => communicator.recv(1 - rank, "never");
const FAILING: Failing[] = [{
  what: "a key that is used twice",
  first: async (context) => {
    await context.communicator.send(1, "k", 1);
    await context.communicator.send(1, "k", 2);
    return await never(context);
  },
  second: never,
  codes: ["PEER_ABORTED: DUPLICATE_KEY", "DUPLICATE_KEY"],
}, {
  what: "a key that a party uses twice with itself",
  first: async (context) => {
    await context.communicator.send(0, "k", 1);
    void context.communicator.send(0, "k", 2);
    return await never(context);
  },
  second: never,
  codes: ["DUPLICATE_KEY", "PEER_ABORTED: DUPLICATE_KEY"],
}, {
  what: "a value that cannot be sent",
  first: ({ communicator }) => communicator.send(1, "k", () => 1),
  second: never,
  codes: ["SERIALIZATION", "PEER_ABORTED: SERIALIZATION"],
}, {
  what: "a value that cannot be sent, in a send that nobody awaits",
  first: (context) => {
    void context.communicator.spawn("inner").send(1, "k", () => 1);
    return never(context);
  },
  second: never,
  codes: ["SERIALIZATION", "PEER_ABORTED: SERIALIZATION"],
}, {
  what: "a message that is too large",
  first: (context) => {
    void context.communicator.send(1, "k", "x".repeat(2 * 1024 * 1024));
    return never(context);
  },
  second: never,
  codes: ["PAYLOAD_TOO_LARGE", "PEER_ABORTED: PAYLOAD_TOO_LARGE"],
}, {
  what: "a send that nobody receives in time",
  first: async ({ communicator }) => {
    await communicator.send(1, "first", BIG);
    await communicator.send(1, "second", BIG, { timeoutMs: 300 });
  },
  second: never,
  codes: ["SEND_TIMEOUT", "PEER_ABORTED: SEND_TIMEOUT"],
}, {
  what: "a send that nobody receives in time, and nobody awaits",
  first: async (context) => {
    await context.communicator.send(1, "first", BIG);
    void context.communicator.send(1, "second", BIG, { timeoutMs: 300 });
    return await never(context);
  },
  second: never,
  codes: ["SEND_TIMEOUT", "PEER_ABORTED: SEND_TIMEOUT"],
}, {
  what: "a receive that nothing comes for",
  first: ({ communicator }) => communicator.recv(1, "never", { timeoutMs: 200 }),
  second: never,
  codes: ["RECV_TIMEOUT", "PEER_ABORTED: RECV_TIMEOUT"],
}, {
  what: "what nobody awaits, of a party that fails",
  first: ({ communicator }) => {
    for (const one of [communicator, communicator.spawn("inner"), communicator.spawn("other")]) {
      void one.recv(1, "never");
      void one.barrier();
      void one.broadcast(1, { root: 1 });
      void one.gather(1);
      void one.scatter([1], { root: 1 });
      void one.allgather(1);
      void one.reduce(1, Math.max);
      void one.allreduce(1, Math.max);
    }
    throw new PartyError("CONFLICT", "differs");
  },
  second: never,
  codes: ["CONFLICT", "PEER_ABORTED: CONFLICT"],
}, {
  what: "a receive behind messages that nobody reads",
  first: (context) => {
    for (const key of ["first", "second", "third"]) void context.communicator.send(1, key, BIG);
    return never(context);
  },
  second: ({ communicator }) => communicator.recv(0, "third"),
  codes: ["PEER_ABORTED: MAILBOX_FULL", "MAILBOX_FULL"],
}];

for (const { what, first, second, codes } of FAILING) {
  test(`${what} ends the computation at both parties, and no session`, async () => {
    const p = program("p", (context) => context.rank === 0 ? first(context) : second(context));
    const options = {
      programs: [p, gather],
      maxMailboxBytes: BOX,
      maxMessageBytes: 1024 * 1024,
    };
    await Driven.run(2, options, async (driven) => {
      const computations = startAll(driven, "c", "p");
      const outcomes = await Promise.all(computations.map(async (computation) => {
        try {
          await computation.result;
          return "completed";
        } catch (error) {
          const { code, peerCode } = error as PeerAbortedError;
          return peerCode === undefined ? code : `${code}: ${peerCode}`;
        }
      }));
      assert.equal(outcomes, codes);
      await assertUnharmed(driven);
    });
  });
}

test("a send that waits for room is let go when its computation ends", async () => {
  const left: unknown[] = [];
  let isSending = false;
  const blocked = program("blocked", async (context) => {
    const { communicator, rank } = context;
    if (rank === 1) return await never(context);
    await communicator.send(1, "first", BIG);
    const [sending] = later(communicator.send(1, "second", BIG));
    isSending = true;
    left.push(await rejection(sending!));
    left.push(await rejection(communicator.recv(1, "later")));
    left.push(await rejection(communicator.send(1, "later", 1)));
  });
  await Driven.run(2, { programs: [blocked, gather], maxMailboxBytes: BOX }, async (driven) => {
    const [here, there] = startAll(driven, "c", "blocked");
    await until(() => isSending, "the first message is there");
    const error = new PartyError("CANCELLED", "enough");
    here!.cancel(error);
    await partyError(there!.result, "PEER_ABORTED");
    await until(() => left.length === 3, "the program has heard of it");
    assert.equal(left, [error, error, error]);
    await assertUnharmed(driven);
  });
});

test("what comes for a computation that has ended is dropped, and takes no room", async () => {
  const { opened, open } = gate();
  const p = program("p", async ({ communicator, rank }) => {
    if (rank === 0) return;
    await opened; // until rank 0 is done
    for (let at = 0; at < 20; at++) await communicator.send(0, `k${at}`, BIG);
  });
  await Driven.run(2, { programs: [p, gather], maxMailboxBytes: BOX }, async (driven) => {
    const [done, late] = startAll(driven, "c", "p");
    await done!.result;
    open();
    await late!.result;
    assert.is(driven.unreadBytes(), 0);
    assert.is(done!.state, "completed");
    await assertUnharmed(driven);
  });
});

test("a computation that has ended elsewhere is told at once to a party that starts it", async () => {
  await Driven.run(3, { programs: [waits, gather] }, async (driven) => {
    const [alice, ...others] = driven.sessions;
    const spec = { id: "c", program: "waits" };
    const first = alice!.compute(spec);
    await until(() => driven.unreadBytes() > 0, "the others have heard of it");
    first.cancel(new PartyError("CANCELLED", "not today"));
    await rejection(first.result);
    await until(() => driven.unreadBytes() === 0, "what came for it is dropped");
    const startedAt = performance.now();
    for (const session of others) {
      const late = session.compute(spec);
      const error = await partyError<PeerAbortedError>(late.result, "PEER_ABORTED");
      assert.equal([error.rank, error.peerCode, error.reason], [0, "CANCELLED", "not today"]);
      assert.is(late.state, "cancelled");
      assert.is(late.startedAt, undefined);
    }
    assert.ok(performance.now() - startedAt < 1_000);
    await assertUnharmed(driven);
  });
});

test("also to one whose session was not there when it ended", async () => {
  const parties = [1, 2].map(() => createParty({ programs: [waits] }));
  const servers = await Promise.all(parties.map((party) => serve(party, { port: 0 })));
  const endpoints = servers.map(({ url }) => url);
  const create = (rank: number) => parties[rank]!.createSession({ name: "s", rank, endpoints });
  const spec = { id: "c", program: "waits" };

  const alice = await create(0);
  const first = alice.compute(spec);
  later(first.result);
  await until(() => alice.communicator.stats[1]!.retries > 0, "bob is not there");
  first.cancel();
  await moment(2_500); // until nobody is told any more
  const bob = await create(1);
  const error = await partyError<PeerAbortedError>(bob.compute(spec).result, "PEER_ABORTED");
  assert.equal([error.rank, error.peerCode], [0, "CANCELLED"]);
  assert.equal([alice.state, bob.state], ["open", "open"]);
  assert.is(bob.describe()[0]!.unread.bytes + alice.describe()[0]!.unread.bytes, 0);

  await Promise.all(parties.map((party) => party.close()));
  await Promise.all(servers.map((server) => server.close()));
});

test("a failure is told before the session is closed, and why it failed is what is heard", async () => {
  const fails = program("fails", ({ rank, communicator }) => {
    if (rank === 0) throw new PartyError("CONFLICT", "differs");
    return communicator.recv(0, "never");
  });
  for (let round = 0; round < 10; round++) {
    await Driven.run(3, { programs: [fails] }, async (driven) => {
      const [own, ...told] = startAll(driven, "c", "fails");
      await rejection(own!.result);
      await driven.sessions[0]!.close();
      for (const { result } of told) {
        const error = await partyError<PeerAbortedError>(result, "PEER_ABORTED");
        assert.equal([error.rank, error.peerCode], [0, "CONFLICT"]);
      }
    });
  }
});

test("what the others are told of a value that cannot be sent names no part of it", async () => {
  const bad = program("bad", async (context) => {
    if (context.rank === 1) return await never(context);
    await context.communicator.send(1, "k", { "name of a patient": () => 1 });
  });
  await Driven.run(2, { programs: [bad] }, async (driven) => {
    const [own, told] = startAll(driven, "c", "bad");
    assert.instance(await rejection(own!.result), SerializationError);
    const { message, reason } = await rejection(told!.result) as PeerAbortedError;
    assert.not.match(message + reason, "patient");
  });
});

test.run();
