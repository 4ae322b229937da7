/**
 * Programs: how they are defined and shown, and how their inputs, outputs and params are checked.
 *
 * @module
 */

import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { v } from "../lib/deps.ts";
import { describeError, type PartyError } from "../lib/errors.ts";
import { bindNames } from "../lib/resources/bindings.ts";
import {
  BUILTIN_PROGRAMS,
  createParty,
  defineProgram,
  type LogRecord,
  type ProgramSpec,
  type Progress,
  type Schema,
  type SchemaProps,
} from "../mod.ts";
import { Driven, program } from "./helpers/programs.ts";
import { request } from "./helpers/served.ts";
import { partyError } from "./helpers/waiting.ts";

const GOOD: ProgramSpec = {
  name: "good",
  version: "1.0.0",
  description: "Does nothing.",
  run: () => Promise.resolve({}),
};

/** A schema of no library: an even number of mushrooms, which it doubles, after a while. */
function mushrooms(jsonSchema?: unknown): Schema<number, number> {
  const standard: SchemaProps<number, number> = {
    version: 1,
    vendor: "handmade",
    validate: async (value) => {
      await Promise.resolve();
      if (typeof value === "number" && value % 2 === 0) return { value: value * 2 };
      return { issues: [{ message: `${value} is not even`, path: ["basket", { key: 0 }] }] };
    },
  };
  return { "~standard": Object.assign(standard, jsonSchema === undefined ? {} : { jsonSchema }) };
}

test("a program whose name or version is none is refused, and the error names it", () => {
  const any = v.unknown();
  for (const name of ["", ".", "a b", "a/b", "x".repeat(129), undefined, 1]) {
    const bad = { inputs: { [String(name)]: any } };
    if (name !== undefined && name !== 1) {
      assert.throws(() => defineProgram({ ...GOOD, ...bad }), /use 1 to 128/, `input ${name}`);
      assert.throws(() => defineProgram({ ...GOOD, outputs: bad.inputs }), /use 1 to 128/);
    }
    assert.throws(
      () => defineProgram({ ...GOOD, name: name as string }),
      (error: unknown) =>
        error instanceof TypeError && error.message.includes(JSON.stringify(name) ?? "undefined"),
    );
  }
  for (const version of ["", undefined, 1]) {
    assert.throws(
      () => defineProgram({ ...GOOD, version: version as string }),
      (error: unknown) =>
        error instanceof TypeError && /program good: .*version/.test(error.message),
    );
  }
  assert.throws(() => defineProgram({ ...GOOD, run: undefined as never }), /program good/);
  const { name, inputs, outputs, params } = defineProgram({ ...GOOD, name: "__proto__" });
  assert.equal([name, inputs, outputs, params], ["__proto__", {}, {}, undefined]);
});

test("a party takes one program of a name, and tells which it runs", () => {
  const [one, other] = [defineProgram(GOOD), defineProgram({ ...GOOD, version: "2" })];
  assert.throws(() => createParty({ programs: [one, other] }), /two programs of the name good/);
  assert.equal(createParty({ programs: [one] }).programs(), [one]);
  assert.equal(createParty().programs(), []);
});

test("GET /programs shows what a party runs, with JSON Schemas", async () => {
  const broken = {
    input: () => {
      throw new Error("JSON Schema has no word for it");
    },
  };
  const shown = defineProgram({
    ...GOOD,
    inputs: {
      rows: v.array(v.strictObject({ age: v.pipe(v.number(), v.minValue(0)) })),
      handmade: mushrooms(),
      standard: mushrooms({ input: (options: unknown) => ({ type: "number", options }) }),
      broken: mushrooms(broken),
    },
    outputs: { either: v.nullable(v.string()), when: v.date() },
    params: v.object({ limit: v.optional(v.number(), 3) }),
  });
  await Driven.run(1, { programs: [shown, ...BUILTIN_PROGRAMS] }, async ({ parties }) => {
    const { status, text } = await request(`${parties.endpoints[0]}/programs`);
    assert.is(status, 200);
    const { programs } = JSON.parse(text);
    assert.equal(programs[0], {
      name: "good",
      version: "1.0.0",
      description: "Does nothing.",
      inputs: {
        rows: {
          type: "array",
          items: {
            type: "object",
            properties: { age: { type: "number", minimum: 0 } },
            required: ["age"],
            additionalProperties: false,
          },
        },
        handmade: {},
        standard: { type: "number", options: { target: "draft-2020-12" } },
        broken: {},
      },
      outputs: { either: { anyOf: [{ type: "string" }, { type: "null" }] }, when: {} },
      params: {
        type: "object",
        properties: { limit: { type: "number", default: 3 } },
        required: [],
      },
    });
    const names = programs.map((one: { name: string }) => one.name);
    assert.equal(names, ["good", ...BUILTIN_PROGRAMS.map(({ name }) => name)]);
    assert.is(programs.find(({ name }: { name: string }) => name === "sum").params, null);
  });
});

