import { test } from "uvu";
import * as assert from "uvu/assert";
import { PartyError } from "../lib/errors.ts";
import { createParty } from "../lib/party.ts";
import type { SessionSpec } from "../lib/resources/spec.ts";
import { assertSame } from "./helpers/same.ts";

const SPEC: SessionSpec = { name: "demo", rank: 0, endpoints: ["http://127.0.0.1:8000"] };

test("the symbols of a closed session take no more, also once its name is free", async () => {
  await using party = createParty();
  const session = await party.createSession(SPEC);
  const { symbols } = session;
  await session.close();
  const next = await party.createSession(SPEC);
  assert.throws(
    () => symbols.put("x", 1),
    (error: unknown) => error instanceof PartyError && error.code === "UNKNOWN_SESSION",
  );
  assert.equal([symbols.list(), next.symbols.list()], [[], []]);
});

test("symbols are kept as they were put, and are copies", async () => {
  await using party = createParty();
  const { symbols } = await party.createSession(SPEC);
  const [value, mptype] = [{ rows: [1n, -0] }, { kind: "table", columns: ["a"] }];
  const symbol = symbols.put("x", value, mptype);
  value.rows.push(7n);
  mptype.columns.push("b");
  (symbol.value as typeof value).rows.length = 0;
  (symbol.mptype as typeof mptype).columns.length = 0;
  assertSame(symbols.get("x").value, { rows: [1n, -0] });
  assertSame(symbols.get("x").mptype, { kind: "table", columns: ["a"] });
  assert.is(symbols.put("x", { rows: [1n, -0] }, { kind: "table", columns: ["a"] }), symbol);
  assert.is(symbols.put("untyped", 1).mptype, null);
  assert.equal(symbols.list().map(({ name }) => name), ["x", "untyped"]);
});

test("a symbol with another value or type is a conflict until it is deleted", async () => {
  await using party = createParty();
  const { symbols } = await party.createSession(SPEC);
  symbols.put("x", 0);
  for (const [value, mptype] of [[-0, null], [0n, null], ["0", null], [0, "int"]]) {
    assert.throws(
      () => symbols.put("x", value, mptype),
      (error: unknown) => error instanceof PartyError && error.code === "CONFLICT",
    );
  }
  symbols.delete("x");
  assert.is(symbols.put("x", 1).value, 1);
  for (const action of [() => symbols.get("y"), () => symbols.delete("y")]) {
    assert.throws(
      action,
      (error: unknown) => error instanceof PartyError && error.code === "UNKNOWN_SYMBOL",
    );
  }
});

test("a symbol whose name, value or type cannot be kept is refused", async () => {
  await using party = createParty();
  const { symbols } = await party.createSession(SPEC);
  let deep: unknown = 1;
  for (let depth = 0; depth < 100_000; depth++) deep = [deep];
  const refused: [code: string, name: string, value: unknown, mptype?: unknown][] = [
    ["INVALID_REQUEST", "..", 1],
    ["INVALID_REQUEST", "a/b", 1],
    ["INVALID_REQUEST", undefined as unknown as string, 1],
    ["SERIALIZATION", "f", () => 1],
    ["SERIALIZATION", "f", deep],
    ["SERIALIZATION", "f", 1, deep],
    ["SERIALIZATION", "f", 1, () => 1],
    ["SERIALIZATION", "f", 1, { bits: 64n }],
  ];
  for (const [code, name, value, mptype] of refused) {
    assert.throws(
      () => symbols.put(name, value, mptype),
      (error: unknown) => error instanceof PartyError && error.code === code,
    );
  }
  assert.equal(symbols.list(), []);
});

test.run();
