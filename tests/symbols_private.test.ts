/**
 * A party's private data: programs use them, nobody reads them over HTTP.
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import * as v from "valibot";
import { createParty, defineProgram, memoryStore, type Table } from "../mod.ts";
import { encodeCbor } from "../lib/wire/cbor.ts";
import { assertProblem, dataOf, post, request, Served } from "./helpers/served.ts";
import { partyError } from "./helpers/waiting.ts";

const PATIENTS: Table = { age: [41, 77, null], name: ["Ada", "Grace", "Alan"] };
const CBOR = { "content-type": "application/cbor" };

/** Adds up the ages that it is given, and ruins what it was given. */
const ages = defineProgram({
  name: "ages",
  version: "1.0.0",
  description: "Made up for a test.",
  inputs: {
    table: v.object({ age: v.array(v.nullable(v.number())) }),
    weights: v.optional(v.any()),
  },
  outputs: { total: v.number() },
  run: ({ inputs: { table, weights } }) => {
    const total = table.age.reduce<number>((sum, age) => sum + (age ?? 0), 0);
    table.age.fill(0);
    weights?.fill(0);
    return Promise.resolve({ total });
  },
});

/** Runs a test with a party that has private data and a session `solo` of itself. */
async function withParty(body: (served: Served, solo: string) => Promise<void>): Promise<void> {
  const served = await Served.start({
    programs: [ages],
    data: { patients: PATIENTS, weights: Float64Array.of(1, 2) },
  });
  try {
    for (const name of ["solo", "duo"]) {
      await served.party.createSession({ name, rank: 0, endpoints: [served.server.url] });
    }
    await body(served, served.url("/sessions/solo"));
  } finally {
    await served.close();
  }
}

test("private data are listed in every session, and are not to be read, replaced or deleted", async () => {
  await withParty(async (served) => {
    for (const session of ["demo", "solo", "duo"]) {
      const url = served.url(`/sessions/${session}/symbols`);
      const listed = [
        {
          name: "patients",
          mptype: null,
          shape: [2, 3],
          bytes: encodeCbor(PATIENTS).byteLength,
          private: true,
        },
        { name: "weights", mptype: null, shape: [2], bytes: 19, private: true },
      ];
      assert.equal(JSON.parse((await request(url)).text).symbols, listed);
      for (const accept of ["*/*", "application/json", "application/cbor"]) {
        const read = await request(`${url}/patients`, { headers: { accept } });
        assertProblem(read, 403, "FORBIDDEN");
        assert.not.match(read.text, /Ada|41|77/);
        const head = await request(`${url}/patients`, { method: "HEAD", headers: { accept } });
        assert.equal([head.status, head.text], [403, ""]);
      }
      assertProblem(await request(`${url}/patients`, { method: "DELETE" }), 403, "FORBIDDEN");
      // The same value is refused as any other is, or who guesses it could tell.
      for (const value of [PATIENTS, 1]) {
        const symbol = { name: "patients", data: dataOf(value) };
        assertProblem(await post(url, symbol), 409, "CONFLICT");
        const put = await fetch(`${url}/patients`, {
          method: "PUT",
          headers: CBOR,
          body: encodeCbor(value) as BodyInit,
        });
        const answer = { status: put.status, headers: put.headers, text: await put.text() };
        assertProblem(answer, 409, "CONFLICT");
      }
      assert.equal(JSON.parse((await request(url)).text).symbols, listed);
    }
  });
});

test("programs use private data in every session, as copies", async () => {
  await withParty(async (served) => {
    for (const session of ["solo", "duo"]) {
      for (let times = 0; times < 2; times++) {
        const url = served.url(`/sessions/${session}`);
        const body = {
          computation_id: `c${times}`,
          program: "ages",
          input_names: { table: "patients" },
          output_names: { total: `total${times}` },
        };
        const answer = await post(`${url}/computations`, body);
        assert.is(JSON.parse(answer.text).state, "completed", answer.text);
        const total = JSON.parse((await request(`${url}/symbols/total${times}`)).text);
        assert.is(total.data, dataOf(118));
      }
      const { symbols } = served.party.session(session);
      assert.equal(symbols.get("patients").value, PATIENTS);
      assert.equal(symbols.get("weights").value, Float64Array.of(1, 2));
    }
  });
});

test("outputs do not take the place of private data", async () => {
  await withParty(async (served, solo) => {
    const body = {
      computation_id: "c",
      program: "ages",
      input_names: { table: "patients" },
      output_names: { total: "patients" },
    };
    assertProblem(await post(`${solo}/computations`, body), 409, "CONFLICT");
    assert.equal(served.party.session("solo").symbols.get("patients").value, PATIENTS);
  });
});

test("private data are nowhere but at the party: not in its store, and not over its restart", async () => {
  const store = memoryStore();
  const spec = { name: "s", rank: 0, endpoints: ["http://127.0.0.1:2"] };
  const data = { secret: [1, 2, 3] };
  const party = createParty({ store, data });
  data.secret.push(4); // they were taken as they were
  const { symbols } = await party.createSession(spec);
  assert.equal([symbols.get("secret").value, symbols.get("secret").isPrivate], [[1, 2, 3], true]);
  await symbols.put("x", 1);
  await partyError(symbols.put("secret", [1, 2, 3]), "CONFLICT");
  await partyError(symbols.delete("secret"), "FORBIDDEN");
  await party.close();
  assert.equal(symbols.list(), []);
  assert.equal((await store.load(spec)).symbols.map(({ name }) => name), ["x"]);
  const again = createParty({ store });
  assert.equal((await again.createSession(spec)).symbols.list().map(({ name }) => name), ["x"]);
  await again.close();
});

test("private data with a bad name, or that are no plain data, make no party", () => {
  for (
    const [code, data] of [
      ["INVALID_REQUEST", { "a b": 1 }],
      ["SERIALIZATION", { f: () => 1 }],
    ] as const
  ) {
    try {
      createParty({ data });
    } catch (error) {
      assert.is((error as { code: string }).code, code);
      continue;
    }
    assert.unreachable("it was made");
  }
});

test.run();
