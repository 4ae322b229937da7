/**
 * What parties agree on before a computation runs; the trace and the log records by which it is
 * followed over all of them; and for how long it is kept.
 *
 * @module
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { v } from "../lib/deps.ts";
import type { PartyError } from "../lib/errors.ts";
import { defineProgram, type LogRecord } from "../mod.ts";
import { Driven, gate, program } from "./helpers/programs.ts";
import { assertProblem, request } from "./helpers/served.ts";
import { rejection, until } from "./helpers/waiting.ts";

const SECRET = "four-thousand-two-hundred";
const PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

const gather = program("gather", ({ communicator, rank }) => communicator.allgather(rank));

interface Differing {
  what: string;
  version?: string;
  params?: unknown;
  /** Both values, as the error shows them. */
  shown: RegExp;
}

const SAME = { column: "a", more: new Map([[1, 1], [2, 2]]) };
const DIFFERING: Differing[] = [
  { what: "another version", version: "1.0.1", shown: /"1\.0\.1".*"1\.0\.0"|"1\.0\.0".*"1\.0\.1"/ },
  { what: "other params", params: { column: "b" }, shown: /"column":"b".*"a"|"a".*"column":"b"/ },
  { what: "no params", params: null, shown: /null.*"column":"a"|"column":"a".*null/ },
  {
    what: "entries of params in another order",
    params: { column: "a", more: new Map([[2, 2], [1, 1]]) },
    shown: /start every party with the same/,
  },
];

for (const { what, version = "1.0.0", params = SAME, shown } of DIFFERING) {
  test(`a party with ${what} ends the computation everywhere, before any data is read`, async () => {
    const runs: number[] = [];
    const programOf = (rank: number) =>
      defineProgram({
        name: "p",
        version: rank === 1 ? version : "1.0.0",
        description: "Uses data.",
        inputs: { data: v.string() },
        params: v.unknown(),
        run: ({ rank }) => {
          runs.push(rank);
          return Promise.resolve({});
        },
      });
    await Driven.run(3, (rank) => ({ programs: [programOf(rank), gather] }), async (driven) => {
      const { sessions } = driven;
      for (const { symbols } of sessions) await symbols.put("data", SECRET);
      for (let round = 0; round < 5; round++) {
        const computations = sessions.map((session, rank) =>
          session.compute({
            id: `c${round}`,
            program: "p",
            params: rank === 1 ? params : SAME,
          })
        );
        for (const { result } of computations) {
          const { code, message } = await rejection(result) as PartyError;
          assert.is(code, "AGREEMENT_MISMATCH");
          assert.match(message, shown);
          assert.not.match(message, SECRET);
        }
        assert.equal(computations.map(({ state }) => state), ["failed", "failed", "failed"]);
        assert.equal(computations.map(({ startedAt }) => startedAt), Array(3).fill(undefined));
      }
      assert.equal(runs, []);
      assert.equal(sessions.map(({ state }) => state), ["open", "open", "open"]);
      const answers = await driven.postAll({ computation_id: "next", program: "gather" });
      assert.equal(answers.map(({ status }) => status), [200, 200, 200]);
      await until(() => driven.unreadBytes() === 0, "nothing is unread");
    });
  });
}

const traceIdOf = (traceparent: string) => traceparent.split("-")[1];

test("a trace that the driver gives is that of the computation at all parties", async () => {
  await Driven.run(3, { programs: [gather] }, async (driven) => {
    const body = { computation_id: "c", program: "gather" };
    await driven.postAll(body, { traceparent: PARENT });
    const traces = (await driven.views("c")).map(({ traceparent }) => traceparent);
    assert.equal(traces.map(traceIdOf), Array(3).fill(traceIdOf(PARENT)));
    assert.is(new Set([PARENT, ...traces]).size, 4, "each is a step of its own");
  });
});

