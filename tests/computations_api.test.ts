/**
 * Computations over HTTP: started, awaited, read and cancelled by a driver of three parties.
 *
 * @module
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { v } from "../lib/deps.ts";
import { PartyError } from "../lib/errors.ts";
import { defineProgram, type ProgramContext } from "../mod.ts";
import { Driven, gate, program, type View } from "./helpers/programs.ts";
import { assertProblem, request } from "./helpers/served.ts";

/** A value that must not turn up anywhere. */
const SECRET = "four-thousand-two-hundred";

const total = defineProgram({
  name: "total",
  version: "2.1.0",
  description: "The sum of all parties' numbers, and how many they are.",
  inputs: { number: v.number() },
  outputs: { total: v.number(), count: v.number() },
  params: v.optional(v.strictObject({ scale: v.number() })),
  async run({ communicator, inputs, params, worldSize }) {
    const sum = await communicator.allreduce(inputs.number, (a, b) => a + b);
    return { total: sum * (params?.scale ?? 1), count: worldSize };
  },
});
const waits = program(
  "waits",
  ({ communicator, rank, worldSize }) => communicator.recv((rank + 1) % worldSize, "never"),
);
const echo = program("echo", async ({ communicator, params }) => {
  const all = await communicator.allgather(params);
  return all.every((one) => one === params) ? params : "mixed up";
});
const programs = [total, waits, echo];

/** Three parties, each with its own number as the symbol `number`. */
function withNumbers(body: (driven: Driven) => Promise<void>): Promise<void> {
  return Driven.run(3, { programs }, async (driven) => {
    await Promise.all(driven.sessions.map(({ symbols, rank }) => symbols.put("number", 10 + rank)));
    await body(driven);
  });
}

