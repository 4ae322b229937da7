/**
 * What would give one party's private data away: a result of the others' choosing, beside it.
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { v } from "../lib/deps.ts";
import { defineProgram, type PartyError, sumProgram } from "../mod.ts";
import { startParties } from "./helpers/parties.ts";
import { startSealed } from "./helpers/sealed_parties.ts";
import { partyError } from "./helpers/waiting.ts";

test("an input that is private at one party is not what a driver likes at the others", async () => {
  const { createSession, close } = await startParties(3, (rank) => ({
    programs: [sumProgram],
    data: rank === 0 ? { values: [41, 42] } : {},
  }));
  try {
    const sessions = await createSession("s");
    for (const session of sessions.slice(1)) await session.symbols.put("values", [0, 0]);
    const runs = sessions.map((session) => session.compute({ id: "c", program: "sum" }));
    for (const run of runs) {
      const { message, code } = await run.result.catch((error) => error) as PartyError;
      assert.is(code, "AGREEMENT_MISMATCH");
      assert.match(
        message,
        "input values is private at rank 0, and a value of the session at rank 1",
      );
      assert.not.match(message, /41|42/);
      assert.is(run.state, "failed");
    }
    for (const session of sessions) assert.not.ok(session.symbols.has("result"));
  } finally {
    await close();
  }
});

test("no party's private data are left out by a name that it does not have", async () => {
  const program = defineProgram({
    name: "count",
    version: "1",
    description: "Counts what there is.",
    inputs: { values: v.optional(v.array(v.number())) },
    outputs: { count: v.number() },
    run: async ({ communicator, inputs }) => {
      const lengths = await communicator.allgather(inputs.values?.length ?? 0);
      return { count: lengths.reduce((sum, length) => sum + length, 0) };
    },
  });
  const { createSession, close } = await startParties(3, (rank) => ({
    programs: [program],
    data: rank < 2 ? { values: [41, 42] } : {}, // the third has none of its own
  }));
  try {
    const sessions = await createSession("s");
    const all = sessions.map((session) => session.compute({ id: "all", program: "count" }));
    for (const run of all) assert.equal(await run.result, { count: 4 });
    const part = sessions.map((session) => {
      const inputs = session.rank === 1 ? { inputs: { values: "nothing" } } : {};
      const outputs = { count: "part" };
      return session.compute({ id: "part", program: "count", outputs, ...inputs });
    });
    for (const run of part) {
      const { message } = await partyError(run.result, "AGREEMENT_MISMATCH");
      assert.match(message, "input values is private at rank 0, and another symbol at rank 1");
    }
  } finally {
    await close();
  }
});

test("inputs that are private at all parties, or at none, are as ever", async () => {
  const { createSession, close } = await startParties(2, (rank) => ({
    programs: [sumProgram],
    data: { own: [rank] },
  }));
  try {
    const sessions = await createSession("s");
    for (const session of sessions) await session.symbols.put("given", [2]);
    for (const [symbol, total] of [["own", 1], ["given", 4]] as const) {
      const spec = { id: symbol, program: "sum", inputs: [symbol], outputs: [`${symbol}_total`] };
      const runs = sessions.map((session) => session.compute(spec));
      for (const run of runs) assert.equal(Object.values(await run.result)[0], [total]);
    }
  } finally {
    await close();
  }
});

test("a party with keys takes part in sessions of all parties of its list, and in no others", async () => {
  const { parties, endpoints, close } = await startSealed(3);
  const [first, second, third] = endpoints as [string, string, string];
  try {
    for (
      const [rank, given, found] of [
        [0, [first], "1 are given"],
        [0, [first, second], "2 are given"],
        [1, [second, first, third], "is rank 0"],
        [0, [first, third], "is rank 1"],
        [0, [first, second, second], "is rank 2"],
        [0, [first, second, third, "http://127.0.0.1:2"], "is rank 3"],
      ] as const
    ) {
      const spec = { name: "part", rank: rank as number, endpoints: [...given] };
      const error = await partyError(parties[rank]!.createSession(spec), "FORBIDDEN");
      assert.match(error.message, "all 3 parties of parties.json here, in their order, and ");
      assert.match(error.message, found);
    }
    const other = { name: "part", rank: 0, endpoints };
    const wrong = await partyError(parties[1]!.createSession(other), "INVALID_REQUEST");
    assert.match(wrong.message, "rank 0 is party party-0, and this is party party-1");
  } finally {
    await close();
  }
});

test.run();
