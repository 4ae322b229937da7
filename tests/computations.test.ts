import { test } from "uvu";
import * as assert from "uvu/assert";
import { PartyError, type PeerAbortedError } from "../lib/errors.ts";
import { createParty } from "../lib/party.ts";
import type { ProgramContext } from "../lib/programs/program.ts";
import type { Session } from "../lib/resources/session.ts";
import { startParties } from "./helpers/parties.ts";
import { program } from "./helpers/programs.ts";
import { later, partyError, rejection, until } from "./helpers/waiting.ts";

const SPEC = { id: "c", program: "p" };

/** Runs a test with a session of some parties, all of which run some programs, and ends them. */
async function withSession(
  size: number,
  runs: Record<string, (context: ProgramContext) => unknown>,
  body: (...sessions: Session[]) => Promise<void>,
): Promise<void> {
  const programs = Object.entries(runs).map(([name, run]) => program(name, run));
  const { createSession, close } = await startParties(size, { programs });
  try {
    await body(...await createSession("s"));
  } finally {
    await close();
  }
}

const sum = ({ communicator }: ProgramContext) =>
  communicator.allreduce(communicator.rank + 1, (a, b) => a + b);
/** Waits for the next rank, in vain. */
const waits = ({ communicator, rank, worldSize }: ProgramContext) =>
  communicator.recv((rank + 1) % worldSize, "never");
const hangs = () => new Promise(() => {});

/** Fails unless an error is as another, but for its cause. */
function assertSays(error: unknown, other: PartyError): void {
  assert.instance(error, other.constructor as new () => unknown);
  assert.equal([{ ...error as PartyError }, String(error)], [{ ...other }, String(other)]);
  assert.is((error as PartyError).cause, undefined);
}

test("a program's result is its computation's", async () => {
  await withSession(3, { sum }, async (...sessions) => {
    const spec = { id: "c", program: "sum" };
    const computations = sessions.map((session) => session.compute(spec));
    assert.equal(computations.map(({ state }) => state), ["pending", "pending", "pending"]);
    const results = await Promise.all(computations.map(({ result }) => result));
    assert.equal(results, [{ result: 6 }, { result: 6 }, { result: 6 }]);
    assert.equal(computations.map(({ state }) => state), ["completed", "completed", "completed"]);
    assert.equal(sessions[0]!.computations, [computations[0]]);
    assert.is(sessions[0]!.computation("c"), computations[0]);
    assert.is(sessions[0]!.symbols.get("result").value, 6);
    assert.is(sessions[0]!.state, "open");
  });
});

test("a computation runs only once all parties have started it", async () => {
  let begun = 0;
  await withSession(2, { p: () => void begun++ }, async (alice, bob) => {
    const early = alice!.compute(SPEC);
    await until(() => bob!.describe()[0]!.unread.messages > 0, "bob was told of it");
    assert.equal([early.state, begun], ["pending", 0]);
    const late = bob!.compute(SPEC);
    await Promise.all([early.result, late.result]);
    assert.is(begun, 2);
    assert.ok(early.createdAt <= early.startedAt! && early.startedAt! <= early.endedAt!);
  });
});

test("computations have keys of their own, and run beside each other", async () => {
  const talk = async ({ communicator, rank, params }: ProgramContext) => {
    await communicator.send(1 - rank, "k", `${params} of ${rank}`);
    return [await communicator.recv(1 - rank, "k"), await communicator.allgather(params)];
  };
  await withSession(2, { talk }, async (...sessions) => {
    const ids = ["a", "b", "sum.1", "computations"];
    const results = await Promise.all(sessions.map(async (session, rank) => {
      const started = (rank === 0 ? ids : ids.toReversed()).map((id) =>
        session.compute({ id, program: "talk", params: id, outputs: [`result-${id}`] })
      );
      session.communicator.spawn(ids[0]!); // meets no computation of that name
      return await Promise.all(started.map(({ result }) => result));
    }));
    const got = (rank: number) => ids.map((id) => ({ result: [`${id} of ${1 - rank}`, [id, id]] }));
    assert.equal(results, [got(0), got(1).toReversed()]);
  });
});

test("a computation that is started again is the same, and does not run twice", async () => {
  let runs = 0;
  await withSession(1, { p: () => ++runs, q: () => ++runs }, async (session) => {
    const spec = { ...SPEC, params: { column: "mass", limit: 1n } };
    const same = { ...spec, params: { column: "mass", limit: 1n }, outputs: ["result"] };
    const computation = session!.compute(spec);
    assert.is(session!.compute(same), computation);
    assert.equal(await computation.result, { result: 1 });
    assert.is(session!.compute(spec), computation, "also once it has ended");
    assert.is(runs, 1);
    const others = [
      { program: "q" },
      { params: { column: "mass" } },
      { params: undefined },
      { outputs: { result: "r" } },
    ];
    for (const other of others) {
      assert.throws(
        () => session!.compute({ ...spec, ...other }),
        (error: unknown) =>
          error instanceof PartyError && error.code === "CONFLICT" &&
          /program p\b/.test(error.message),
      );
    }
  });
});

