import { test } from "uvu";
import * as assert from "uvu/assert";
import { type ComputationView, defineProgram, Driver, type RunProgress } from "../mod.ts";
import { DRIVEN_PROGRAMS, withDriver } from "./helpers/driven.ts";
import { moment, partyError, rejection, until } from "./helpers/waiting.ts";

/** What an analyst does, from the first line to the last. */
test("a job over three parties: values in, a program, its result out", async () => {
  await withDriver(3, async (driver, { parties }) => {
    const session = await driver.session("job");
    assert.equal(parties.map((party) => party.session("job").rank), [0, 1, 2]);
    for (let rank = 0; rank < 3; rank++) {
      await session.put(rank, "own", [rank + 0.25, 10 ** rank], { kind: "größe" });
    }
    const views = await session.run("sum", { inputs: { values: "own" }, outputs: ["grand.total"] });
    assert.equal(views.map(({ state }) => state), ["completed", "completed", "completed"]);
    const [{ id, program, version, inputs, outputs, traceparent, endedAt, traffic }] = views as [
      ComputationView,
    ];
    assert.match(id, /^run-[0-9a-f]{16}$/);
    assert.equal({ program, version, inputs, outputs }, {
      program: "sum",
      version: "1.0.0",
      inputs: { values: "own" },
      outputs: { total: "grand.total" },
    });
    const traces = new Set(views.map((view) => view.traceparent.slice(0, 35)));
    assert.equal([...traces], [traceparent.slice(0, 35)]);
    assert.ok(endedAt instanceof Date && traffic[1]!.bytesSent > 0);
    for (let rank = 0; rank < 3; rank++) {
      assert.equal(await session.get(rank, "grand.total"), [3.75, 111]);
    }
    const [own] = await session.symbols(1);
    assert.equal([own!.name, own!.mptype, own!.private], ["own", { kind: "größe" }, false]);
    await session.delete(1, "own");
    await partyError(session.get(1, "own"), "UNKNOWN_SYMBOL");
    assert.equal((await session.computations()).map((list) => list.map((one) => one.id)), [
      [id],
      [id],
      [id],
    ]);
    const described = await session.describe();
    assert.equal(described.map(({ rank, worldSize }) => [rank, worldSize]), [[0, 3], [1, 3], [
      2,
      3,
    ]]);
    assert.equal(described[1]!.peers.map((peer) => peer.rank), [0, 2]);
    await session.close();
    assert.equal(parties.map((party) => party.sessions()), [[], [], []]);
    await session.close(); // again is no error
  });
});

test("a session without a name has one of its own", async () => {
  await withDriver(2, async (driver, { parties }) => {
    const sessions = await Promise.all([driver.session(), driver.session()]);
    assert.equal(
      parties.map((party) => party.sessions().map(({ name }) => name).sort()),
      Array(2).fill(sessions.map(({ name }) => name).sort()),
    );
    assert.is.not(sessions[0]!.name, sessions[1]!.name);
  });
});

test("await using closes the session at all parties", async () => {
  await withDriver(2, async (driver, { parties }) => {
    {
      await using session = await driver.session();
      assert.is(session.worldSize, 2);
    }
    assert.equal(parties.map((party) => party.sessions()), [[], []]);
  });
});

test("typed arrays of a megabyte go in, through a program and out again", async () => {
  await withDriver(2, async (driver) => {
    const session = await driver.session();
    const own = Float64Array.from({ length: 131_072 }, (_, at) => at / 7);
    await session.put(0, "own", own);
    await session.put(1, "own", own);
    await session.run("add");
    for (let rank = 0; rank < 2; rank++) {
      const sum = await session.get(rank, "sum");
      assert.ok(sum instanceof Float64Array);
      assert.is(sum.length, own.length);
      assert.ok(sum.every((value, at) => value === 2 * own[at]!));
    }
  });
});