test("schemas may be of any library, and what they make of a value is what the program gets", async () => {
  const picks = defineProgram({
    ...GOOD,
    name: "picks",
    inputs: { basket: mushrooms() },
    outputs: { found: mushrooms() },
    params: mushrooms(),
    run: async ({ inputs, params, communicator }) => ({
      found: await communicator.allreduce(inputs.basket + params, (a, b) => a + b),
    }),
  });
  await Driven.run(2, { programs: [picks] }, async ({ sessions }) => {
    for (const { symbols, rank } of sessions) await symbols.put("basket", 10 * (rank + 1));
    const start = (id: string, params: unknown) =>
      sessions.map((session) => session.compute({ id, program: "picks", params }));
    const results = await Promise.all(start("even", 4).map(({ result }) => result));
    assert.equal(results, [{ found: 76 }, { found: 76 }]);
    assert.is(sessions[0]!.symbols.get("found").value, 76, "kept as it was made");

    for (const { result } of start("odd", 5)) {
      const { code, message, peerCode } = await partyError(result, "INVALID_REQUEST")
        .catch((error) => error.actual) as PartyError & { peerCode?: string };
      assert.is(peerCode ?? code, "INVALID_REQUEST");
      assert.match(message, /with these params: basket\[0\]: 5 is not even/);
    }
  });
});

test("an input that does not fit says where, and shows nothing of what it is", async () => {
  const picks = defineProgram({
    ...GOOD,
    inputs: { basket: mushrooms(), rows: v.array(v.object({ age: v.number() })) },
  });
  await Driven.run(1, { programs: [picks] }, async ({ sessions: [session] }) => {
    const wrong: [basket: unknown, rows: unknown, where: RegExp][] = [
      [90_210_001, [], /basket as the input basket of good.*2 deep, at \[a key\]\[0\]/],
      [
        2,
        [{ age: 1 }, { age: "90210001" }],
        /rows as the input rows of good.*2 deep, at \[1\]\[a key\]/,
      ],
      [2, "90210001", /rows as the input rows of good.*at its top/],
    ];
    for (const [at, [basket, rows, where]] of wrong.entries()) {
      await session!.symbols.put("basket", basket);
      await session!.symbols.put("rows", rows);
      const { result } = session!.compute({ id: `c${at}`, program: "good" });
      const error = await partyError(result, "INVALID_REQUEST");
      assert.match(describeError(error), where);
      assert.not.match(describeError(error), "90210001");
      await session!.symbols.delete("basket");
      await session!.symbols.delete("rows");
    }
  });
});

test("an input may be missing at a party when its schema takes undefined", async () => {
  const some = defineProgram({
    ...GOOD,
    name: "some",
    inputs: { number: v.optional(v.number(), 0) },
    outputs: { total: v.number() },
    run: async ({ communicator, inputs }) => ({
      total: await communicator.allreduce(inputs.number, (a, b) => a + b),
    }),
  });
  await Driven.run(2, { programs: [some] }, async ({ sessions }) => {
    await sessions[1]!.symbols.put("number", 7);
    const results = sessions.map(({ compute }, rank) =>
      compute.call(sessions[rank]!, { id: "c", program: "some" }).result
    );
    assert.equal(await Promise.all(results), [{ total: 7 }, { total: 7 }]);
  });
});

