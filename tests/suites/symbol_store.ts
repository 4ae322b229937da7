/**
 * What every store of symbols does.
 *
 * @module
 */

import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  createParty,
  type SessionSpec,
  type StoredSymbol,
  type StoredSymbols,
  type SymbolStore,
} from "../../mod.ts";
import { assertSame } from "../helpers/same.ts";
import { sendable } from "../helpers/values.ts";
import { partyError } from "../helpers/waiting.ts";

/** A place for symbols that is empty. */
export interface Place {
  /** A store of that place, as after a restart; what the one before put is there. */
  open(): SymbolStore;
  /** Ends it. */
  close(): Promise<void>;
}

const SPEC: SessionSpec = {
  name: "demo",
  rank: 0,
  endpoints: ["http://127.0.0.1:2", "http://127.0.0.1:3"],
};

/** Sessions and symbols have such names. */
const ODD_NAMES = [
  "x",
  "X",
  "a.b",
  "a_b",
  "A_b",
  "...",
  "-",
  "con",
  "CON.txt",
  "__proto__",
  "constructor",
  "n".repeat(128),
  "N".repeat(128),
  "n".repeat(127),
];

/**
 * Declares the tests of one kind of store.
 *
 * @param kind which it is
 * @param makePlace makes a place of its own for each test
 */
export function symbolStoreSuite(kind: string, makePlace: () => Promise<Place>): void {
  const declare = (name: string, body: (place: Place) => Promise<void>) =>
    test(`${kind}: ${name}`, async () => {
      const place = await makePlace();
      try {
        await body(place);
      } finally {
        await place.close();
      }
    });
  calls(declare);
  parties(declare);
}

type Declare = (name: string, body: (place: Place) => Promise<void>) => void;

function symbolOf(name: string, order = 0, value = Uint8Array.of(0xf6)): StoredSymbol {
  return { name, mptype: '{"kind":"share"}', value, order };
}

function sorted({ symbols, skipped }: StoredSymbols): StoredSymbol[] {
  assert.equal(skipped, []);
  return symbols.map(({ name, mptype, value, order }) => ({ name, mptype, value, order }))
    .sort((a, b) => a.order - b.order);
}

function calls(declare: Declare): void {
  declare("what was put is there, byte for byte, also when it is opened again", async (place) => {
    const store = place.open();
    const unknown = await store.load(SPEC);
    assert.equal(unknown, { symbols: [], skipped: [] });
    const symbols = [
      symbolOf("x", 3, Uint8Array.from({ length: 1_000 }, (_, at) => at)),
      symbolOf("y", 7, new Uint8Array(3_000_000).fill(7)),
      { ...symbolOf("z", 9), mptype: "null" },
    ];
    for (const symbol of symbols) await store.put(SPEC, symbol);
    for (const one of [store, place.open()]) assertSame(sorted(await one.load(SPEC)), symbols);
  });

  declare("a symbol takes the place of one of its name", async (place) => {
    const store = place.open();
    await store.put(SPEC, symbolOf("x", 0, Uint8Array.of(1)));
    await store.put(SPEC, symbolOf("x", 1, Uint8Array.of(2)));
    assertSame(sorted(await place.open().load(SPEC)), [symbolOf("x", 1, Uint8Array.of(2))]);
  });

  declare("what is deleted is gone, what never was is no error, the rest stays", async (place) => {
    const store = place.open();
    await store.delete(SPEC, ["x"]);
    for (const [order, name] of ["x", "y", "z"].entries()) {
      await store.put(SPEC, symbolOf(name, order));
    }
    await store.delete(SPEC, ["z", "none", "x"]);
    assertSame(sorted(await place.open().load(SPEC)), [symbolOf("y", 1)]);
    await store.delete(SPEC, ["y"]);
    await store.put(SPEC, symbolOf("x", 5));
    assertSame(sorted(await place.open().load(SPEC)), [symbolOf("x", 5)]);
  });

  declare("names that differ at all are apart, of symbols and of sessions", async (place) => {
    const store = place.open();
    const symbols = ODD_NAMES.map((name, order) => symbolOf(name, order));
    for (const symbol of symbols) await store.put(SPEC, symbol);
    assertSame(sorted(await place.open().load(SPEC)), symbols);
    const sessions = [
      ...ODD_NAMES.map((name) => ({ ...SPEC, name })),
      { ...SPEC, rank: 1 },
      { ...SPEC, endpoints: SPEC.endpoints.toReversed() },
      { ...SPEC, endpoints: SPEC.endpoints.slice(0, 1) },
    ];
    for (const [at, session] of sessions.entries()) await store.put(session, symbolOf("s", at));
    for (const [at, session] of sessions.entries()) {
      assertSame(sorted(await place.open().load(session)), [symbolOf("s", at)]);
    }
    await store.delete(sessions[0]!, ["s"]);
    assertSame(sorted(await store.load(sessions[1]!)), [symbolOf("s", 1)]);
  });

  declare("calls for different symbols may overlap", async (place) => {
    const store = place.open();
    const numbers = Array.from({ length: 40 }, (_, at) => at);
    for (let round = 0; round < 3; round++) {
      await Promise.all(numbers.map(async (at) => {
        await store.put(SPEC, symbolOf(`s${at}`, at));
        if (at % 2 === 1 || round === 1) await store.delete(SPEC, [`s${at}`]);
      }));
      const left = round === 1 ? [] : numbers.filter((at) => at % 2 === 0);
      const found = sorted(await place.open().load(SPEC)).map(({ order }) => order);
      assert.equal(found, left);
    }
  });
}

