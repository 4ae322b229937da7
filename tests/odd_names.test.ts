/**
 * Names in bodies and in paths that mean something elsewhere: to JavaScript, to URLs, to files.
 *
 * @module
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { faultsTo } from "./helpers/faults.ts";
import { RawConnection, rawRequest } from "./helpers/raw_http.ts";
import { assertProblem, dataOf, post, request, Served } from "./helpers/served.ts";

const ODD_NAMES = ["__proto__", "constructor", "toString", "hasOwnProperty", "...", "-", "..a"];

let served: Served;
const faults: unknown[] = [];
test.before(async () => {
  served = await Served.start({ log: faultsTo(faults) });
});
test.after(async () => {
  await served.close();
});

function assertNothingPolluted(): void {
  assert.is(({} as Record<string, unknown>).polluted, undefined);
  assert.equal(faults, []);
}

for (const key of [...ODD_NAMES, "..", "a/b", "\0", "ключ 🔑", "\ud800", "k".repeat(1_024)]) {
  test(`a message is delivered under the key ${JSON.stringify(key).slice(0, 40)}`, async () => {
    const { communicator } = served.party.session("demo");
    const data = btoa('{"__proto__":{"polluted":1},"constructor":{"prototype":2}}');
    const body = { from_rank: 1, to_rank: 0, key, data };
    assert.is((await post(served.url("/sessions/demo/comm/send"), body)).status, 200);
    const value = await communicator.recv<Record<string, unknown>>(1, key);
    assert.equal(Object.keys(value), ["__proto__", "constructor"]);
    assert.is(Object.getPrototypeOf(value), Object.prototype);
    assertNothingPolluted();
  });
}

for (const name of ODD_NAMES) {
  test(`${name} is the name of a session and of a symbol like any other`, async () => {
    const path = served.url(`/sessions/${name}`);
    assertProblem(await request(path), 404, "UNKNOWN_SESSION");
    const spec = { name, rank: 0, endpoints: ["http://a.test"] };
    assert.is((await post(served.url("/sessions"), spec)).status, 200);
    assert.is(JSON.parse((await request(path)).text).name, name);

    assertProblem(await request(`${path}/symbols/${name}`), 404, "UNKNOWN_SYMBOL");
    const symbol = { name, mptype: { polluted: 1 }, data: dataOf({ polluted: 1 }) };
    assert.is((await post(`${path}/symbols`, symbol)).status, 200);
    assert.equal(JSON.parse((await request(`${path}/symbols/${name}`)).text), symbol);
    assert.is((await request(`${path}/symbols/${name}`, { method: "DELETE" })).status, 204);
    assertProblem(await request(`${path}/symbols/${name}`), 404, "UNKNOWN_SYMBOL");

    assert.is((await request(path, { method: "DELETE" })).status, 204);
    assertProblem(await request(path), 404, "UNKNOWN_SESSION");
    assertNothingPolluted();
    await served.assertDelivers();
  });
}

test("a name in a path may be percent-encoded", async () => {
  assert.is(JSON.parse((await request(served.url("/sessions/d%65mo"))).text).name, "demo");
});

/** Sends a GET for exactly this path: a proper client would tidy it first. */
async function getRaw(path: string): Promise<{ status: number; headers: Headers; text: string }> {
  const connection = await RawConnection.open(served.server.port);
  try {
    await connection.write(rawRequest(`GET ${path}`));
    const answer = await connection.answer();
    assert.ok(answer, "the connection ended without an answer");
    const { status, headers, body } = answer;
    return { status, headers: new Headers([...headers]), text: body };
  } finally {
    connection.destroy();
  }
}

for (
  const name of [
    "..%2f",
    "..%2fdemo",
    "%2e%2e%2fdemo",
    "demo%2f..",
    "..%5cdemo",
    "demo%2fsymbols",
    "%00",
    "demo%00",
    "%zz",
    "%",
    "%ff",
    "%c0%ae",
    "%25",
    "a%20b",
    "a+b",
    "a'b",
    "%F0%9F%94%91",
    "a".repeat(129),
    "a".repeat(10_240),
  ]
) {
  test(`no session or symbol is named ${name.slice(0, 40)} (${name.length})`, async () => {
    for (const path of [`/sessions/${name}`, `/sessions/demo/symbols/${name}`]) {
      const { detail } = assertProblem(await getRaw(path), 400, "INVALID_REQUEST");
      assert.match(detail, "as the name of a s");
    }
    assertNothingPolluted();
    await served.assertDelivers();
  });
}

for (const name of ["..", "%2e%2e", ".%2e", "%2E."]) {
  test(`a path through ${name} is its shorter form, as in any URL`, async () => {
    assertProblem(await getRaw(`/sessions/${name}/none`), 404, "INVALID_REQUEST");
    assertProblem(
      await getRaw(`/sessions/demo/symbols/${name}/${name}/${name}/x`),
      404,
      "INVALID_REQUEST",
    );
    assert.is((await getRaw(`/sessions/none/${name}/demo`)).status, 200);
    await served.assertDelivers();
  });
}

for (const path of ["//", "//health", "/sessions/demo//symbols//x", "/%", "/%00"]) {
  test(`${path} is no route`, async () => {
    assertProblem(await getRaw(path), 404, "INVALID_REQUEST");
    assert.equal(faults, []);
    await served.assertDelivers();
  });
}

test.run();
