/**
 * A driver over parties in processes of their own: many computations at once, and what is left of
 * those that end before their time.
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { Driver, type DriverError, type DriverSession, PartyClient } from "../mod.ts";
import { type Remote, startRemotes } from "./helpers/remote.ts";
import { later, moment, partyError, rejection, until } from "./helpers/waiting.ts";

const SIZE = 3;
const RUNS = 20;

/** Runs a test with a driver of parties in processes of their own, and ends them. */
async function withDriver(
  body: (driver: Driver, remotes: Remote[]) => Promise<void>,
): Promise<void> {
  const remotes = await startRemotes(SIZE);
  try {
    await body(new Driver(remotes.map(({ url }) => url)), remotes);
  } finally {
    await Promise.all(remotes.map((remote) => remote.kill()));
  }
}

/** Runs `sum` on values of its own, and checks its result at each party. */
async function sumUp(session: DriverSession, at: number): Promise<void> {
  const [input, output] = [`values-${at}`, `total-${at}`];
  const valuesOf = (rank: number) => [at, rank, at * rank + 0.5];
  const ranks = [...Array(SIZE).keys()];
  await Promise.all(ranks.map((rank) => session.put(rank, input, valuesOf(rank))));
  const views = await session.run("sum", { inputs: [input], outputs: [output], id: `sum-${at}` });
  assert.equal(views.map(({ state }) => state), Array(SIZE).fill("completed"));
  const expected = [0, 1, 2].map((place) =>
    ranks.reduce((sum, rank) => sum + valuesOf(rank)[place]!, 0)
  );
  for (const rank of ranks) {
    assert.equal(await session.get(rank, output), expected, `${at} at rank ${rank}`);
  }
}

/** Nothing waits and nothing is unread in a session, at these ranks. */
async function assertQuiet(remotes: Remote[], session: string): Promise<void> {
  for (const remote of remotes) {
    for (const { pending, unread } of await remote.ask("describe", { session })) {
      assert.equal([pending, unread], [[], { messages: 0, bytes: 0 }]);
    }
  }
}

/** The timers that keep a process from ending; none where the runtime does not tell. */
async function timersOf(remote: Remote): Promise<number> {
  return (await remote.ask("resources")).filter((kind) => kind === "Timeout").length;
}

for (const count of [1, 4]) {
  test(`${RUNS} computations at once, in ${count} sessions, each have their own result`, async () => {
    await withDriver(async (driver, remotes) => {
      const sessions = await Promise.all(Array.from({ length: count }, () => driver.session()));
      await Promise.all(
        Array.from(
          { length: RUNS },
          (_, at) => sumUp(sessions[at % count]!, Math.floor(at / count)),
        ),
      );
      for (const { name } of sessions) await assertQuiet(remotes, name);
    });
  });
}

