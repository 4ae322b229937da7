import { test } from "uvu";
import * as assert from "uvu/assert";
import { PartyError, type PeerAbortedError } from "../lib/errors.ts";
import { createParty } from "../lib/party.ts";
import type { Computation, ComputationContext } from "../lib/resources/computation.ts";
import type { Session } from "../lib/resources/session.ts";
import { startParties } from "./helpers/parties.ts";
import { later, partyError, rejection, until } from "./helpers/waiting.ts";

const SPEC = { id: "c", program: "sum" };

/** Runs a test with a session of some parties, and ends them. */
async function withSession(
  size: number,
  body: (...sessions: Session[]) => Promise<void>,
): Promise<void> {
  const { createSession, close } = await startParties(size);
  try {
    await body(...await createSession("s"));
  } finally {
    await close();
  }
}

test("a program's result is its computation's", async () => {
  await withSession(3, async (...sessions) => {
    const computations = sessions.map((session) =>
      session.compute(
        SPEC,
        ({ communicator }) => communicator.allreduce(communicator.rank + 1, (a, b) => a + b),
      )
    );
    assert.equal(computations.map(({ state }) => state), ["running", "running", "running"]);
    assert.equal(await Promise.all(computations.map(({ result }) => result)), [6, 6, 6]);
    assert.equal(computations.map(({ state }) => state), ["completed", "completed", "completed"]);
    assert.equal(sessions[0]!.computations, [computations[0]]);
    assert.is(sessions[0]!.state, "open");
  });
});

test("computations have keys of their own, and run beside each other", async () => {
  await withSession(2, async (...sessions) => {
    const ids = ["a", "b", "sum.1", "computations"];
    const results = await Promise.all(sessions.map(async (session, rank) => {
      const started = (rank === 0 ? ids : ids.toReversed()).map((id) =>
        session.compute({ ...SPEC, id }, async ({ communicator }) => {
          await communicator.send(1 - rank, "k", `${id} of ${rank}`);
          return [await communicator.recv(1 - rank, "k"), await communicator.allgather(id)];
        })
      );
      session.communicator.spawn(ids[0]!); // meets no computation of that name
      return await Promise.all(started.map(({ result }) => result));
    }));
    const got = (rank: number) => ids.map((id) => [`${id} of ${1 - rank}`, [id, id]]);
    assert.equal(results, [got(0), got(1).toReversed()]);
  });
});

test("a computation that is started again is the same, and does not run twice", async () => {
  await withSession(1, async (session) => {
    let runs = 0;
    const run = () => Promise.resolve(++runs);
    const spec = { ...SPEC, params: { column: "mass", limit: 1n } };
    const computation = session!.compute(spec, run);
    assert.is(
      session!.compute({ ...spec, params: { column: "mass", limit: 1n } }, run),
      computation,
    );
    assert.is(await computation.result, 1);
    assert.is(session!.compute(spec, run), computation, "also once it has ended");
    assert.is(runs, 1);
    for (
      const other of [{ program: "mean" }, { params: { column: "mass" } }, { params: undefined }]
    ) {
      assert.throws(
        () => session!.compute({ ...spec, ...other }, run),
        (error: unknown) =>
          error instanceof PartyError && error.code === "CONFLICT" && /sum/.test(error.message),
      );
    }
  });
});

test("a computation's id and program are names, and its params plain data", async () => {
  await using party = createParty();
  const session = await party.createSession({ name: "s", rank: 0, endpoints: ["http://a.test"] });
  const run = () => Promise.resolve();
  for (const spec of [{ ...SPEC, id: "a/b" }, { ...SPEC, program: ".." }, { id: "c" }, {}]) {
    assert.throws(
      () => session.compute(spec as typeof SPEC, run),
      (error: unknown) => error instanceof PartyError && error.code === "INVALID_REQUEST",
    );
  }
  for (let again = 0; again < 2; again++) {
    assert.throws(
      () => session.compute({ ...SPEC, params: () => 1 }, run),
      (error: unknown) => error instanceof PartyError && error.code === "SERIALIZATION",
    );
  }
  assert.equal(session.computations, []);
});

/** What is told of an error that may hold what others must not see. */
const TOLD = /^its program failed; what it threw is known to that party alone$/;