test("a computation is waited for, and answered as it is once completed", async () => {
  await withNumbers(async (driven) => {
    const body = { computation_id: "t", program: "total", params: { scale: 2 } };
    const answers = await driven.postAll(body);
    for (const [rank, { status, headers, text }] of answers.entries()) {
      assert.is(status, 200, text);
      assert.match(headers.get("content-type")!, /^application\/json/);
      const { created_at, started_at, ended_at, elapsed_ms, traffic, traceparent, ...view }: View =
        JSON.parse(text);
      assert.equal(view, {
        computation_id: "t",
        program: "total",
        version: "2.1.0",
        state: "completed",
        input_names: { number: "number" },
        output_names: { total: "total", count: "count" },
        params: { scale: 2 },
        progress: null,
        error: null,
      });
      const times = [created_at, started_at!, ended_at!];
      assert.equal(times.toSorted(), times);
      for (const time of times) assert.is(new Date(time).toISOString(), time);
      assert.is(elapsed_ms, Date.parse(ended_at!) - Date.parse(created_at));
      assert.match(traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
      assert.equal(traffic.map((one) => one.rank), [0, 1, 2]);
      const { symbols } = driven.sessions[rank]!;
      assert.equal([symbols.get("total").value, symbols.get("count").value], [66, 3]);
    }
  });
});

test("the traffic of a computation is its own, and what one sent the other has received", async () => {
  await withNumbers(async (driven) => {
    await driven.sessions[0]!.communicator.send(1, "besides", "x".repeat(1_000));
    await driven.postAll({ computation_id: "first", program: "echo", output_names: ["a"] });
    const late = driven.post(0, { computation_id: "late", program: "echo", output_names: ["b"] });
    await driven.untilState("late", "pending", [0]);
    while (driven.sessions[1]!.describe()[0]!.unread.messages < 2) await driven.view(1, "first");
    await Promise.all([
      late,
      ...[1, 2].map((rank) =>
        driven.post(rank, { computation_id: "late", program: "echo", output_names: ["b"] })
      ),
    ]);
    for (const id of ["first", "late"]) {
      const traffic = (await driven.views(id)).map((view) => view.traffic);
      for (const from of [0, 1, 2]) {
        for (const to of [0, 1, 2]) {
          const [sent, got] = [traffic[from]![to]!, traffic[to]![from]!];
          assert.is(sent.messages_sent, from === to ? 0 : 2, `${id}: ${from} to ${to}`);
          assert.is(got.messages_received, sent.messages_sent, `${id}: ${from} to ${to}`);
          assert.is(got.bytes_received, sent.bytes_sent);
          assert.ok(sent.bytes_sent < 500, "what is sent besides does not count");
        }
      }
    }
  });
});

for (const prefer of ["respond-async", "wait=9, Respond-Async; x=1"]) {
  test(`with \`Prefer: ${prefer}\` a computation is not waited for`, async () => {
    await withNumbers(async (driven) => {
      const body = { computation_id: "t", program: "total" };
      const answer = await driven.post(0, body, { prefer });
      assert.is(answer.status, 202);
      assert.is(answer.headers.get("preference-applied"), "respond-async");
      assert.is(answer.headers.get("location"), "/sessions/s/computations/t");
      assert.is(JSON.parse(answer.text).state, "pending");
      await Promise.all([1, 2].map((rank) => driven.post(rank, body)));
      await driven.untilState("t", "completed");
      const url = new URL(answer.headers.get("location")!, driven.url(0));
      assert.is(JSON.parse((await request(url.href)).text).state, "completed");
      assert.is((await driven.post(0, body, { prefer: "return=minimal" })).status, 200);
    });
  });
}

test("the same request is the same computation, and another under its id is a conflict", async () => {
  let runs = 0;
  const { opened, open } = gate();
  const counts = program("counts", async () => {
    runs++;
    await opened;
  });
  await Driven.run(3, { programs: [counts, echo] }, async (driven) => {
    const body = { computation_id: "c", program: "counts", params: { a: [1, { b: null }] } };
    const answers = [driven.postAll(body), driven.postAll(body)];
    await driven.untilState("c", "running");
    answers.push(driven.postAll({ ...body, output_names: { result: "result" } }));
    const others = [
      { ...body, program: "echo" },
      { ...body, params: { a: [1] } },
      { ...body, output_names: ["other"] },
    ];
    const refused = await Promise.all(others.map((other) => driven.post(1, other)));
    open();
    for (const { status } of (await Promise.all(answers)).flat()) assert.is(status, 200);
    refused.push(await driven.post(1, others[0]!)); // once it has ended, too
    for (const answer of refused) {
      const { detail } = assertProblem(answer, 409, "CONFLICT");
      assert.match(detail, /computation c .*program counts/);
    }
    assert.is(runs, 3);
    assert.is(driven.sessions[0]!.computations.length, 1);
  });
});

/** As text: what has to become of it is not to fail here. */
const DEEP = "[".repeat(100_000) + "]".repeat(100_000);

const REFUSED: [what: string, body: Record<string, unknown>, status: number, code: string][] = [
  ["an unknown program", { program: "nothing" }, 404, "UNKNOWN_PROGRAM"],
  ["params that the program refuses", { params: { scale: "2" } }, 400, "INVALID_REQUEST"],
  ["params that are unknown", { params: { scale: 2, more: 1 } }, 400, "INVALID_REQUEST"],
  ["a symbol that is missing", { input_names: ["none"] }, 404, "UNKNOWN_SYMBOL"],
  ["an input that the program lacks", { input_names: { row: "x" } }, 400, "INVALID_REQUEST"],
  ["too many inputs", { input_names: ["number", "number"] }, 400, "INVALID_REQUEST"],
  ["an output that the program lacks", { output_names: { sum: "x" } }, 400, "INVALID_REQUEST"],
  ["one symbol for two outputs", { output_names: ["x", "x"] }, 400, "INVALID_REQUEST"],
  ["one symbol for two outputs by name", { output_names: ["count"] }, 400, "INVALID_REQUEST"],
  ["an output that is there already", { output_names: ["number"] }, 409, "CONFLICT"],
  ["an input of another type", { input_names: ["text"] }, 400, "INVALID_REQUEST"],
  ["names that are none", { input_names: ["a b"] }, 400, "INVALID_REQUEST"],
  ["names of another kind", { input_names: "number" }, 400, "INVALID_REQUEST"],
  ["an id that is no name", { computation_id: "a/b" }, 400, "INVALID_REQUEST"],
  ["a field that is unknown", { inputs: [] }, 400, "INVALID_REQUEST"],
  ["no program", { program: undefined }, 400, "INVALID_REQUEST"],
  ["params nested too deep", { params: DEEP }, 400, "SERIALIZATION"],
  ["params that are no value", { params: { $partyline: "odd" } }, 400, "SERIALIZATION"],
];

for (const [what, body, status, code] of REFUSED) {
  test(`${what} is refused, and the answer shows nothing of any value`, async () => {
    await withNumbers(async (driven) => {
      await driven.sessions[0]!.symbols.put("text", SECRET);
      const json = JSON.stringify({ computation_id: "t", program: "total", ...body });
      const answer = await request(driven.url(0), {
        method: "POST",
        body: json.replace(`"${DEEP}"`, DEEP),
        headers: { "content-type": "application/json" },
      });
      assertProblem(answer, status, code);
      assert.not.match(answer.text, SECRET);
      for (const url of [driven.url(0), driven.url(0, "/t")]) {
        assert.not.match((await request(url)).text, SECRET);
      }
      assert.is(driven.sessions[0]!.state, "open");
      const next = await driven.postAll({ computation_id: "next", program: "total" });
      assert.equal(next.map((one) => one.status), [200, 200, 200]);
    });
  });
}

test("computations are listed and read; what is not there is 404", async () => {
  await withNumbers(async (driven) => {
    assert.equal(JSON.parse((await request(driven.url(0))).text), { computations: [] });
    await driven.postAll({ computation_id: "one", program: "total" });
    await driven.startAll({ computation_id: "two", program: "waits" });
    await driven.untilState("two", "running");
    const { computations } = JSON.parse((await request(driven.url(0))).text);
    assert.equal(
      computations.map((view: View) => [view.computation_id, view.state]),
      [["one", "completed"], ["two", "running"]],
    );
    const { params, ...listed } = await driven.view(0, "one");
    assert.equal([listed, params], [computations[0], null]);
    for (const method of ["GET", "DELETE"]) {
      for (const path of ["/none", "/__proto__"]) {
        assertProblem(
          await request(driven.url(0, path), { method }),
          404,
          "UNKNOWN_COMPUTATION",
        );
      }
    }
    assertProblem(await request(driven.url(0, "/none/events")), 404, "UNKNOWN_COMPUTATION");
    const elsewhere = driven.url(0).replace("/s/", "/other/");
    assertProblem(await request(elsewhere), 404, "UNKNOWN_SESSION");
    const body = { computation_id: "one", program: "total" };
    assertProblem(await request(elsewhere, { method: "POST", body }), 404, "UNKNOWN_SESSION");
  });
});

test("DELETE cancels a computation here and at the others, whose session goes on", async () => {
  await withNumbers(async (driven) => {
    const body = { computation_id: "c", program: "waits" };
    const waiting = driven.postAll(body);
    await driven.untilState("c", "running");
    const cancelled = await request(driven.url(1, "/c"), { method: "DELETE" });
    assert.equal([cancelled.status, cancelled.text], [204, ""]);
    assert.is((await driven.view(1, "c")).state, "cancelled");
    await driven.untilState("c", "cancelled");
    const [alice, bob, carol] = await waiting;
    assertProblem(bob!, 409, "CANCELLED");
    for (const told of [alice!, carol!]) {
      const { peer_rank, peer_code } = assertProblem(told, 409, "PEER_ABORTED");
      assert.equal([peer_rank, peer_code], [1, "CANCELLED"]);
    }
    assert.equal(driven.sessions.map(({ state }) => state), ["open", "open", "open"]);
    assert.is((await request(driven.url(1, "/c"), { method: "DELETE" })).status, 204);
    const next = await driven.postAll({ computation_id: "next", program: "total" });
    assert.equal(next.map(({ status }) => status), [200, 200, 200]);
  });
});

const FAILURES: [what: string, error: unknown, status: number, code: string, told: RegExp][] = [
  ["of its own", new Error(SECRET), 500, "INTERNAL", /^its program failed; what it threw is known/],
  [
    "that others may know",
    new PartyError("CONFLICT", "other years"),
    409,
    "CONFLICT",
    /^other years$/,
  ],
];

for (const [what, error, status, code, told] of FAILURES) {
  test(`an error ${what} fails a computation at all parties, which say who and with what`, async () => {
    const fails = program("fails", ({ rank, communicator }: ProgramContext) => {
      if (rank === 1) throw error;
      return communicator.barrier();
    });
    await Driven.run(3, { programs: [fails, echo] }, async (driven) => {
      const answers = await driven.postAll({ computation_id: "c", program: "fails" });
      assertProblem(answers[1]!, status, code);
      for (const [rank, answer] of answers.entries()) {
        const { error: shown, state } = await driven.view(rank, "c");
        assert.is(state, "failed");
        assert.not.match(answer.text + JSON.stringify(shown), SECRET);
        if (rank === 1) {
          assert.equal([shown!.code, shown!.peer_code, shown!.reason], [code, null, null]);
          continue;
        }
        const { peer_rank, peer_code, reason } = assertProblem(answer, 409, "PEER_ABORTED");
        assert.equal([peer_rank, peer_code], [1, code]);
        assert.match(reason!, told);
        assert.equal([shown!.rank, shown!.peer_code, shown!.reason], [1, code, reason]);
        assert.match(shown!.detail, /Computation c failed at rank 1/);
      }
      const next = await driven.postAll({ computation_id: "next", program: "echo", params: 1 });
      assert.equal(next.map((one) => one.status), [200, 200, 200]);
    });
  });
}

test("20 computations at once in one session each have their own result", async () => {
  await withNumbers(async (driven) => {
    const ids = Array.from({ length: 20 }, (_, at) => `c${at}`);
    const answers = await Promise.all(
      ids.map((id, at) =>
        driven.postAll({
          computation_id: id,
          program: "echo",
          params: at,
          output_names: [`r${at}`],
        })
      ),
    );
    for (const { status, text } of answers.flat()) assert.is(status, 200, text);
    for (const { symbols } of driven.sessions) {
      assert.equal(ids.map((_, at) => symbols.get(`r${at}`).value), [...ids.keys()]);
    }
    assert.is(driven.unreadBytes(), 0);
  });
});

test.run();
