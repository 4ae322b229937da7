/**
 * Bodies that are wrong, sent over a real socket: each is refused with its status and code, and the
 * next good message is delivered.
 *
 * @module
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { faultsTo } from "./helpers/faults.ts";
import { assertProblem, dataOf, post, request, Served } from "./helpers/served.ts";
import { later, partyError, rejection } from "./helpers/waiting.ts";

const MESSAGE = { from_rank: 1, to_rank: 0, key: "k", data: dataOf(1) };
const ABORT = { from_rank: 1, code: "CANCELLED", reason: "enough" };
const SYMBOL = { name: "x", mptype: "u64", data: dataOf(1) };
const SESSION = { name: "s", rank: 0, endpoints: ["http://a.test", "http://b.test"] };
const DEEP = "[".repeat(100_000) + "]".repeat(100_000);

const faults: unknown[] = [];
let served: Served;
test.before(async () => {
  served = await Served.start({ log: faultsTo(faults) });
});
test.after(() => served.close());

/** A body that is wrong: its name, and the body itself or, as text, its JSON. */
type Row = [name: string, body: unknown];

/** Declares a test for each body. */
function refuses(path: string, status: number, code: string, rows: Row[]): void {
  for (const [name, body] of rows) {
    test(`POST ${path}: ${name} is ${status} ${code}`, async () => {
      assertProblem(await post(served.url(path), body), status, code);
      assert.equal(faults, []);
      await served.assertDelivers();
    });
  }
}

/** @returns a row for each field of a good body, without that field */
function without(good: Record<string, unknown>, ...fields: string[]): Row[] {
  return fields.map((field) => {
    const { [field]: _, ...rest } = good;
    return [`no ${field}`, rest];
  });
}

/** @returns a row for each value in place of a field of a good body */
function wrong(good: Record<string, unknown>, field: string, ...values: unknown[]): Row[] {
  return values.map((value) => [
    `${field} of ${JSON.stringify(value).slice(0, 40)}`,
    { ...good, [field]: value },
  ]);
}

/** @returns rows with a field too many; as text, since `__proto__` in a literal is no field */
function extra(good: Record<string, unknown>): Row[] {
  return ["__proto__", "constructor", "toString", "hasOwnProperty", "extra", ""].map((field) => [
    `an extra field ${JSON.stringify(field)}`,
    JSON.stringify(good).replace("{", `{${JSON.stringify(field)}:{"rank":7},`),
  ]);
}

const NO_OBJECTS: Row[] = [
  ["nothing", ""],
  ["malformed JSON", '{"from_rank":1,'],
  ["JSON and more", `${JSON.stringify(MESSAGE)}}`],
  ["single quotes", "{'from_rank':1}"],
  ["NaN", '{"from_rank":NaN}'],
  ["a number", "7"],
  ["null", "null"],
  ["a list", "[]"],
  ["a string", '"from_rank"'],
  ["JSON nested 100,000 deep", DEEP],
  ["a field nested 100,000 deep", `{"from_rank":${DEEP}}`],
];

for (
  const path of [
    "/sessions",
    ...["comm/send", "abort", "symbols"].map((of) => `/sessions/demo/${of}`),
  ]
) {
  refuses(path, 400, "INVALID_REQUEST", NO_OBJECTS);
}

const SEND = "/sessions/demo/comm/send";
refuses(SEND, 400, "INVALID_REQUEST", [
  ...without(MESSAGE, "from_rank", "to_rank", "key", "data"),
  ...extra(MESSAGE),
  ...wrong(MESSAGE, "from_rank", -1, 1.5, 2 ** 53, 1e300, "1", null, true, [1]),
  ...wrong(MESSAGE, "to_rank", -1, 0.5, "0", null),
  ...wrong(MESSAGE, "key", "", "k".repeat(1_025), 7, null, ["k"]),
  ...wrong(MESSAGE, "data", null, 1, [dataOf(1)], { data: "MQ==" }),
  ["a boot without a seq", { ...MESSAGE, boot: "b" }],
  ["a seq without a boot", { ...MESSAGE, seq: 1 }],
  ...wrong({ ...MESSAGE, seq: 1 }, "boot", "", "b".repeat(65), "a/b", 1, null),
  ...wrong({ ...MESSAGE, boot: "b" }, "seq", 0, -1, 1.5, 2 ** 53, "1", null),
]);
refuses(SEND, 400, "WRONG_RANK", [
  ["a from_rank out of range", { ...MESSAGE, from_rank: 2 }],
  ["a huge from_rank", { ...MESSAGE, from_rank: Number.MAX_SAFE_INTEGER }],
  ["a from_rank that is the receiver's", { ...MESSAGE, from_rank: 0 }],
  ["a to_rank that is another party's", { ...MESSAGE, to_rank: 1 }],
  ["a to_rank out of range", { ...MESSAGE, to_rank: 2 }],
]);
refuses(SEND, 400, "SERIALIZATION", [
  ...wrong(
    MESSAGE,
    "data",
    "",
    "M",
    "MQ",
    "MQ=",
    "MR==", // its last bits mean nothing, and are not 0
    "MQ==\n",
    " MQ==",
    "M Q==",
    "MQ==MQ==",
    "MQ===",
    "Pz8_", // the alphabet of URLs
    "Mé==",
    "data:,1",
  ),
  ["data that is no UTF-8", { ...MESSAGE, data: btoa('"\xff\xfe"') }],
  ["data that is no JSON", { ...MESSAGE, data: btoa("{1}") }],
  ["data nested 100,000 deep", { ...MESSAGE, data: btoa(DEEP) }],
  ["data of an unknown kind", { ...MESSAGE, data: dataOf({ $partyline: "Function" }) }],
  ["data of a malformed kind", { ...MESSAGE, data: dataOf({ $partyline: "bigint", value: "0x" }) }],
]);
refuses("/sessions/none/comm/send", 404, "UNKNOWN_SESSION", [["a good message", MESSAGE]]);