test("a party that is killed is named soon, and leaves nothing behind at the others", async () => {
  await withDriver(async (driver, remotes) => {
    const rest = remotes.slice(1);
    const memoryOf = () => Promise.all(rest.map((remote) => remote.ask("heldMemory")));
    const timersOfAll = () => Promise.all(rest.map(timersOf));
    const warm = await driver.session();
    await sumUp(warm, 0);
    await warm.close();
    const [memory, timers] = [await memoryOf(), await timersOfAll()];

    const bytes = 16 * 1024 * 1024;
    const session = await driver.session("s");
    const others = await driver.session("unharmed");
    const running = new Set<number>();
    const run = session.run("fills", {
      params: { missing: 0, bytes },
      onProgress: ({ rank, state }) => void (state === "running" && running.add(rank)),
    });
    later(run);
    await until(() => running.size === SIZE, "all run");
    const isFull = async () =>
      (await rest[0]!.ask("describe", { session: "s" })).every(({ pending, unread }) =>
        unread.bytes >= bytes && (pending.length > 0 || unread.messages > 0)
      );
    while (!await isFull()) await moment(20);
    const full = await memoryOf();
    assert.ok(full.every((held, at) => held - memory[at]! > 2 * bytes), `${memory} to ${full}`);

    const killedAt = performance.now();
    await remotes[0]!.kill();
    const error = await partyError<DriverError>(run, "PEER_UNREACHABLE");
    const elapsedMs = performance.now() - killedAt;
    assert.ok(elapsedMs < 5_000, `${elapsedMs} ms`);
    assert.equal([error.rank, error.url], [0, driver.endpoints[0]]);
    await assertQuiet(rest, "s");
    for (const one of [session, others]) {
      await partyError(one.close(), "NETWORK"); // as rank 0 is gone
    }
    for (const [at, remote] of rest.entries()) {
      const client = new PartyClient(remote.url);
      assert.equal(await client.sessions(), []);
      const { computations } = await client.status();
      assert.equal([computations.pending, computations.running], [0, 0]);
      const held = (await remote.ask("heldMemory")) - memory[at]!;
      assert.ok(held < bytes / 4, `${held} bytes are held`);
      assert.ok(await timersOf(remote) <= timers[at]!, "no timer goes on");
      await remote.ask("closeServer");
      assert.is(await remote.end(), 0, "it ends by itself");
    }
  });
});

test("a driver that cancels stops its runs at all parties at once", async () => {
  await withDriver(async (driver, remotes) => {
    const session = await driver.session("s");
    const abort = new AbortController();
    const running = new Set<number>();
    const runs = Array.from({ length: 5 }, (_, at) =>
      session.run("idle", {
        id: `idle-${at}`,
        signal: abort.signal,
        onProgress: ({ rank, note }) => void (note !== "" && running.add(at * SIZE + rank)),
      }));
    later(...runs);
    await until(() => running.size === runs.length * SIZE, "all run");
    const cancelledAt = Date.now();
    const reason = new Error("lunch");
    abort.abort(reason);
    for (const run of runs) assert.is(await rejection(run), reason);
    for (const view of (await session.computations()).flat()) {
      assert.is(view.state, "cancelled");
      const elapsedMs = Number(view.endedAt) - cancelledAt;
      // 50 to 100 ms where nothing else runs; what a busy machine adds is no fault.
      assert.ok(elapsedMs < 2_000, `${elapsedMs} ms`);
    }
    await assertQuiet(remotes, "s");
    await sumUp(session, 1); // the session goes on
  });
});

test("parties with another version do not begin", async () => {
  const remotes = await startRemotes(SIZE - 1);
  const [other] = await startRemotes(1, {}, "9.9.9");
  try {
    const all = [...remotes, other!];
    const session = await new Driver(all.map(({ url }) => url)).session("s");
    const error = await partyError<DriverError>(session.run("echo"), "AGREEMENT_MISMATCH");
    assert.match(error.message, "9.9.9");
    for (const [view] of await session.computations()) {
      assert.equal([view!.state, view!.startedAt], ["failed", undefined]);
    }
    await assertQuiet(all, "s");
  } finally {
    await Promise.all([...remotes, other!].map((remote) => remote.kill()));
  }
});

test("parties that are asked for different params do not begin", async () => {
  await withDriver(async (driver, remotes) => {
    const session = await driver.session("s");
    const clients = remotes.map(({ url }) => new PartyClient(url));
    const request = { id: "c", program: "echo" };
    await Promise.all(
      clients.map((client, rank) =>
        client.startComputation("s", { ...request, params: Math.min(rank, 1) })
      ),
    );
    for (const client of clients) {
      let last;
      for await (const view of client.followComputation("s", "c")) last = view;
      assert.equal([last!.state, last!.startedAt], ["failed", undefined]);
      assert.is(last!.error!.code, "AGREEMENT_MISMATCH");
    }
    await assertQuiet(remotes, "s");
    await sumUp(session, 1);
  });
});

test.run();