test("outputs are checked and kept all together, or none is, and the error shows no value", async () => {
  const made: [
    id: string,
    outputs: Record<string, unknown>,
    code: PartyError["code"],
    told: RegExp,
  ][] = [
    ["misfit", { count: 1, text: 90_210_001 }, "INTERNAL", /made an output text that its schema/],
    ["undeclared", { count: 1, extra: 2 }, "INTERNAL", /it does not declare/],
    ["inherited", { count: 1, toString: 2 }, "INTERNAL", /it does not declare/],
    ["unkeepable", { count: 1, any: () => 1 }, "SERIALIZATION", /./],
    ["taken", { count: 1, any: "made meanwhile" }, "CONFLICT", /it exists/],
  ];
  const outcomes = new Map(made.map(([id, outputs]) => [id, outputs]));
  const makes = defineProgram({
    ...GOOD,
    outputs: { count: v.number(), text: v.string(), any: v.unknown() },
    params: v.string(),
    run: ({ params }) => Promise.resolve(outcomes.get(params) as { count: number }),
  });
  await Driven.run(1, { programs: [makes] }, async ({ sessions: [session] }) => {
    for (const [id, , code, told] of made) {
      const computation = session!.compute({ id, program: "good", params: id });
      // It is checked before the program runs, too.
      if (id === "taken") {
        computation.onChange(() => {
          if (computation.state === "running") void session!.symbols.put("any", "mine");
        });
      }
      const error = await partyError(computation.result, code);
      assert.match(error.message, told, id);
      assert.not.match(describeError(error), "90210001");
      assert.equal(session!.symbols.list().map(({ name }) => name), id === "taken" ? ["any"] : []);
    }
    assert.is(session!.symbols.get("any").value, "mine");
  });
});

test("params that do not fit are told in plain words, without what they are", async () => {
  const picky = defineProgram({
    ...GOOD,
    params: v.strictObject({
      column: v.pipe(v.string(), v.minLength(3)),
      mail: v.optional(v.pipe(v.string(), v.email())),
      limit: v.optional(v.pipe(v.number(), v.minValue(2))),
      kind: v.optional(v.picklist(["Mean", "Sum"])),
      deep: v.optional(v.strictObject({ on: v.boolean() })),
      own: v.optional(v.pipe(v.string(), v.regex(/^x/, "begin it with x"))),
    }),
  });
  const column = "age";
  const wrong: [params: unknown, told: string][] = [
    [{}, "column is missing"],
    [undefined, "it has to be an object, not undefined"],
    [{ column: 90210001 }, "column has to be a string, not a number"],
    [{ column: "90" }, "the length of column has to be >=3"],
    [
      { column, foo: 90210001 },
      "there is no foo; it takes column, mail, limit, kind, deep, own",
    ],
    [{ column, mail: "90210001" }, "mail is no valid email"],
    [{ column, limit: 1 }, "limit has to be >=2"],
    [{ column, limit: NaN }, "limit has to be a number, not NaN"],
    [{ column, kind: "90210001" }, 'kind has to be ("Mean" | "Sum")'],
    [{ column, deep: { on: true, off: 90210001 } }, "field deep.off is unknown"],
    [{ column, own: "90210001" }, "own: begin it with x"],
  ];
  await Driven.run(1, { programs: [picky] }, async ({ sessions: [session] }) => {
    for (const [at, [params, told]] of wrong.entries()) {
      const { result } = session!.compute({ id: `c${at}`, program: "good", params });
      const error = await partyError(result, "INVALID_REQUEST");
      assert.is(describeError(error), `Cannot run good with these params: ${told}`);
    }
  });
});

test("null params are none to a program that takes none", async () => {
  await Driven.run(1, { programs: [defineProgram(GOOD)] }, async (driven) => {
    for (const [id, params] of [["a", null], ["b", undefined]] as const) {
      const { status } = await driven.post(0, { computation_id: id, program: "good", params });
      assert.is(status, 200);
    }
    const { status, text } = await driven.post(0, {
      computation_id: "c",
      program: "good",
      params: {},
    });
    assert.is(status, 400);
    assert.match(JSON.parse(text).detail, /it takes none/);
  });
});