test("a computation's id and program are names, and its params plain data", async () => {
  await using party = createParty({ programs: [program("p", () => 1)] });
  const session = await party.createSession({ name: "s", rank: 0, endpoints: ["http://a.test"] });
  for (const spec of [{ ...SPEC, id: "a/b" }, { ...SPEC, program: ".." }, { id: "c" }, {}]) {
    assert.throws(
      () => session.compute(spec as typeof SPEC),
      (error: unknown) => error instanceof PartyError && error.code === "INVALID_REQUEST",
    );
  }
  for (let again = 0; again < 2; again++) {
    assert.throws(
      () => session.compute({ ...SPEC, params: () => 1 }),
      (error: unknown) => error instanceof PartyError && error.code === "SERIALIZATION",
    );
  }
  assert.throws(
    () => session.compute({ ...SPEC, program: "q" }),
    (error: unknown) =>
      error instanceof PartyError && error.code === "UNKNOWN_PROGRAM" && /\bp$/.test(error.message),
  );
  assert.equal(session.computations, []);
});

/** What is told of an error that may hold what others must not see. */
const TOLD = /^its program failed; what it threw is known to that party alone$/;

const THROWN: [name: string, run: () => unknown, code: string, reason: RegExp][] = [
  [
    "a PartyError",
    () => Promise.reject(new PartyError("CONFLICT", "differs")),
    "CONFLICT",
    /^differs$/,
  ],
  ["any Error", () => Promise.reject(new Error("broken")), "INTERNAL", TOLD],
  [
    "before its first await",
    () => {
      throw new Error("broken");
    },
    "INTERNAL",
    TOLD,
  ],
  ["what is no Error", () => Promise.reject("a text"), "INTERNAL", TOLD],
  ["nothing", () => Promise.reject(undefined), "INTERNAL", TOLD],
  ["an object without a text", () => Promise.reject(Object.create(null)), "INTERNAL", TOLD],
];

for (const [name, run, code, reason] of THROWN) {
  test(`a program that throws ${name} fails its computation everywhere, and no session`, async () => {
    const p = (context: ProgramContext) => context.rank === 0 ? run() : waits(context);
    await withSession(3, { p, sum }, async (...sessions) => {
      const [alice, bob, carol] = sessions as [Session, Session, Session];
      const raw = carol.communicator.recv(1, "from bob");
      const [failed, ...told] = sessions.map((session) => session.compute(SPEC));
      const own = await partyError(failed!.result, code as PartyError["code"]);
      assertSays(failed!.error, own);
      for (const computation of told) {
        const error = await partyError<PeerAbortedError>(computation.result, "PEER_ABORTED");
        assert.is(error.rank, 0);
        assert.is(error.peerCode, code);
        assert.match(error.reason, reason);
        assertSays(computation.error, error);
      }
      assert.equal([failed, ...told].map((one) => one!.state), ["failed", "failed", "failed"]);
      assert.equal(sessions.map(({ state }) => state), ["open", "open", "open"]);
      assert.is(alice.communicator.failure, undefined);
      await bob.communicator.send(2, "from bob", "unharmed");
      assert.is(await raw, "unharmed");
      const next = sessions.map((session) => session.compute({ id: "next", program: "sum" }));
      assert.equal(
        await Promise.all(next.map(({ result }) => result)),
        Array(3).fill({ result: 6 }),
      );
    });
  });
}

test("a cancelled computation rejects, hears of it, and tells the others", async () => {
  const heard: unknown[] = [];
  const p = (context: ProgramContext) => {
    const { signal, rank } = context;
    signal.addEventListener("abort", () => heard[rank] = signal.reason);
    return waits(context);
  };
  await withSession(2, { p }, async (...sessions) => {
    const reason = new PartyError("CANCELLED", "The operator cancelled it");
    const [here, there] = sessions.map((session) => session.compute(SPEC));
    const [atBob] = later(there!.result);
    await until(() => here!.state === "running" && there!.state === "running", "both run");
    here!.cancel(reason);
    assert.is(here!.state, "cancelled");
    assert.is(await rejection(here!.result), reason);
    assert.is(heard[0], reason);
    const error = await partyError<PeerAbortedError>(atBob!, "PEER_ABORTED");
    assert.equal([error.rank, error.peerCode], [0, "CANCELLED"]);
    assert.is(heard[1], error);
    assert.is(there!.state, "cancelled");
    here!.cancel(new Error("again"));
    assertSays(await rejection(here!.result), reason);
    assert.equal(sessions.map(({ state }) => state), ["open", "open"]);
  });
});