test("values that JSON lacks arrive as they are, as symbols and as params", async () => {
  await withDriver(2, async (driver) => {
    const session = await driver.session();
    const value = {
      big: -(2n ** 80n),
      list: [NaN, -0, undefined, new Date(5)],
      map: new Map([["a", new Set([1n])]]),
      bytes: Uint8Array.of(1, 2, 3),
    };
    await session.put(0, "value", value);
    assert.equal(await session.get(0, "value"), value);
    const [view] = await session.run("echo", { params: value });
    assert.equal(view!.params, value);
    assert.equal(await session.get(1, "result"), value);
  });
});

test("the progress of all ranks is told, in order", async () => {
  await withDriver(3, async (driver) => {
    const session = await driver.session();
    const heard: RunProgress[] = [];
    const views = await session.run("steps", { onProgress: (progress) => heard.push(progress) });
    for (let rank = 0; rank < 3; rank++) {
      const own = heard.filter((progress) => progress.rank === rank);
      const fractions = own.map(({ fraction }) => fraction);
      assert.equal(fractions, fractions.toSorted((a, b) => a - b));
      const notes = own.map(({ note }) => note);
      for (let step = 1; step <= 4; step++) {
        assert.ok(notes.includes(`step ${step} of rank ${rank}`), `${rank}: ${notes}`);
      }
      assert.is(own.at(-1)!.state, "completed");
      assert.equal(own.at(-1)!.view, views[rank]);
    }
  });
});

test("a run takes one request to each party", async () => {
  const requests: string[] = [];
  const counting: typeof fetch = (input, init) => {
    requests.push((input as Request).url);
    return fetch(input, init);
  };
  await withDriver(3, async (driver, { endpoints }) => {
    const session = await driver.session("s");
    requests.length = 0;
    await session.run("echo");
    assert.equal(requests.sort(), endpoints.map((url) => `${url}/sessions/s/computations`).sort());
  }, { fetch: counting });
});

test("runs in one session go on beside each other", async () => {
  await withDriver(2, async (driver) => {
    const session = await driver.session();
    await Promise.all(Array.from({ length: 10 }, async (_, at) => {
      await session.run("echo", { params: at, outputs: { result: `result-${at}` } });
      assert.is(await session.get(at % 2, `result-${at}`), at);
    }));
  });
});

test("the same id with the same request is the same run, with another a conflict", async () => {
  await withDriver(2, async (driver) => {
    const session = await driver.session();
    const run = () => session.run("echo", { id: "once", params: 1 });
    const [first, second] = await Promise.all([run(), run()]);
    assert.equal(first!.map((one) => one.createdAt), second!.map((one) => one.createdAt));
    const idle = session.run("idle", { id: "idle", outputs: ["idle"] }).catch((error) => error);
    await untilTold(async () => (await session.computations())[0]!.length === 2);
    const error = await partyError(session.run("idle", { id: "idle", params: 2 }), "CONFLICT");
    assert.match(error.message, /^Computation idle \(idle\) has ended early: Rank \d at http/);
    await moment(100);
    const states = (await session.computations()).map((list) => list.at(-1)!.state);
    assert.equal(states, ["running", "running"]); // the one that was there goes on
    await session.cancel("idle");
    assert.is((await idle).code, "CANCELLED");
  });
});

test("programs are those that all parties run, with their versions", async () => {
  const options = (rank: number) => ({
    programs: rank === 1
      ? DRIVEN_PROGRAMS.filter(({ name }) => name !== "steps").map((program) =>
        program.name === "echo" ? defineProgram({ ...program, version: "2.0.0" } as never) : program
      )
      : DRIVEN_PROGRAMS,
  });
  await withDriver(
    2,
    async (driver) => {
      const programs = await driver.programs();
      const named = (wanted: string) => programs.find(({ name }) => name === wanted);
      assert.is(named("steps"), undefined);
      assert.is(named("echo")!.agrees, false);
      assert.equal(named("echo")!.versions, ["1.0.0", "2.0.0"]);
      const sum = named("sum")!;
      assert.equal([sum.agrees, sum.versions], [true, ["1.0.0", "1.0.0"]]);
      assert.equal(sum.inputs, { values: { type: "array", items: { type: "number" } } });
      const session = await driver.session();
      await partyError(session.run("echo"), "AGREEMENT_MISMATCH");
      const error = await partyError(session.run("steps"), "UNKNOWN_PROGRAM");
      assert.is(error.rank, 1);
    },
    {},
    options,
  );
});

