/**
 * What a party says of input that is wrong: one short sentence that names the field.
 *
 * @module
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { assertProblem, dataOf, post, Served } from "./helpers/served.ts";

const SECRET = "a value that is nobody's affair";
const MESSAGE = { from_rank: 1, to_rank: 0, key: "k", data: dataOf(1) };
const SESSION = { name: "s", rank: 0, endpoints: ["http://a.test"] };
const ABORT = { from_rank: 1 };
const SYMBOL = { name: "x", data: dataOf(1) };

let served: Served;
test.before(async () => {
  served = await Served.start();
});
test.after(() => served.close());

const ROWS: [path: string, body: unknown, detail: string][] = [
  ["", 7, "a session: it has to be an object, not a number"],
  ["", { rank: 0, endpoints: [] }, "a session: name is missing"],
  ["", { ...SESSION, extra: SECRET }, "a session: field extra is unknown"],
  ["", { ...SESSION, "a b": SECRET }, 'a session: field ["a b"] is unknown'],
  ["", { ...SESSION, name: [SECRET] }, "a session: name has to be a string, not an array"],
  [
    "",
    { ...SESSION, name: "a/b" },
    "a session: name: use 1 to 128 letters, digits, '.', '_' or '-', but not '.' or '..'",
  ],
  ["", { ...SESSION, rank: -1 }, "a session: rank: use a whole number from 0"],
  ["", { ...SESSION, rank: null }, "a session: rank has to be a number, not null"],
  [
    "",
    { ...SESSION, endpoints: ["http://a.test", 7] },
    "a session: endpoints[1] has to be a string, not a number",
  ],
  ["", { ...SESSION, endpoints: [] }, "a session: endpoints: give 1 to 1024 of them"],
  [
    "",
    { ...SESSION, rank: 1 },
    "a session: rank 1 does not exist among the endpoints of 1 party",
  ],
  ["/demo/comm/send", { ...MESSAGE, key: "" }, "a message: key: use 1 to 1024 characters"],
  ["/demo/comm/send", { ...MESSAGE, boot: "b" }, "a message: boot and seq come together"],
  [
    "/demo/comm/send",
    { ...MESSAGE, boot: "b", seq: 0 },
    "a message: seq: use a whole number from 1",
  ],
  [
    "/demo/abort",
    { ...ABORT, code: SECRET },
    "an abort: code: use the code of a PartyError, such as INTERNAL or CANCELLED",
  ],
  [
    "/demo/symbols",
    { ...SYMBOL, data: 1 },
    "a symbol: data has to be a string, not a number",
  ],
];

for (const [path, body, detail] of ROWS) {
  test(`POST /sessions${path}: ${detail}`, async () => {
    const answer = await post(served.url(`/sessions${path}`), body);
    assert.is(assertProblem(answer, 400, "INVALID_REQUEST").detail, `Cannot take ${detail}`);
  });
}

test("a body without a media type is said to have none", async () => {
  const body = new TextEncoder().encode("{}");
  const answer = await served.party.fetch(
    new Request(served.url("/sessions"), { method: "POST", body }),
  );
  assert.is(answer.status, 415);
  assert.match((await answer.json()).detail, "a body without a media type: send application/json");
});

test("an integer that a number does not hold is refused, not altered", async () => {
  const data = btoa('{"big":12345678901234567890}');
  for (
    const [path, body] of [["comm/send", { ...MESSAGE, data }], ["symbols", { ...SYMBOL, data }]]
  ) {
    const answer = await post(served.url(`/sessions/demo/${path}`), body);
    assert.match(assertProblem(answer, 400, "SERIALIZATION").detail, /20 digits.*bigint/);
  }
});

test("a closed party says 503 DRAINING to who asks it for a session", async () => {
  const ending = await Served.start();
  await ending.party.close();
  const answer = await post(ending.url("/sessions"), SESSION);
  assertProblem(answer, 503, "DRAINING");
  assert.match(answer.headers.get("retry-after")!, /^[1-9]\d*$/);
  await ending.close();
});

/** A request whose body comes once it is let go. */
function slowRequest(url: string, body: unknown): [Request, () => void] {
  let letGo!: () => void;
  const going = new Promise<void>((resolve) => letGo = resolve);
  const stream = new ReadableStream({
    async pull(controller) {
      await going;
      controller.enqueue(new TextEncoder().encode(JSON.stringify(body)));
      controller.close();
    },
  });
  const init = { method: "POST", headers: { "content-type": "application/json" }, body: stream };
  return [new Request(url, { ...init, duplex: "half" } as RequestInit), letGo];
}

for (const [path, body] of [["comm/send", MESSAGE], ["abort", ABORT], ["symbols", SYMBOL]]) {
  test(`a session that closes while the body of ${path} comes is 404, its next one is met`, async () => {
    const { party, server } = served;
    const create = () =>
      party.createSession({ name: "s", rank: 0, endpoints: [server.url, "http://127.0.0.1:2"] });
    const url = served.url(`/sessions/s/${path}`);
    const old = await create();
    const [late, letGoLate] = slowRequest(url, body);
    const refused = party.fetch(late);
    await old.close();
    letGoLate();
    const answer = await refused;
    assertProblem(
      { ...answer, status: answer.status, headers: answer.headers, text: await answer.text() },
      404,
      "UNKNOWN_SESSION",
    );

    const before = await create();
    const [request, letGo] = slowRequest(url, body);
    const taken = party.fetch(request);
    await before.close();
    const next = await create();
    letGo();
    assert.is((await taken).status, 200);
    if (path === "comm/send") assert.is(await next.communicator.recv(1, "k"), 1);
    if (path === "abort") assert.is(next.state, "failed");
    if (path === "symbols") assert.is(next.symbols.get("x").value, 1);
    await next.close();
  });
}

test("a failed session tells who failed, the code, and of its own failure nothing else", async () => {
  const failed = await Served.start();
  const { communicator } = failed.party.session("demo");
  const send = async (more: object) =>
    await post(failed.url("/sessions/demo/comm/send"), { ...MESSAGE, ...more });
  assert.is((await send({ boot: "b", seq: 1 })).status, 200);
  await communicator.abort(new Error(`${SECRET} in /home/me/x.csv`));
  for (const more of [{}, { boot: "b", seq: 2 }]) {
    const answer = await send(more);
    const { detail, ...problem } = assertProblem(answer, 409, "PEER_ABORTED");
    assert.match(detail, /demo.*rank 0.*INTERNAL/);
    assert.equal([problem.peer_rank, problem.peer_code], [0, "INTERNAL"]);
    assert.is(problem.reason, "its program failed; what it threw is known to that party alone");
    assert.not.match(answer.text, /nobody's affair|home/);
  }
  assertProblem(await send({ boot: "next", seq: 1 }), 404, "UNKNOWN_SESSION");
  await failed.close();
});

test("a session that another failed says so with the words of that one's farewell", async () => {
  const failed = await Served.start();
  const farewell = { from_rank: 1, code: "CONFLICT", reason: "two of a kind", boot: "b" };
  assert.is((await post(failed.url("/sessions/demo/abort"), farewell)).status, 200);
  const answer = await post(failed.url("/sessions/demo/comm/send"), MESSAGE);
  const problem = assertProblem(answer, 409, "PEER_ABORTED");
  assert.equal(
    [problem.peer_rank, problem.peer_code, problem.reason],
    [1, "CONFLICT", "two of a kind"],
  );
  await failed.close();
});

test.run();