refuses("/sessions/demo/abort", 400, "INVALID_REQUEST", [
  ...without(ABORT, "from_rank"),
  ...extra(ABORT),
  ...wrong(ABORT, "from_rank", -1, 1.5, "1", null),
  ...wrong(ABORT, "code", "", "OH_NO", "constructor", 400, null),
  ...wrong(ABORT, "reason", 7, null, "r".repeat(100_000)),
  ...wrong(ABORT, "boot", 7, null),
]);
refuses("/sessions/demo/abort", 400, "WRONG_RANK", wrong(ABORT, "from_rank", 0, 2, 2 ** 53 - 1));
refuses("/sessions/none/abort", 404, "UNKNOWN_SESSION", [["a good abort", ABORT]]);

const BAD_NAMES = ["", ".", "..", "a/b", "a b", "a\0", "é", "a".repeat(129), "a".repeat(10_240), 7];
refuses("/sessions/demo/symbols", 400, "INVALID_REQUEST", [
  ...without(SYMBOL, "name", "data"),
  ...extra(SYMBOL),
  ...wrong(SYMBOL, "name", ...BAD_NAMES),
  ...wrong(SYMBOL, "data", null, 1),
]);
refuses("/sessions/demo/symbols", 400, "SERIALIZATION", [
  ...wrong(SYMBOL, "data", "", "MQ", "MR==", "MQ==\n"),
  ["data nested 100,000 deep", { ...SYMBOL, data: btoa(DEEP) }],
  ["an mptype nested 100,000 deep", `{"name":"deep","data":"MQ==","mptype":${DEEP}}`],
]);
refuses("/sessions/none/symbols", 404, "UNKNOWN_SESSION", [["a good symbol", SYMBOL]]);

refuses("/sessions", 400, "INVALID_REQUEST", [
  ...without(SESSION, "name", "rank", "endpoints"),
  ...extra(SESSION),
  ...wrong(SESSION, "name", ...BAD_NAMES),
  ...wrong(SESSION, "rank", -1, 0.5, 2, 2 ** 53, "0", null),
  ...wrong(SESSION, "endpoints", [], {}, "http://a.test", null, [7], Array(1_025).fill("http://a")),
  ...[
    "a.test",
    "ftp://a.test",
    "http://u:p@a.test",
    "http://a.test?q",
    "http://a.test#f",
    "http://",
  ]
    .flatMap((endpoint) => wrong(SESSION, "endpoints", [endpoint])),
]);

test("a key is free again once its message was received", async () => {
  const { communicator } = served.party.session("demo");
  for (const value of [1, 2]) {
    const body = { ...MESSAGE, key: "twice", data: dataOf(value) };
    assert.is((await post(served.url(SEND), body)).status, 200);
    assert.is(await communicator.recv(1, "twice"), value);
  }
});

test("a key whose message is unread is 409 DUPLICATE_KEY, and the session fails", async () => {
  const twice = await Served.start();
  try {
    const { communicator } = twice.party.session("demo");
    const [waiting] = later(communicator.recv(1, "other"));
    assert.is((await post(twice.url(SEND), MESSAGE)).status, 200);
    const again = { ...MESSAGE, data: dataOf(2) };
    assertProblem(await post(twice.url(SEND), again), 409, "DUPLICATE_KEY");
    const error = await partyError(waiting!, "DUPLICATE_KEY");
    assert.is(await rejection(communicator.recv(1, "k")), error, "neither of the two is given out");
    assert.is(twice.party.session("demo").state, "failed");
    const problem = assertProblem(await post(twice.url(SEND), again), 409, "PEER_ABORTED");
    assert.equal([problem.peer_rank, problem.peer_code], [0, "DUPLICATE_KEY"]);
    assert.is(problem.reason, error.message);
  } finally {
    await twice.close();
  }
});

test("a message that the mailbox has no room for is 429 MAILBOX_FULL, until there is", async () => {
  const small = await Served.start({ maxMailboxBytes: 100 });
  try {
    const send = (key: string) =>
      post(small.url(SEND), { ...MESSAGE, key, data: dataOf("x".repeat(58)) });
    assert.is((await send("a")).status, 200);
    const refused = await send("b");
    assertProblem(refused, 429, "MAILBOX_FULL");
    assert.match(refused.headers.get("retry-after")!, /^[1-9]\d*$/);
    await small.assertDelivers(); // for a recv that waits there is always room
    assert.is(await small.party.session("demo").communicator.recv(1, "a"), "x".repeat(58));
    assert.is((await send("b")).status, 200);
  } finally {
    await small.close();
  }
});

test("a symbol with an mptype that is too deep is not kept", async () => {
  assert.is((await request(served.url("/sessions/demo/symbols/deep"))).status, 404);
  assert.is((await request(served.url("/sessions/demo/symbols"))).text, '{"symbols":[]}');
});

test("nothing that was refused left a trace", () => {
  assert.equal(served.party.sessions().map(({ name }) => name), ["demo"]);
  assert.is(served.party.session("demo").state, "open");
  assert.is(({} as Record<string, unknown>).rank, undefined);
  assert.equal(faults, []);
});

test.run();
