import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createParty, directoryStore, memoryStore, type SymbolStore } from "../mod.ts";
import { startParties } from "./helpers/parties.ts";
import { assertProblem, dataOf, post, request, Served } from "./helpers/served.ts";
import { partyError } from "./helpers/waiting.ts";
import { symbolStoreSuite } from "./suites/symbol_store.ts";

const SPEC = { name: "demo", rank: 0, endpoints: ["http://127.0.0.1:2"] };

symbolStoreSuite("memory", () => {
  const store = memoryStore();
  return Promise.resolve({ open: () => store, close: () => Promise.resolve() });
});

symbolStoreSuite("directory", async () => {
  const folder = await mkdtemp(`${tmpdir()}/partyline-store-`);
  return {
    open: () => directoryStore(`${folder}/is/made`),
    close: () => rm(folder, { recursive: true }),
  };
});

/** A store in memory whose next calls can be made to fail, or to wait. */
function brittleStore() {
  const store = memoryStore();
  const state = { fails: false, wait: Promise.resolve() };
  const call = async <T>(action: () => Promise<T>): Promise<T> => {
    await state.wait;
    if (state.fails) throw new Error("EIO: i/o error, at /secret/place");
    return await action();
  };
  const brittle: SymbolStore = {
    load: (session) => call(() => store.load(session)),
    put: (session, symbol) => call(() => store.put(session, symbol)),
    delete: (session, names) => call(() => store.delete(session, names)),
  };
  return { state, brittle };
}

test("what the store fails at has not happened, is told without its words, and can be retried", async () => {
  const { state, brittle } = brittleStore();
  const records: string[] = [];
  const served = await Served.start({
    store: brittle,
    log: ({ level, message, error }) => {
      if (level === "error") records.push(`${message}: ${(error as Error).message}`);
    },
  });
  const url = served.url("/sessions/demo/symbols");
  const symbol = { name: "x", data: dataOf(1) };
  try {
    state.fails = true;
    const refused = assertProblem(await post(url, symbol), 500, "INTERNAL");
    assert.not.match(refused.detail, /EIO|secret/);
    assert.is((await request(`${url}/x`)).status, 404);
    state.fails = false;
    assert.is((await post(url, { ...symbol, data: dataOf(2) })).status, 200);
    state.fails = true;
    assertProblem(await request(`${url}/x`, { method: "DELETE" }), 500, "INTERNAL");
    assert.is((await request(`${url}/x`)).status, 200);
    const spec = { ...SPEC, name: "other" };
    const session = assertProblem(await post(served.url("/sessions"), spec), 500, "INTERNAL");
    assert.not.match(session.detail, /EIO|secret/);
    assertProblem(await request(served.url("/sessions/other")), 404, "UNKNOWN_SESSION");
    state.fails = false;
    assert.is((await post(served.url("/sessions"), spec)).status, 200);
    assert.is(records.length, 3);
    for (const record of records) assert.match(record, /the store failed: EIO.*secret/);
  } finally {
    await served.close();
  }
});

test("a session that cannot delete what is stored says so, and is closed", async () => {
  const { state, brittle } = brittleStore();
  await using party = createParty({ store: brittle, log: () => {} });
  const session = await party.createSession(SPEC);
  await session.symbols.put("x", 1);
  state.fails = true;
  await partyError(session.close(), "INTERNAL");
  assert.equal([session.state, party.sessions()], ["closed", []]);
});

test("a symbol is there once it is stored, and closing waits for it", async () => {
  const { state, brittle } = brittleStore();
  const party = createParty({ store: brittle });
  const { symbols } = await party.createSession(SPEC);
  let go = () => {};
  state.wait = new Promise((resolve) => go = resolve);
  const value = [1, 2];
  const [first, same, other, gone] = [
    symbols.put("x", value),
    symbols.put("x", [1, 2]),
    symbols.put("x", [3]),
    symbols.put("y", 1).then(() => symbols.delete("y")),
  ];
  other.catch(() => {});
  value.push(3); // it was taken as it was
  assert.equal([symbols.has("x"), symbols.list()], [false, []]);
  go();
  assert.is(await first, await same);
  await partyError(other, "CONFLICT");
  await gone;
  assert.equal(symbols.list().map(({ name }) => name), ["x"]);

  state.wait = new Promise((resolve) => go = resolve);
  const late = symbols.put("z", 1);
  const closing = party.close();
  await partyError(symbols.put("never", 1), "UNKNOWN_SESSION");
  go();
  await Promise.all([late, closing]);
  const again = createParty({ store: brittle });
  const back = (await again.createSession(SPEC)).symbols;
  assert.equal(back.list().map(({ name }) => name), ["x", "z"]);
  assert.equal(back.get("x").value, [1, 2]);
  await again.close();
});

test("DELETE /sessions/{s} deletes what is stored, and POST /sessions brings back what is", async () => {
  const store = memoryStore();
  const endpoints = ["http://127.0.0.1:2"];
  const spec = { name: "s", rank: 0, endpoints };
  for (const expected of [[], ["x"], []]) {
    const { parties, endpoints: [url], close } = await startParties(1, { store });
    const created = await Promise.all([1, 2, 3].map(() => post(`${url}/sessions`, spec)));
    assert.equal(created.map(({ status }) => status), [200, 200, 200]);
    const symbols = `${url}/sessions/s/symbols`;
    const list = JSON.parse((await request(symbols)).text).symbols;
    assert.equal(list.map(({ name }: { name: string }) => name), expected);
    assert.is((await post(symbols, { name: "x", data: dataOf(1) })).status, 200);
    if (expected.length > 0) {
      assert.is((await request(`${url}/sessions/s`, { method: "DELETE" })).status, 204);
      assert.equal(parties[0]!.sessions(), []);
    }
    await close();
  }
});

test("DELETE /sessions/{s}?keep_symbols=true leaves what is stored for the next of its name", async () => {
  const { parties, endpoints: [url], close } = await startParties(1);
  const spec = { name: "s", rank: 0, endpoints: [url] };
  const symbols = `${url}/sessions/s/symbols`;
  const list = async () => {
    assert.is((await post(`${url}/sessions`, spec)).status, 200);
    const { symbols: all } = JSON.parse((await request(symbols)).text);
    return all.map(({ name }: { name: string }) => name);
  };
  const end = async (query: string) =>
    (await request(`${url}/sessions/s${query}`, { method: "DELETE" })).status;
  assert.equal(await list(), []);
  assert.is((await post(symbols, { name: "x", data: dataOf(1) })).status, 200);
  for (const wrong of ["?keep_symbol=true", "?keep_symbols", "?keep_symbols=1", "?constructor=1"]) {
    assert.is(await end(wrong), 400, wrong);
  }
  assert.is(await end("?keep_symbols=true&keep_symbols=false"), 400, "which one is meant?");
  assert.equal(await list(), ["x"], "what is refused deletes nothing");
  assert.is(await end("?keep_symbols=true"), 204);
  assert.equal(parties[0]!.sessions(), []);
  assert.is(await end("?keep_symbols=true"), 404);
  assert.equal(await list(), ["x"]);
  assert.is(await end("?keep_symbols=false"), 204);
  assert.equal(await list(), []);
  await close();
});

test.run();
