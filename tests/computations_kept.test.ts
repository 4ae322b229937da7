/**
 * What a session keeps of its computations, and how many it takes on.
 *
 * @module
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { v } from "../lib/deps.ts";
import { PartyError } from "../lib/errors.ts";
import { defineProgram, type PartyOptions, type Session } from "../mod.ts";
import { Held } from "./helpers/garbage.ts";
import { Driven, gate, program } from "./helpers/programs.ts";
import { assertProblem, request } from "./helpers/served.ts";
import { moment, partyError, rejection, until } from "./helpers/waiting.ts";

const gather = program("gather", ({ communicator, rank }) => communicator.allgather(rank));

/** Runs a test with one party's session. */
function withSession(
  options: PartyOptions,
  body: (session: Session, driven: Driven) => Promise<void>,
): Promise<void> {
  return Driven.run(1, options, (driven) => body(driven.sessions[0]!, driven));
}

for (const end of ["completed", "failed", "cancelled"]) {
  test(`of a ${end} computation nothing is kept that its program read or made`, async () => {
    const held = new Held();
    const input = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: (value: unknown) => ({ value: held.watch(Float64Array.from(value as number[])) }),
      },
    } as const;
    const big = defineProgram({
      name: "big",
      version: "1.0.0",
      description: "Makes much of little.",
      inputs: { input },
      outputs: { output: v.unknown() },
      run({ inputs, communicator, signal, log, progress }) {
        const output = held.watch(Float64Array.from(inputs.input as Float64Array));
        signal.addEventListener("abort", () => log.debug(`${output.length}`));
        void communicator.recv(0, "never", { signal });
        progress(0.5, "half");
        if (end === "completed") return Promise.resolve({ output });
        if (end === "cancelled") return new Promise(() => held.watch(output));
        [1].forEach(() => {
          if (output.length > 0) throw new PartyError("CONFLICT", "differs");
        });
        throw new Error("unreachable");
      },
    });
    const computations = new Held();
    await withSession({ programs: [big], maxEndedComputations: 3 }, async (session) => {
      await session.symbols.put("input", Array(1_000).fill(1));
      for (let at = 0; at < 10; at++) {
        await (async () => {
          const spec = { id: `c${at}`, program: "big", outputs: [`o${at}`] };
          const computation = computations.watch(session.compute(spec));
          if (end === "cancelled") {
            await until(() => computation.state === "running", "it runs");
            computation.cancel();
          }
          await computation.result.catch(() => {});
          assert.is(computation.state, end);
        })();
      }
      assert.is(session.computations.length, 3);
      assert.is(await held.left(), 0);
      assert.is(await computations.left(3), 3);
    });
  });
}

test("the result of a computation that has ended is what its symbols hold", async () => {
  const makes = defineProgram({
    name: "makes",
    version: "1.0.0",
    description: "Makes one of two.",
    outputs: { one: v.unknown(), two: v.unknown() },
    run: () => Promise.resolve({ one: { n: 1n } }),
  });
  await withSession({ programs: [makes] }, async (session) => {
    const computation = session.compute({ id: "c", program: "makes", outputs: { one: "first" } });
    assert.equal(await computation.result, { one: { n: 1n } });
    await computation.ended;
    assert.equal(await computation.result, { one: { n: 1n } });
    await session.symbols.delete("first");
    const { message } = await partyError(computation.result, "UNKNOWN_SYMBOL");
    assert.match(message, /output one .*symbol first/);
    await computation.ended; // which it is all the same
  });
});

test("computations that ended long ago are forgotten, also when nobody asks", async () => {
  const computations = new Held();
  await withSession({ programs: [gather], maxEndedAgeMs: 200 }, async (session) => {
    await (async () => {
      const spec = { id: "c", program: "gather" };
      await computations.watch(session.compute(spec)).result;
    })();
    assert.is(await computations.left(), 0);
  });
});