test("the status of each party comes with its latency, or with why there is none", async () => {
  await withDriver(1, async (alive, { endpoints, parties }) => {
    const session = await alive.session("seen");
    await session.run("echo");
    const driver = new Driver([endpoints[0]!, "http://127.0.0.1:2"]);
    const [up, down] = await driver.status();
    assert.is(up!.error, undefined);
    const { status, latencyMs } = up!;
    assert.ok(latencyMs! > 0);
    assert.equal(status!.sessions.map(({ name }) => name), ["seen"]);
    assert.is(status!.computations.completed, 1);
    assert.equal(status!.programs.length, parties[0]!.programs().length);
    assert.ok(status!.ready && status!.startedAt <= status!.time);
    assert.is(down!.status, undefined);
    assert.is(down!.error!.code, "NETWORK");
    assert.match(down!.error!.message, /^Rank 1 at http:\/\/127\.0\.0\.1:2 cannot be reached/);
  });
});

test("a session that was closed does nothing more, and cancels what ran in it", async () => {
  await withDriver(2, async (driver) => {
    const session = await driver.session();
    let running = 0;
    const run = session.run("idle", {
      onProgress: ({ state }) => running += Number(state === "running"),
    }).catch((error) => error);
    await until(() => running > 0, "it runs");
    await session.close();
    assert.is((await run).code, "SESSION_CLOSED");
    for (
      const use of [
        () => session.run("echo"),
        () => session.put(0, "a", 1),
        () => session.get(0, "a"),
        () => session.symbols(0),
        () => session.cancel("a"),
        () => session.describe(),
        () => session.computations(),
      ]
    ) await partyError(use(), "SESSION_CLOSED");
  });
});

test("a driver attaches to a session that all parties have", async () => {
  await withDriver(2, async (driver, { endpoints }) => {
    await partyError(driver.attach("later"), "UNKNOWN_SESSION");
    const session = await driver.session("later");
    await session.put(1, "value", 5n);
    const other = await new Driver(endpoints).attach("later");
    assert.is(await other.get(1, "value"), 5n);
    const swapped = new Driver(endpoints.toReversed());
    await partyError(swapped.attach("later"), "CONFLICT");
    await other.close();
    await partyError(session.get(1, "value"), "UNKNOWN_SESSION");
  });
});

test("a caller's own mistake is told before anything is sent", async () => {
  assert.throws(() => new Driver([]), TypeError);
  for (const url of ["ftp://a.test", "http://u:p@a.test", "http://a.test/?q", "a.test", ""]) {
    assert.throws(() => new Driver([url]), /as the URL of a party: give its http/);
  }
  assert.throws(() => new Driver(["http://a.test", "http://a.test/"]), /as two parties/);
  assert.throws(() => new Driver(["http://a.test"], { timeoutMs: 0 }), RangeError);
  assert.throws(() => new Driver(["http://a.test"], { awayMs: NaN }), RangeError);
  const requests: string[] = [];
  await withDriver(1, async (driver) => {
    await partyError(driver.session("a/b"), "INVALID_REQUEST");
    const session = await driver.session();
    const before = requests.length;
    assert.ok(await rejection(session.put(1, "a", 1)) instanceof RangeError);
    await partyError(session.put(0, "../../sessions", 1), "INVALID_REQUEST");
    await partyError(session.get(0, ".."), "INVALID_REQUEST");
    await partyError(session.put(0, "a", () => 1), "SERIALIZATION");
    await partyError(session.run("echo", { params: () => 1 }), "SERIALIZATION");
    await partyError(session.run("echo", { id: "a/b" }), "INVALID_REQUEST");
    assert.is(requests.length, before);
  }, {
    fetch: (input, init) => {
      requests.push((input as Request).url);
      return fetch(input, init);
    },
  });
});

/** Resolves once what a request tells holds. */
async function untilTold(condition: () => Promise<boolean>): Promise<void> {
  while (!await condition()) await moment(5);
}

test.run();
