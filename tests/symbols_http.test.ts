/**
 * Symbols as CBOR, over a real socket.
 */

import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { decodeJson } from "../mod.ts";
import { base64 } from "../lib/deps.ts";
import { decodeCbor, encodeCbor } from "../lib/wire/cbor.ts";
import { faultsTo } from "./helpers/faults.ts";
import { fromHex } from "./helpers/hex.ts";
import { assertProblem, dataOf, post, request, Served } from "./helpers/served.ts";
import { assertSame } from "./helpers/same.ts";
import { plain, sendable } from "./helpers/values.ts";

const CBOR = "application/cbor";
const faults: unknown[] = [];
let served: Served;
test.before(async () => {
  served = await Served.start({
    log: faultsTo(faults),
    maxRequestBytes: 1_000_000,
    maxSymbolBytes: 3_000_000,
  });
});
test.after(() => served.close());
test.after.each(async () => {
  const { symbols } = served.party.session("demo");
  for (const { name } of symbols.list()) await symbols.delete(name);
});

function urlOf(name: string): string {
  return served.url(`/sessions/demo/symbols/${name}`);
}

/** @param isStreamed whether the body says nothing of its length before */
async function put(
  name: string,
  body: Uint8Array,
  headers: Record<string, string> = {},
  isStreamed = false,
) {
  const init: RequestInit & { duplex?: "half" } = {
    method: "PUT",
    headers: { "content-type": CBOR, ...headers },
    body: isStreamed ? new Blob([body as BlobPart]).stream() : body as BodyInit,
  };
  if (isStreamed) init.duplex = "half";
  const response = await fetch(urlOf(name), init);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

async function get(name: string, accept: string, method = "GET") {
  const response = await fetch(urlOf(name), { method, headers: { accept } });
  const { status, headers } = response;
  return { status, headers, bytes: new Uint8Array(await response.arrayBuffer()) };
}

test("a symbol is put as CBOR, and read as CBOR or as JSON", async () => {
  const mptype = { kind: "share", of: ["é\n", { modulus: "2^64" }] };
  const header = '{"kind":"share","of":["\\u00e9\\n",{"modulus":"2^64"}]}';
  const value = { weights: Float64Array.of(1, NaN), big: 2n ** 70n };
  const body = encodeCbor(value);
  for (const status of [201, 200]) {
    const answer = await put("x", body, { "partyline-mptype": header });
    assert.is(answer.status, status, answer.text);
    assert.equal(JSON.parse(answer.text), { name: "x", mptype });
  }
  const cbor = await get("x", CBOR);
  assert.equal([cbor.status, cbor.bytes], [200, body]);
  assert.is(cbor.headers.get("content-type"), CBOR);
  assert.is(cbor.headers.get("partyline-mptype"), header);
  assert.match(cbor.headers.get("vary")!, /accept/i);
  const json = await request(urlOf("x"));
  assert.match(json.headers.get("content-type")!, "application/json");
  const { data, ...rest } = JSON.parse(json.text);
  assert.equal(rest, { name: "x", mptype });
  assertSame(decodeJson(new TextDecoder().decode(base64.decode(data))), value);
  const head = await get("x", CBOR, "HEAD");
  assert.equal([head.status, head.bytes.length], [200, 0]);
  assert.is(head.headers.get("content-type"), CBOR);
  assertSame(served.party.session("demo").symbols.get("x").value, value);
});

test("a symbol that came as JSON is read as CBOR, and is the same as the one in CBOR", async () => {
  const json = { name: "x", mptype: "u64", data: dataOf([1, { two: 2.5 }]) };
  assert.is((await post(served.url("/sessions/demo/symbols"), json)).status, 200);
  const { bytes } = await get("x", CBOR);
  assertSame(decodeCbor(bytes), [1, { two: 2.5 }]);
  assert.is((await put("x", bytes, { "partyline-mptype": '"u64"' })).status, 200);
  assert.is((await put("y", encodeCbor(1))).status, 201);
  assert.is((await get("y", CBOR)).headers.get("partyline-mptype"), "null");
});

test("another value or type under the same name is a conflict", async () => {
  const type = { "partyline-mptype": '"u64"' };
  assert.is((await put("x", encodeCbor(0), type)).status, 201);
  for (const [value, headers] of [[-0, type], [0n, type], [0, {}]] as const) {
    assertProblem(await put("x", encodeCbor(value), headers), 409, "CONFLICT");
  }
  assert.equal((await get("x", CBOR)).bytes, encodeCbor(0));
});

test("any value travels in CBOR both ways, and any plain type", async () => {
  await fc.assert(
    fc.asyncProperty(sendable, plain, async (value, mptype) => {
      const json = JSON.stringify(mptype);
      fc.pre(json.length < 600 && !json.includes("$partyline"));
      const ascii = json.replaceAll(
        /[^\x20-\x7e]/g,
        (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
      );
      const answer = await put("any", encodeCbor(value), { "partyline-mptype": ascii });
      assert.is(answer.status, 201, answer.text);
      const { bytes, headers } = await get("any", CBOR);
      assertSame(decodeCbor(bytes), value);
      assertSame(JSON.parse(headers.get("partyline-mptype")!), JSON.parse(json));
      assert.is((await request(urlOf("any"), { method: "DELETE" })).status, 204);
    }),
    { numRuns: 60 },
  );
});

const ACCEPTS: [accept: string, cbor: boolean][] = [
  ["*/*", false],
  ["application/json", false],
  ["application/*", false],
  ["application/cbor", true],
  ["Application/CBOR; q=0.5, */*;q=0.1", true],
  ["text/html, application/cbor", true],
  ["application/json, application/cbor", false],
  ["application/cbor, application/json;q=0.9", true],
  ["application/cbor;q=0.8, application/json", false],
  ["application/cbor;q=0", false],
  ["application/cbor;q=x", false],
];

for (const [accept, cbor] of ACCEPTS) {
  test(`Accept: ${accept} is answered in ${cbor ? "CBOR" : "JSON"}`, async () => {
    await put("x", encodeCbor(1));
    const { headers } = await get("x", accept);
    assert.match(headers.get("content-type")!, cbor ? CBOR : "application/json");
  });
}

const HOSTILE: [what: string, body: Uint8Array][] = [
  ["nothing", new Uint8Array()],
  ["a cut item", fromHex("83 01 02")],
  ["two items", fromHex("01 02")],
  ["an array of 2^63 items", fromHex("9b 7f ff ff ff ff ff ff ff 01")],
  ["a byte string of 2^63 bytes", fromHex("5b 7f ff ff ff ff ff ff ff 01")],
  ["arrays 900,000 deep", new Uint8Array(900_000).fill(0x81)],
  ["tags 900,000 deep", new Uint8Array(900_000).fill(0xc2)],
  ["a key twice", fromHex("a2 61 61 01 61 61 02")],
  ["a key that is no text", fromHex("a1 01 02")],
  ["an unknown tag", fromHex("d9 03 e7 01")],
  ["a part of a message", fromHex("da 50 41 52 54 00")],
  ["a typed array of half an element", fromHex("d8 56 41 01")],
  ["text that is not UTF-8", fromHex("61 ff")],
  ["a reserved simple value", fromHex("f8 1f")],
  ["JSON", new TextEncoder().encode('{"a":1}')],
];

for (const [what, body] of HOSTILE) {
  test(`a body of ${what} is 400 SERIALIZATION, and nothing is kept`, async () => {
    assertProblem(await put("x", body), 400, "SERIALIZATION");
    assert.is((await request(urlOf("x"))).status, 404);
    assert.equal(faults, []);
    await served.assertDelivers();
  });
}

test("random bytes are taken or refused, and never break the party", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), async (body) => {
      const answer = await put("any", body);
      if (answer.status !== 201) assertProblem(answer, 400, "SERIALIZATION");
      else await request(urlOf("any"), { method: "DELETE" });
    }),
    { numRuns: 200 },
  );
  assert.equal(faults, []);
});