const THROWN: [name: string, run: () => Promise<unknown>, code: string, reason: RegExp][] = [
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
  test(`a program that throws ${name} fails the session, here and at the others`, async () => {
    await withSession(3, async (alice, bob, carol) => {
      const wait = ({ communicator }: ComputationContext) => communicator.recv(0, "never");
      const atBob = bob!.compute(SPEC, wait);
      const [atCarol] = later(carol!.communicator.recv(1, "from bob"));
      const failed = alice!.compute(SPEC, run);
      await rejection(failed.result);
      for (const told of [atBob.result, atCarol!]) {
        const error = await partyError<PeerAbortedError>(told, "PEER_ABORTED");
        assert.is(error.rank, 0);
        assert.is(error.peerCode, code);
        assert.match(error.reason, reason);
      }
      assert.is(failed.state, "failed");
      assert.is(atBob.state, "failed");
      assert.equal([alice, bob, carol].map((session) => session!.state), [
        "failed",
        "failed",
        "failed",
      ]);
      assert.ok(alice!.communicator.failure instanceof Error);
    });
  });
}

test("a cancelled computation rejects, hears of it, and fails the session", async () => {
  await withSession(2, async (alice, bob) => {
    const reason = new PartyError("CANCELLED", "The operator cancelled it");
    let heard: unknown;
    const run = ({ communicator, signal }: ComputationContext) => {
      signal.addEventListener("abort", () => heard = signal.reason);
      return communicator.recv(1, "never", { signal });
    };
    const computation = alice!.compute(SPEC, run);
    const [atBob] = later(bob!.communicator.recv(0, "k"));
    computation.cancel(reason);
    assert.is(computation.state, "cancelled");
    assert.is(await rejection(computation.result), reason);
    assert.is(heard, reason);
    assert.is((await partyError<PeerAbortedError>(atBob!, "PEER_ABORTED")).peerCode, "CANCELLED");
    computation.cancel(new Error("again"));
    assert.is(await rejection(computation.result), reason);
  });
});

test("a computation that waits on nobody fails with its session, and hears of it", async () => {
  await withSession(2, async (alice, bob) => {
    let heard: unknown;
    const run = ({ signal }: ComputationContext) =>
      new Promise(() => signal.addEventListener("abort", () => heard = signal.reason));
    const ended = alice!.compute({ ...SPEC, id: "ended" }, () => Promise.resolve(5));
    await ended.result;
    const computation = alice!.compute(SPEC, run);
    const [result] = later(computation.result);
    await bob!.communicator.abort(new PartyError("CONFLICT", "broken"));
    const error = await partyError<PeerAbortedError>(result!, "PEER_ABORTED");
    assert.is(error, alice!.communicator.failure);
    assert.is(heard, error);
    assert.equal([computation.state, ended.state], ["failed", "completed"]);
  });
});

test("a computation that throws ends those beside it", async () => {
  await withSession(1, async (session) => {
    const waiting = session!.compute(SPEC, () => new Promise(() => {}));
    const error = new PartyError("CONFLICT", "broken");
    session!.compute({ ...SPEC, id: "throws" }, () => Promise.reject(error));
    assert.is(await rejection(waiting.result), error);
    assert.is(waiting.state, "failed");
  });
});

test("a computation that ignores its signal is cancelled all the same", async () => {
  await withSession(1, async (session) => {
    const computation = session!.compute(SPEC, () => new Promise(() => {}));
    computation.cancel(new Error("enough"));
    assert.is((await rejection(computation.result) as Error).message, "enough");
  });
});

test("an ended computation cannot be cancelled", async () => {
  await withSession(1, async (session) => {
    const computation: Computation = session!.compute(SPEC, () => Promise.resolve(5));
    assert.is(await computation.result, 5);
    computation.cancel(new Error("too late"));
    assert.is(computation.state, "completed");
    assert.is(await computation.result, 5);
    assert.is(session!.state, "open");
  });
});

test("a session that has failed starts no computation, and stays until it is closed", async () => {
  await withSession(2, async (alice, bob) => {
    await alice!.communicator.abort(new PartyError("CONFLICT", "broken"));
    await until(() => bob!.state === "failed", "bob has heard");
    for (const session of [alice!, bob!]) {
      assert.throws(() => session.compute(SPEC, () => Promise.resolve()), /broken/);
      await session.close();
    }
  });
});

test.run();