for (
  const [what, headers] of [
    ["no trace", {}],
    ["a trace that is none", { traceparent: PARENT.replace("4bf9", "4BF9") }],
    ["a trace of zeros", { traceparent: `00-${"0".repeat(32)}-00f067aa0ba902b7-01` }],
    ["a trace of another version", { traceparent: PARENT.replace(/^00/, "ff") }],
  ] as [string, Record<string, string>][]
) {
  test(`with ${what} from the driver, that of rank 0 becomes that of all`, async () => {
    await Driven.run(3, { programs: [gather] }, async (driven) => {
      const body = { computation_id: "c", program: "gather" };
      const early = await driven.post(0, body, { ...headers, prefer: "respond-async" });
      await Promise.all([1, 2].map((rank) => driven.post(rank, body, headers)));
      await driven.untilState("c", "completed");
      const traces = (await driven.views("c")).map(({ traceparent }) => traceparent);
      assert.is(traces[0], JSON.parse(early.text).traceparent);
      assert.equal(traces.map(traceIdOf), Array(3).fill(traceIdOf(traces[0]!)));
      assert.is.not(traceIdOf(traces[0]!), traceIdOf(PARENT));
      assert.is(new Set(traces).size, 3);
    });
  });
}

test("log records say whom they are about, and show no data", async () => {
  const logs: LogRecord[][] = [[], [], []];
  const talks = program("talks", async ({ communicator, log, params }) => {
    log.debug("looking around", { at: 1 });
    await communicator.allgather(SECRET);
    if (params === "fails" && communicator.rank === 1) throw new Error("broken");
    await communicator.barrier();
  });
  const options = (rank: number) => ({
    programs: [talks],
    log: (record: LogRecord) => void logs[rank]!.push(record),
  });
  await Driven.run(3, options, async (driven) => {
    for (const { symbols } of driven.sessions) await symbols.put("data", SECRET);
    for (const id of ["good", "fails"]) {
      await driven.postAll({ computation_id: id, program: "talks", params: id });
    }
    for (const [rank, records] of logs.entries()) {
      for (const id of ["good", "fails"]) {
        const own = records.filter(({ computation }) => computation === id);
        const end = id === "good" ? ["info", "completed"] : ["warn", "failed"];
        assert.equal(own.map(({ level, message }) => [level, message]), [
          ["info", "Computation pending"],
          ["info", "Computation running"],
          ["debug", "looking around"],
          [end[0], `Computation ${end[1]}`],
        ]);
        for (const record of own) {
          assert.equal([record.session, record.rank], ["s", rank]);
          assert.is(new Date(record.time).toISOString(), record.time);
        }
        const { traceparent } = await driven.view(rank, id);
        assert.equal(
          own.slice(1).map((record) => record.traceparent),
          Array(3).fill(traceparent),
        );
        const { error } = own.at(-1)!;
        const code = id === "good" ? undefined : rank === 1 ? "INTERNAL" : "PEER_ABORTED";
        assert.is((error as PartyError | undefined)?.code, code);
      }
      assert.equal(records.filter(({ level }) => level === "error"), []);
      assert.not.match(JSON.stringify(records), SECRET);
    }
  });
});

test("of computations that have ended the last ones are kept", async () => {
  const { opened, open } = gate();
  const programs = [gather, program("waits", () => opened)];
  await Driven.run(1, { programs, maxEndedComputations: 2 }, async (driven) => {
    const [session] = driven.sessions;
    const waiting = session!.compute({ id: "waits", program: "waits" });
    await until(() => waiting.state === "running", "it runs");
    for (let at = 0; at < 5; at++) {
      const { result } = session!.compute({ id: `c${at}`, program: "gather", outputs: [`r${at}`] });
      await result;
    }
    const ids = () => session!.computations.map(({ id }) => id);
    assert.equal(ids(), ["waits", "c3", "c4"]);
    assertProblem(await request(driven.url(0, "/c2")), 404, "UNKNOWN_COMPUTATION");
    open();
    await waiting.result;
    assert.equal(ids(), ["waits", "c4"], "the last that ended, not those that began last");
    await session!.compute({ id: "c0", program: "gather", outputs: ["again"] }).result;
    assert.equal(ids(), ["waits", "c0"], "an id is free again");
  });
});

test("computations that ended long ago are not kept", async () => {
  const { opened, open } = gate();
  const programs = [gather, program("waits", () => opened)];
  await Driven.run(1, { programs, maxEndedAgeMs: 100 }, async ({ sessions: [session] }) => {
    const waiting = session!.compute({ id: "waits", program: "waits" });
    await session!.compute({ id: "ended", program: "gather" }).result;
    await until(() => session!.computations.length === 1, "the one that has ended is gone");
    assert.equal(session!.computations, [waiting]);
    open();
    await waiting.result;
    await until(() => session!.computations.length === 0, "the other one, too");
  });
});

test.run();
