import { test } from "uvu";
import * as assert from "uvu/assert";
import { type ErrorCode, PartyError } from "../lib/errors.ts";
import { createParty } from "../lib/party.ts";
import type { SessionSpec } from "../lib/resources/spec.ts";
import { assertSame } from "./helpers/same.ts";
import { partyError } from "./helpers/waiting.ts";

const SPEC: SessionSpec = { name: "demo", rank: 0, endpoints: ["http://127.0.0.1:8000"] };

test("the symbols of a closed session take no more, also once its name is free", async () => {
  await using party = createParty();
  const session = await party.createSession(SPEC);
  const { symbols } = session;
  await session.close();
  const next = await party.createSession(SPEC);
  await partyError(symbols.put("x", 1), "UNKNOWN_SESSION");
  await partyError(symbols.delete("x"), "UNKNOWN_SYMBOL");
  assert.equal([symbols.list(), next.symbols.list()], [[], []]);
});

test("symbols are kept as they were put, and are copies", async () => {
  await using party = createParty();
  const { symbols } = await party.createSession(SPEC);
  const [value, mptype] = [{ rows: [1n, -0] }, { kind: "table", columns: ["a"] }];
  const putting = symbols.put("x", value, mptype);
  value.rows.push(7n);
  mptype.columns.push("b");
  const symbol = await putting;
  (symbol.value as typeof value).rows.length = 0;
  (symbol.mptype as typeof mptype).columns.length = 0;
  assertSame(symbols.get("x").value, { rows: [1n, -0] });
  assertSame(symbols.get("x").mptype, { kind: "table", columns: ["a"] });
  assert.is(await symbols.put("x", { rows: [1n, -0] }, { kind: "table", columns: ["a"] }), symbol);
  assert.is((await symbols.put("untyped", 1)).mptype, null);
  assert.equal(symbols.list().map(({ name }) => name), ["x", "untyped"]);
});

test("a symbol with another value or type is a conflict until it is deleted", async () => {
  await using party = createParty();
  const { symbols } = await party.createSession(SPEC);
  await symbols.put("x", 0);
  for (const [value, mptype] of [[-0, null], [0n, null], ["0", null], [0, "int"]]) {
    await partyError(symbols.put("x", value, mptype), "CONFLICT");
  }
  await symbols.delete("x");
  assert.is((await symbols.put("x", 1)).value, 1);
  assert.throws(
    () => symbols.get("y"),
    (error: unknown) => error instanceof PartyError && error.code === "UNKNOWN_SYMBOL",
  );
  await partyError(symbols.delete("y"), "UNKNOWN_SYMBOL");
});

test("a symbol whose name, value or type cannot be kept is refused", async () => {
  await using party = createParty();
  const { symbols } = await party.createSession(SPEC);
  let deep: unknown = 1;
  for (let depth = 0; depth < 100_000; depth++) deep = [deep];
  const refused: [code: ErrorCode, name: string, value: unknown, mptype?: unknown][] = [
    ["INVALID_REQUEST", "..", 1],
    ["INVALID_REQUEST", "a/b", 1],
    ["INVALID_REQUEST", undefined as unknown as string, 1],
    ["SERIALIZATION", "f", () => 1],
    ["SERIALIZATION", "f", deep],
    ["SERIALIZATION", "f", 1, deep],
    ["SERIALIZATION", "f", 1, () => 1],
    ["SERIALIZATION", "f", 1, { bits: 64n }],
    ["SERIALIZATION", "f", 1, "x".repeat(4_095)],
    ["SERIALIZATION", "f", 1, "é".repeat(1_000)],
  ];
  for (const [code, name, value, mptype] of refused) {
    await partyError(symbols.put(name, value, mptype), code);
  }
  assert.equal(symbols.list(), []);
});

test("the typed arrays of a symbol are copies, however they came", async () => {
  await using party = createParty();
  const { symbols } = await party.createSession(SPEC);
  const array = Float64Array.of(1, 2, 3);
  const putting = symbols.put("x", { array, bytes: Uint8Array.of(1) });
  array[0] = 9;
  const symbol = await putting;
  const copy = symbol.value as { array: Float64Array; bytes: Uint8Array };
  copy.array.fill(9);
  copy.bytes.fill(9);
  symbol.cbor.fill(9);
  assertSame(symbol.value, { array: Float64Array.of(1, 2, 3), bytes: Uint8Array.of(1) });
});

const ROWS = Array.from({ length: 120 }, () => [1, 2, 3, 4]);
const SHAPES: [what: string, value: unknown, shape: number[] | undefined][] = [
  ["a number", 1, []],
  ["a text", "text", []],
  ["nothing", null, []],
  ["a date", new Date(), []],
  ["an array", [1, "a", null], [3]],
  ["no items", [], [0]],
  ["a typed array", new BigUint64Array(7), [7]],
  ["rows", ROWS, [120, 4]],
  ["rows of typed arrays", [new Float64Array(5), new Float64Array(5)], [2, 5]],
  ["three dimensions", [ROWS, ROWS], [2, 120, 4]],
  ["ragged rows", [[1], [1, 2]], [2]],
  ["rows that are ragged inside", [[[1], [2]], [[1], [2, 3]]], [2, 2]],
  ["rows among others", [[1], 1], [2]],
  ["a table", { a: [1, null, 3], b: ["x", "y", "z"] }, [2, 3]],
  ["a table of typed arrays", { a: new Float64Array(9) }, [1, 9]],
  ["columns of different lengths", { a: [1], b: [1, 2] }, undefined],
  ["an object", { a: 1 }, undefined],
  ["no fields", {}, undefined],
  ["a map", new Map([[1, 2]]), [1]],
  ["a set", new Set([1, 2]), [2]],
];

for (const [what, value, shape] of SHAPES) {
  test(`the shape of ${what} is ${shape ? `[${shape}]` : "not told"}`, async () => {
    await using party = createParty();
    const { symbols } = await party.createSession(SPEC);
    assert.equal((await symbols.put("x", value)).shape, shape);
  });
}

test("a session's symbols are bounded in bytes, and deleting some makes room", async () => {
  await using party = createParty({ maxSymbolBytes: 10_000 });
  const { symbols } = await party.createSession(SPEC);
  await symbols.put("a", new Uint8Array(4_000));
  await symbols.put("b", new Uint8Array(4_000));
  await symbols.put("b", new Uint8Array(4_000)); // the same takes nothing more
  const error = await partyError(symbols.put("c", new Uint8Array(4_000)), "PAYLOAD_TOO_LARGE");
  assert.match(
    error.message,
    /symbol c of 4003 bytes in session demo.*of 10000.*delete.*maxSymbolB/,
  );
  assert.equal(symbols.list().map(({ name, bytes }) => [name, bytes]), [["a", 4_003], [
    "b",
    4_003,
  ]]);
  await symbols.delete("a");
  await symbols.put("c", new Uint8Array(4_000));
  const other = await party.createSession({ ...SPEC, name: "other" });
  await other.symbols.put("a", new Uint8Array(4_000));
  // All at once they are counted, too; and tiny ones take more than their bytes.
  const many = await Promise.allSettled(
    Array.from({ length: 100 }, (_, at) => other.symbols.put(`tiny${at}`, at)),
  );
  const refused = many.filter(({ status }) => status === "rejected");
  assert.ok(refused.length >= 75 && refused.length < 90, `${refused.length}`);
});

test.run();