test("a computation that waits on nobody fails with its session, and hears of it", async () => {
  let heard: unknown;
  const listens = ({ signal }: ProgramContext) =>
    new Promise(() => signal.addEventListener("abort", () => heard ??= signal.reason));
  await withSession(2, { listens, sum }, async (alice, bob) => {
    const sessions = [alice!, bob!];
    const before = { id: "ended", program: "sum", outputs: { result: "total" } };
    const ended = sessions.map((session) => session.compute(before))[0]!;
    await ended.result;
    const [computation] = sessions.map((session) =>
      session.compute({ id: "c", program: "listens" })
    );
    const [result] = later(computation!.result);
    await until(() => sessions.every((one) => one.computation("c").state === "running"), "it runs");
    await bob!.communicator.abort(new PartyError("CONFLICT", "broken"));
    const error = await partyError<PeerAbortedError>(result!, "PEER_ABORTED");
    assert.is(error, alice!.communicator.failure);
    assert.instance(heard, PartyError);
    assert.equal([computation!.state, ended.state], ["failed", "completed"]);
  });
});

test("a computation that throws leaves those beside it alone", async () => {
  const throws = () => {
    throw new PartyError("CONFLICT", "broken");
  };
  await withSession(1, { hangs, throws }, async (session) => {
    const waiting = session!.compute({ id: "waits", program: "hangs" });
    const failing = session!.compute({ id: "throws", program: "throws" });
    await partyError(failing.result, "CONFLICT");
    assert.is(waiting.state, "running");
    await session!.close();
    await partyError(waiting.result, "SESSION_CLOSED");
    assert.is(waiting.state, "cancelled");
  });
});

test("a computation that ignores its signal is cancelled all the same", async () => {
  await withSession(1, { hangs }, async (session) => {
    const computation = session!.compute({ id: "c", program: "hangs" });
    const reason = new Error("enough");
    computation.cancel(reason);
    const error = await partyError(computation.result, "INTERNAL");
    assert.is(error.cause, reason);
    assert.is(session!.state, "open");
  });
});

test("an ended computation cannot be cancelled", async () => {
  await withSession(1, { p: () => 5 }, async (session) => {
    const computation = session!.compute(SPEC);
    assert.equal(await computation.result, { result: 5 });
    computation.cancel(new Error("too late"));
    assert.is(computation.state, "completed");
    assert.equal(await computation.result, { result: 5 });
  });
});

test("a party that leaves its session ends the computations that wait for it, everywhere", async () => {
  // Rank 2 waits for rank 1 alone, which waits for rank 0.
  const p = ({ communicator, rank }: ProgramContext) =>
    rank === 0 ? hangs() : communicator.recv(rank - 1, "never");
  await withSession(3, { p }, async (...sessions) => {
    const computations = sessions.map((session) => session.compute(SPEC));
    later(...computations.map(({ result }) => result));
    await until(() => computations.every(({ state }) => state === "running"), "all run");
    await sessions[0]!.close("lunch");
    const [, bob, carol] = await Promise.all(
      computations.map(({ result }) => rejection(result) as Promise<PeerAbortedError>),
    );
    assert.equal([bob!.code, bob!.rank, bob!.peerCode], ["PEER_ABORTED", 0, "SESSION_CLOSED"]);
    assert.equal([carol!.code, carol!.rank, carol!.peerCode], ["PEER_ABORTED", 1, "PEER_ABORTED"]);
    assert.match(carol!.reason, "lunch");
    assert.equal(computations.map(({ state }) => state), ["cancelled", "failed", "failed"]);
    assert.equal(sessions.map(({ state }) => state), ["closed", "open", "open"]);
  });
});

test("a session that has failed starts no computation, and stays until it is closed", async () => {
  await withSession(2, { sum }, async (alice, bob) => {
    await alice!.communicator.abort(new PartyError("CONFLICT", "broken"));
    await until(() => bob!.state === "failed", "bob has heard");
    for (const session of [alice!, bob!]) {
      assert.throws(() => session.compute({ id: "c", program: "sum" }), /broken/);
      await session.close();
    }
  });
});

test("outputs become symbols all at once, or none does", async () => {
  const failing: Record<string, () => unknown> = {
    unsendable: () => () => 1,
    throws: () => Promise.reject(new Error("broken")),
  };
  await withSession(1, failing, async (session) => {
    for (const name of Object.keys(failing)) {
      await rejection(session!.compute({ id: name, program: name }).result);
    }
    assert.equal(session!.symbols.list(), []);
  });
});

test.run();