function parties(declare: Declare): void {
  declare("symbols are back, in their order, when their party is", async (place) => {
    const first = createParty({ store: place.open() });
    const { symbols } = await first.createSession(SPEC);
    await symbols.put("z", { rows: [1n, -0] }, { kind: "share" });
    await symbols.put("gone", 1);
    await symbols.put("a", Float64Array.of(1, 2));
    await symbols.delete("gone");
    await symbols.put("m", "text");
    const listed = symbols.list().map((
      { name, mptype, shape, bytes },
    ) => [name, mptype, shape, bytes]);
    await first.close();

    for (let restarts = 0; restarts < 2; restarts++) {
      const again = createParty({ store: place.open() });
      const session = await again.createSession(SPEC);
      const back = session.symbols;
      assertSame(
        back.list().map(({ name, mptype, shape, bytes }) => [name, mptype, shape, bytes]),
        listed,
      );
      assertSame(back.get("z").value, { rows: [1n, -0] });
      assertSame(back.get("a").value, Float64Array.of(1, 2));
      await back.put("z", { rows: [1n, -0] }, { kind: "share" });
      await partyError(back.put("z", 2), "CONFLICT");
      const other = await again.createSession({ ...SPEC, name: "other" });
      assert.equal(other.symbols.list(), []);
      await again.close();
    }
  });

  declare("a session that is closed takes its symbols with it, for good", async (place) => {
    for (const closes of [true, false]) {
      const party = createParty({ store: place.open() });
      const session = await party.createSession(SPEC);
      assert.equal(session.symbols.list(), []);
      await session.symbols.put("x", 1);
      if (closes) {
        // Created again while the other is on its way out, it must not find what is deleted.
        const closing = session.close();
        const next = await party.createSession(SPEC);
        assert.equal(next.symbols.list(), []);
        await closing;
        await next.symbols.put("y", 1);
        await next.close();
      } else {
        await party.close();
        await session.close(); // it has ended already, and its symbols are to stay
      }
    }
    const last = createParty({ store: place.open() });
    const { symbols } = await last.createSession(SPEC);
    assert.equal(symbols.list().map(({ name }) => name), ["x"]);
    await last.close();
  });

  declare("sessions that are created at once are one, with its symbols", async (place) => {
    const first = createParty({ store: place.open() });
    await (await first.createSession(SPEC)).symbols.put("x", 1);
    await first.close();
    const party = createParty({ store: place.open() });
    const [one, two, other, third] = await Promise.allSettled([
      party.createSession(SPEC),
      party.createSession(SPEC),
      party.createSession({ ...SPEC, rank: 1 }),
      party.createSession(SPEC),
    ]);
    if (one.status !== "fulfilled") throw one.reason;
    assert.is(one.value.symbols.get("x").value, 1);
    for (const same of [two, third]) {
      assert.is(same.status === "fulfilled" && same.value, one.value);
    }
    assert.is(other.status === "rejected" && other.reason.code, "CONFLICT");
    assert.equal(party.sessions(), [one.value]);
    const [late] = [party.createSession({ ...SPEC, name: "late" })];
    const closing = party.close();
    await partyError(late, "DRAINING");
    await closing;
    assert.equal(party.sessions(), []);
  });

  declare("any value comes back as it was", async (place) => {
    const store = place.open();
    let count = 0;
    await fc.assert(
      fc.asyncProperty(sendable, async (value) => {
        const spec = { ...SPEC, name: `v${count++}` };
        const party = createParty({ store });
        await (await party.createSession(spec)).symbols.put("x", value);
        await party.close();
        const again = createParty({ store: place.open() });
        assertSame((await again.createSession(spec)).symbols.get("x").value, value);
        await again.close();
      }),
      { numRuns: 40 },
    );
  });
}