test("a limit to the age beyond what a timer can wait for is no limit", async () => {
  await withSession({ programs: [gather], maxEndedAgeMs: Infinity }, async (session) => {
    await session.compute({ id: "c", program: "gather" }).result;
    await moment();
    assert.is(session.computations.length, 1);
  });
});

test("params are bounded; larger values are symbols", async () => {
  const programs = [program("echo", ({ params }) => (params as string).length)];
  await withSession({ programs }, async (session, driven) => {
    const most = "x".repeat(65_536 - 2);
    assert.equal(await session.compute({ id: "a", program: "echo", params: most }).result, {
      result: most.length,
    });
    const body = { computation_id: "b", program: "echo", params: `${most}x` };
    const { detail } = assertProblem(await driven.post(0, body), 413, "PAYLOAD_TOO_LARGE");
    assert.match(detail, /echo with params of 65537 characters .* at most 65536.*as symbols/);
    assert.throws(
      () => session.compute({ id: "b", program: "echo", params: `${most}x` }),
      (error: unknown) => error instanceof PartyError && error.code === "PAYLOAD_TOO_LARGE",
    );
    assert.is(session.computations.length, 1);
  });
});

test("what becomes of the caller's params, or the program's, changes no computation", async () => {
  const changes = program("changes", ({ params }) => {
    (params as { list: number[] }).list.push(3);
    return params;
  });
  await withSession({ programs: [changes] }, async (session, driven) => {
    const params = { list: [1] };
    const computation = session.compute({ id: "c", program: "changes", params });
    params.list.push(2);
    assert.equal(await computation.result, { result: { list: [1, 3] } });
    assert.equal(computation.params, { list: [1] });
    assert.equal((await driven.view(0, "c")).params, { list: [1] });
    assert.is(session.compute({ id: "c", program: "changes", params: { list: [1] } }), computation);
  });
});

test("in what order the keys of params are is the same, to one party and to all", async () => {
  const one = { a: { b: 1, c: [{ d: 1, e: 2 }] }, $partyline: 1, z: new Map([["k", 1], ["l", 2]]) };
  const other = {
    z: new Map([["k", 1], ["l", 2]]),
    $partyline: 1,
    a: { c: [{ e: 2, d: 1 }], b: 1 },
  };
  await Driven.run(2, { programs: [gather] }, async ({ sessions: [alice, bob] }) => {
    const spec = { id: "c", program: "gather", outputs: ["o"] };
    const computation = alice!.compute({ ...spec, params: one });
    assert.is(alice!.compute({ ...spec, params: other }), computation);
    const there = bob!.compute({ ...spec, params: other });
    assert.equal(await Promise.all([computation.result, there.result]), [
      { result: [0, 1] },
      { result: [0, 1] },
    ]);
    const swapped = { ...one, z: new Map([["l", 2], ["k", 1]]) };
    assert.throws(
      () => alice!.compute({ ...spec, params: swapped }),
      (error: unknown) => error instanceof PartyError && error.code === "CONFLICT",
    );
  });
});

test("beyond maxActiveComputations none is started until one has ended", async () => {
  const { opened, open } = gate();
  const programs = [gather, program("waits", () => opened)];
  await withSession({ programs, maxActiveComputations: 2 }, async (session, driven) => {
    const waiting = ["a", "b"].map((id) =>
      session.compute({ id, program: "waits", outputs: [`${id}-result`] })
    );
    const refused = await driven.post(0, { computation_id: "c", program: "gather" });
    const { detail } = assertProblem(refused, 429, "TOO_MANY_COMPUTATIONS");
    assert.match(detail, /2 are pending or running.*maxActiveComputations/);
    assert.is(refused.headers.get("retry-after"), "1");
    assert.is(session.compute({ id: "a", program: "waits", outputs: ["a-result"] }), waiting[0]);
    waiting[0]!.cancel();
    await rejection(waiting[0]!.result);
    assert.is((await driven.post(0, { computation_id: "c", program: "gather" })).status, 200);
    open();
    await waiting[1]!.result;
    assert.is((await request(driven.url(0, "/c"))).status, 200);
  });
});

test.run();