test("progress is bounded, and never fails the work", async () => {
  const told: [fraction: unknown, note: unknown, shown: Progress][] = [
    [0.5, "half", { fraction: 0.5, note: "half" }],
    [1.0000000001, undefined, { fraction: 1, note: "" }],
    [-1e-9, "", { fraction: 0, note: "" }],
    [0 / 0, { deep: 1 }, { fraction: 0, note: "" }],
    [1 / 0, "x".repeat(201), { fraction: 1, note: "x".repeat(200) }],
    [undefined, Object.create(null), { fraction: 0, note: "" }],
  ];
  const reports = program("reports", ({ progress }) => {
    for (const [fraction, note] of told) progress(fraction as number, note as string);
  });
  await Driven.run(1, { programs: [reports] }, async ({ sessions: [session] }) => {
    const computation = session!.compute({ id: "c", program: "reports" });
    const shown: unknown[] = [];
    computation.onChange(() => shown.push(computation.progress));
    await computation.result;
    assert.equal(shown.slice(1, -1), told.map(([, , progress]) => progress));
  });
});

test("the keys of an input that does not fit are data, and stay out of the log", async () => {
  const diagnoses = defineProgram({
    ...GOOD,
    inputs: { diagnoses: v.record(v.string(), v.record(v.string(), v.array(v.number()))) },
  });
  const logged: unknown[] = [];
  const log = ({ message, fields, error }: LogRecord) => {
    logged.push(message, JSON.stringify(fields), describeError(error));
  };
  const data = { diagnoses: { "alice-smith": { "1990-02-10": [1, "positive"] } } };
  await Driven.run(1, { programs: [diagnoses], data, log }, async ({ sessions: [session] }) => {
    await partyError(session!.compute({ id: "c", program: "good" }).result, "INVALID_REQUEST");
    assert.match(logged.join(), /diagnoses.* it is wrong 3 deep, at \[a key\]\[a key\]\[1\]/);
    assert.not.match(logged.join(), /alice|1990|positive/);
  });
});

test("names bind symbols by name, or in the program's order: it is the same binding", () => {
  const name = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,20}$/);
  const names = fc.uniqueArray(name, { minLength: 1, maxLength: 6 });
  const bindings = fc.tuple(names, names, fc.nat(6)).chain(([own, symbols, given]) =>
    fc.record({
      own: fc.constant(own),
      symbols: fc.constant(symbols.slice(0, given)),
      shuffled: fc.shuffledSubarray([...own.keys()], { minLength: own.length }),
    })
  );
  fc.assert(fc.property(bindings, ({ own, symbols, shuffled }) => {
    const schemas = Object.fromEntries(own.map((one) => [one, v.unknown()]));
    const order = Object.keys(schemas); // numbers come first
    const of = defineProgram({ ...GOOD, inputs: schemas });
    const entries = symbols.map((symbol, at) => [order[at], symbol] as const);
    if (symbols.length > own.length) {
      assert.throws(() => bindNames(of, "input", symbols), /has no input number/);
      return;
    }
    const byOrder = bindNames(of, "input", symbols);
    const byName = shuffled.flatMap((at) => entries.slice(at, at + 1));
    assert.is(
      JSON.stringify(bindNames(of, "input", Object.fromEntries(byName))),
      JSON.stringify(byOrder),
    );
    assert.equal(Object.keys(byOrder), order);
    assert.equal(Object.values(byOrder), order.map((one, at) => symbols[at] ?? one));
    // As outputs they have to be different.
    const makes = defineProgram({ ...GOOD, outputs: schemas });
    const clash = new Set(Object.values(byOrder)).size < order.length;
    if (clash) {
      assert.throws(() => bindNames(makes, "output", symbols), /one symbol of two outputs/);
    } else assert.equal(bindNames(makes, "output", symbols), byOrder);
  }));
});

test.run();