test("a type that is no JSON in ASCII, or too long, is refused", async () => {
  for (const header of ["", "{", "u64", '"\xe9"', "[1] [2]", "NaN"]) {
    const answer = await put("x", encodeCbor(1), { "partyline-mptype": header });
    assertProblem(answer, 400, "INVALID_REQUEST");
  }
  for (const header of [`"${"x".repeat(5_000)}"`, '{"$partyline":"undefined"}']) {
    const answer = await put("x", encodeCbor(1), { "partyline-mptype": header });
    assertProblem(answer, 400, "SERIALIZATION");
  }
  assert.is((await request(urlOf("x"))).status, 404);
});

test("another media type, name or session is refused", async () => {
  const body = encodeCbor(1);
  for (const type of ["application/json", "application/cbor-seq", "text/plain"]) {
    assertProblem(await put("x", body, { "content-type": type }), 415, "INVALID_REQUEST");
  }
  assert.is((await put("x", body, { "content-type": "Application/CBOR; x=y" })).status, 201);
  assertProblem(await put("a%2fb", body), 400, "INVALID_REQUEST");
  const url = served.url("/sessions/none/symbols/x");
  const headers = { "content-type": CBOR };
  const none = await fetch(url, { method: "PUT", headers, body: body as BodyInit });
  const answer = { status: none.status, headers: none.headers, text: await none.text() };
  assertProblem(answer, 404, "UNKNOWN_SESSION");
});

test("symbols as CBOR are limited by maxSymbolBytes alone, each and together", async () => {
  const large = await put("x", encodeCbor(new Uint8Array(3_000_000)));
  assert.match(assertProblem(large, 413, "PAYLOAD_TOO_LARGE").detail, /maxSymbolBytes/);
  const chunked = await put("x", encodeCbor(new Uint8Array(3_000_000)), {}, true);
  assert.match(assertProblem(chunked, 413, "PAYLOAD_TOO_LARGE").detail, /maxSymbolBytes/);
  assert.is((await put("x", encodeCbor(new Uint8Array(2_900_000)), {}, true)).status, 201);
  assert.is((await request(urlOf("x"), { method: "DELETE" })).status, 204);
  for (const name of ["a", "b", "c"]) {
    assert.is((await put(name, encodeCbor(new Uint8Array(900_000)))).status, 201);
  }
  const full = await put("d", encodeCbor(new Uint8Array(900_000)));
  assert.match(assertProblem(full, 413, "PAYLOAD_TOO_LARGE").detail, /delete.*maxSymbolBytes/);
  const list = JSON.parse((await request(served.url("/sessions/demo/symbols"))).text);
  assert.equal(
    list.symbols.map(({ name, shape, bytes }: Record<string, unknown>) => [name, shape, bytes]),
    ["a", "b", "c"].map((name) => [name, [900_000], 900_005]),
  );
  assert.is((await request(urlOf("a"), { method: "DELETE" })).status, 204);
  assert.is((await put("d", encodeCbor(new Uint8Array(900_000)))).status, 201);
});

test("a value of 64 MiB is put and read with a party's own limits", async () => {
  const { party, server } = await Served.start();
  try {
    const url = `${server.url}/sessions/demo/symbols/large`;
    const value = new Uint8Array(64 * 1024 * 1024).fill(7);
    const headers = { "content-type": CBOR };
    const answer = await fetch(url, {
      method: "PUT",
      headers,
      body: encodeCbor(value) as BodyInit,
    });
    assert.is(answer.status, 201, await answer.text());
    const read = await fetch(url, { headers: { accept: CBOR } });
    const bytes = decodeCbor(new Uint8Array(await read.arrayBuffer())) as Uint8Array;
    assert.is(bytes.length, value.length);
    assert.ok(bytes.every((byte) => byte === 7));
  } finally {
    await server.close();
    await party.close();
  }
});

test.run();
