import { createServer } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { HttpCommunicator } from "../lib/comm/http.ts";
import {
  NetworkError,
  type PartyError,
  type PeerAbortedError,
  TimeoutError,
} from "../lib/errors.ts";
import { createParty } from "../lib/party.ts";
import { serve } from "../lib/serve/serve.ts";
import { findRuntimes, OWN_RUNTIME, ScriptProcess } from "../scripts/processes.ts";
import { type Fault, type FaultProxy, type Seen, startFaultProxy } from "./helpers/fault_proxy.ts";
import { withJsonPeer } from "./helpers/json_peer.ts";
import { startParties } from "./helpers/parties.ts";
import { later, partyError, rejection, until } from "./helpers/waiting.ts";

/** A port on which nothing listens, below those that systems give out, so that it stays free. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 18_000);
    const probe = createServer();
    const free = await new Promise<boolean>((resolve) => {
      probe.once("error", () => resolve(false)).listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!free) continue;
    await new Promise((resolve) => probe.close(resolve));
    return port;
  }
}

test("parties start in any order: the server, and the session, may come later", async () => {
  const port = await freePort();
  const [alice, bob] = [createParty(), createParty()];
  const aliceServer = await serve(alice, { port: 0 });
  const endpoints = [aliceServer.url, `http://127.0.0.1:${port}`];
  const spec = { name: "late", endpoints };
  const atAlice = (await alice.createSession({ ...spec, rank: 0 })).communicator;
  const sent = later(...["a", "b"].map((key) => atAlice.send(1, key, key)));
  const retries = () => atAlice.stats[1]!.retries;

  await until(() => retries() > 1, "the server was missed");
  const bobServer = await serve(bob, { port });
  const before = retries();
  await until(() => retries() > before + 1, "the session was missed");
  const atBob = (await bob.createSession({ ...spec, rank: 1 })).communicator;
  await Promise.all(sent);
  assert.is(await atBob.recv(0, "a"), "a");
  assert.is(await atBob.recv(0, "b"), "b");
  assert.is(atBob.stats[0]!.messagesReceived, 2);
  await Promise.all([alice.close(), bob.close()]);
  await Promise.all([aliceServer.close(), bobServer.close()]);
});

test("a peer that never comes is a timeout that names rank, key, time and cause", async () => {
  const alice = createParty();
  const endpoints = ["http://127.0.0.1:2", `http://127.0.0.1:${await freePort()}`];
  const { communicator } = await alice.createSession({ name: "alone", rank: 0, endpoints });
  const error = await partyError(communicator.send(1, "k", 1, { timeoutMs: 300 }), "SEND_TIMEOUT");
  assert.instance(error, TimeoutError);
  assert.is(error.rank, 1);
  assert.is(error.key, "k");
  assert.ok(error.elapsedMs! >= 295, `${error.elapsedMs}`);
  assert.match(error.message, `"k" to rank 1`);
  assert.match(error.message, `${error.elapsedMs} ms`);
  const cause = error.cause as NetworkError;
  assert.instance(cause, NetworkError);
  assert.is(cause.code, "NETWORK");
  assert.is(cause.rank, 1);
  assert.instance(cause.cause, Error);
  await alice.close();
});

test("a session that is never created is a timeout that says so", async () => {
  const { parties: [alice], endpoints, close } = await startParties(2);
  const { communicator } = await alice!.createSession({ name: "s", rank: 0, endpoints });
  const error = await partyError(communicator.send(1, "k", 1, { timeoutMs: 300 }), "SEND_TIMEOUT");
  assert.match(error.message, "There is no session s at this party");
  assert.is((error.cause as NetworkError).code, "NETWORK");
  assert.is(((error.cause as Error).cause as PartyError).code, "UNKNOWN_SESSION");
  await close();
});

for (const linked of [true, false]) {
  const what = linked ? "over links" : "in the JSON form";
  test(`a peer that takes requests and never answers is a timeout, ${what}`, async () => {
    await withJsonPeer(
      () => "silence",
      async ({ alice }) => {
        const error = await partyError(alice.send(1, "k", 1, { timeoutMs: 200 }), "SEND_TIMEOUT");
        assert.match(error.message, "no answer came");
        assert.is((error.cause as NetworkError).code, "NETWORK");
        assert.is(alice.failure, error, "who waits for the message must hear of it");
        assert.equal([alice.failureCause!.rank, alice.failureCause!.code], [0, "SEND_TIMEOUT"]);
      },
      {},
      linked ? "silence" : { status: 404 },
    );
  });
}

test("a peer that says 404, 405 or 415 to links has none, and is sent JSON", async () => {
  for (const status of [404, 405, 415]) {
    await withJsonPeer(
      () => "pass",
      async ({ alice, bob, sends }) => {
        const keys = ["a", "b", "c"];
        await Promise.all(keys.map((key) => alice.send(1, key, { key, big: 2n ** 70n })));
        for (const key of keys) assert.equal(await bob.recv(0, key), { key, big: 2n ** 70n });
        assert.equal(sends().map(({ body }) => body.seq), [1, 2, 3]);
        assert.is(alice.describe()[0]!.link.kind, "json");
        await bob.send(0, "back", 1);
        assert.is(await alice.recv(1, "back"), 1, "the other way there is a link");
        assert.is.not(bob.describe()[0]!.link.kind, "json");
      },
      {},
      { status, body: '{"code":"INVALID_REQUEST"}' },
    );
  }
});

const PASSING: Fault[] = [
  { status: 502, body: "<html>Bad Gateway</html>" },
  { status: 503, headers: { "retry-after": "0" } },
  { status: 504 },
  { status: 429 },
  { status: 503, headers: { "retry-after": "Wed, 21 Oct 2099 07:28:00 GMT" } },
];

test("a send that is given up does not hold up the next one, nor fail the session", async () => {
  const choose = ({ body }: Seen) => body.key === "given up" ? { status: 503 } : "pass";
  await withJsonPeer(choose, async ({ alice, bob, sends }) => {
    for (const what of ["before the peer was known", "after"]) {
      const stop = new AbortController();
      const [givenUp] = later(alice.send(1, "given up", what, { signal: stop.signal }));
      const next = alice.send(1, "next", what);
      const before = sends().length;
      await until(() => sends().length > before + 1, "it was tried again");
      stop.abort("enough");
      assert.is(await rejection(givenUp!), "enough");
      await next;
      assert.is(await bob.recv(0, "next"), what);
    }
    assert.is(alice.failure, undefined);
  });
});

test("what a gateway answers for a while to JSON is waited out", async () => {
  const choose = (_: unknown, attempt: number) => PASSING[attempt - 1] ?? "pass";
  await withJsonPeer(choose, async ({ alice, bob }) => {
    await alice.send(1, "k", 1);
    assert.is(await bob.recv(0, "k"), 1);
    assert.is(alice.stats[1]!.retries, PASSING.length);
    assert.is(bob.stats[0]!.messagesReceived, 1);
  });
});

test("a peer that asks for time is left alone for that time, over links and in the JSON form", async () => {
  const assertLeftAlone = ([first, second]: Seen[]) =>
    assert.ok(second!.at - first!.at >= 950, `${second!.at - first!.at} ms`);
  await Promise.all([429, 503].map(async (status) => {
    const wait: Fault = { status, headers: { "retry-after": "1" } };
    await withJsonPeer((_, attempt) => attempt === 1 ? wait : "pass", async ({ alice, sends }) => {
      await alice.send(1, "k", 1);
      assertLeftAlone(sends());
    });
    await withStranger(wait, async (alice, { seen }) => {
      await partyError(alice.send(1, "k", 1, { timeoutMs: 1_800 }), "SEND_TIMEOUT");
      assert.match(seen[0]!.path, "/comm/link");
      assertLeftAlone(seen);
    });
  }));
});

/** Runs a test with a party whose only peer gives one answer to everything but farewells. */
async function withStranger(
  answer: Fault,
  body: (alice: HttpCommunicator, stranger: FaultProxy) => Promise<void>,
): Promise<void> {
  const stranger = await startFaultProxy(
    () => "",
    ({ path }) => path.endsWith("/abort") ? { status: 200 } : answer,
  );
  const party = createParty();
  const endpoints = ["http://127.0.0.1:2", stranger.url];
  const session = await party.createSession({ name: "s", rank: 0, endpoints });
  try {
    await body(session.communicator, stranger);
  } finally {
    await party.close();
    await stranger.close();
  }
}

const HTML = "<!doctype html>\n<title>Welcome</title>\n" + "<p>Hello</p>\n".repeat(1_000);
const STRANGERS: [name: string, answer: Fault, says: string][] = [
  ["a web page", { status: 200, body: HTML }, "status 200"],
  ["nothing at all", { status: 200 }, "status 200"],
  ["other JSON", { status: 200, body: '{"status":"fine"}' }, "status 200"],
  ["no content", { status: 204 }, "status 204"],
  ["not found", { status: 404, body: HTML }, "status 404"],
  ["not found, with a code of its own", { status: 404, body: '{"code":"NOPE"}' }, "status 404"],
  ["JSON that is no object", { status: 400, body: "null" }, "status 400"],
  ["a fault", { status: 500, body: "oops" }, "oops"],
  [
    "a redirect",
    { status: 307, headers: { location: "https://elsewhere.test/" } },
    "elsewhere.test",
  ],
  ["a redirect for browsers", { status: 302, headers: { location: "/login" } }, "/login"],
];

for (const [name, answer, says] of STRANGERS) {
  const check = async (alice: HttpCommunicator, url: string) => {
    const error = await partyError(alice.send(1, "k", 1), "NETWORK");
    assert.instance(error, NetworkError);
    assert.instance(error.cause, Error);
    assert.is(error.rank, 1);
    assert.match(error.message, says);
    assert.match(error.message, `Rank 1 at ${url}`);
    assert.ok(error.message.length < 500 && !error.message.includes("\n"), error.message);
    assert.is(alice.failure, error);
    return error;
  };

  test(`an endpoint that answers JSON with ${name} is no party, and is not asked again`, async () => {
    await withJsonPeer(() => answer, async ({ alice, url, sends }) => {
      assert.is((await check(alice, url)).key, "k");
      assert.is(sends().length, 1);
    });
  });

  test(`an endpoint that answers all with ${name} is no party, and is not asked again`, async () => {
    await withStranger(answer, async (alice, { url, seen }) => {
      await check(alice, url);
      const asked = seen.map(({ path }) => path.replace(/.*\//, "")).filter((to) => to !== "abort");
      // Who says that there is nothing there may be a party without links.
      assert.equal(asked, says === "status 404" ? ["link", "send"] : ["link"]);
    });
  });
}

test("a refusal comes through with the peer's code, and is not tried again", async () => {
  for (
    const [status, code] of [[409, "CONFLICT"], [400, "WRONG_RANK"], [403, "FORBIDDEN"]] as const
  ) {
    const answer = { status, body: JSON.stringify({ code, status, detail: "because" }) };
    const check = async (alice: HttpCommunicator, expected: PartyError["code"] = code) => {
      const error = await partyError(alice.send(1, "k", 1), expected);
      assert.is(error.rank, 1);
      assert.is(alice.failure, error);
      return error;
    };
    await withJsonPeer(() => answer, async ({ alice, sends }) => {
      assert.match((await check(alice)).message, "because");
      assert.is(sends().length, 1);
    });
    await withStranger(answer, async (alice, { seen }) => {
      // Of a link a conflict says that the peer lacks what it had.
      const error = await check(alice, code === "CONFLICT" ? "PEER_RESTARTED" : code);
      if (code !== "CONFLICT") assert.match(error.message, "because");
      assert.is(seen.filter(({ path }) => !path.endsWith("/abort")).length, 1);
    });
  }
});

test("JSON that is larger than the receiver takes is refused, and the session fails", async () => {
  const limit = (rank: number) => ({ maxRequestBytes: rank === 1 ? 1_000 : 64 * 1024 * 1024 });
  for (const size of [2_000, 100_000, 20_000_000]) {
    await withJsonPeer(() => "pass", async ({ alice, bob }) => {
      await alice.send(1, "small", 1);
      const waiting = bob.recv(0, "k");
      const error = await partyError(alice.send(1, "k", "x".repeat(size)), "PAYLOAD_TOO_LARGE");
      assert.match(error.message, "1000 bytes");
      assert.is(alice.failure, error);
      const told = await partyError<PeerAbortedError>(waiting, "PEER_ABORTED");
      assert.equal([told.rank, told.peerCode], [0, "PAYLOAD_TOO_LARGE"]);
    }, limit);
  }
});

test("JSON that is larger than parties take is refused before it is sent", async () => {
  await withJsonPeer(() => "pass", async ({ alice, bob, sends }) => {
    await alice.send(1, "first", "tells that there is no link");
    let size = 1_200;
    for (; size < 1_500; size++) {
      const before = sends().length;
      const sent = await alice.send(1, "ключ\n", "x".repeat(size)).catch((error) => error);
      if (sends().length === before) {
        assert.is(sent.code, "PAYLOAD_TOO_LARGE");
        break;
      }
      assert.is(sent, undefined, "whatever was sent was taken");
      assert.is((await bob.recv<string>(0, "ключ\n")).length, size);
    }
    assert.ok(size > 1_250 && size < 1_450, `${size} were refused`);
    await alice.send(1, "k", size);
    assert.is(await bob.recv(0, "k"), size, "the session goes on");
  }, { maxRequestBytes: 2_000 });
});

const MESSAGES: [kind: string, size: number][] = [["small", 2_000], ["large", 2_000_000]];

for (const [kind, size] of MESSAGES) {
  test(`a ${kind} message of more than maxMessageBytes is refused before it is sent`, async () => {
    const { createSession, close } = await startParties(2, { maxMessageBytes: size });
    const [alice, bob] = (await createSession("s")).map((session) => session.communicator);
    const value = new Uint8Array(size);
    const error = await partyError(alice!.send(1, "k", value), "PAYLOAD_TOO_LARGE");
    assert.match(error.message, `may have ${size}; raise maxMessageBytes`);
    assert.equal([error.rank, error.key], [1, "k"]);
    const fits = value.subarray(0, size - 100);
    await alice!.send(1, "k", fits);
    assert.equal(await bob!.recv(0, "k"), fits);
    await close();
  });

  test(`a ${kind} message of more than the receiver takes fails the session`, async () => {
    const { createSession, close } = await startParties(
      2,
      (rank) => rank === 1 ? { maxMessageBytes: size } : {},
    );
    const [alice, bob] = (await createSession("s")).map((session) => session.communicator);
    const [waiting] = later(bob!.recv(0, "k"));
    const sending = alice!.send(1, "k", new Uint8Array(size));
    const told = await partyError<PeerAbortedError>(sending, "PEER_ABORTED");
    assert.equal([told.rank, told.peerCode], [1, "PAYLOAD_TOO_LARGE"]);
    const error = await partyError(waiting!, "PAYLOAD_TOO_LARGE");
    assert.match(error.message, `maxMessageBytes is ${size}`);
    assert.is(bob!.failure, error);
    await close();
  });
}

test("messages that wait do not hold up those to other ranks", async () => {
  const { parties, endpoints, close } = await startParties(3);
  const spec = { name: "s", endpoints };
  const alice = (await parties[0]!.createSession({ ...spec, rank: 0 })).communicator;
  const carol = (await parties[2]!.createSession({ ...spec, rank: 2 })).communicator;
  const [held] = later(alice.send(1, "k", 1));
  await alice.send(2, "k", 2);
  assert.is(await carol.recv(0, "k"), 2);
  const bob = (await parties[1]!.createSession({ ...spec, rank: 1 })).communicator;
  await held;
  assert.is(await bob.recv(0, "k"), 1);
  await close();
});

test("10,000 sends at once take a few requests, and all of them arrive", async () => {
  const requests: string[] = [];
  const counting: typeof fetch = (input, init) => {
    const from = new Headers(init?.headers).get("partyline-from");
    requests.push(`${from} ${init?.body instanceof ReadableStream ? "streaming" : "finite"}`);
    return fetch(input, init);
  };
  const { createSession, close } = await startParties(2, { fetch: counting, timeoutMs: 120_000 });
  const [alice, bob] = (await createSession("s")).map((session) => session.communicator);
  const keys = Array.from({ length: 10_000 }, (_, at) => `k${at}`);
  const sent = keys.map((key, at) => alice!.send(1, key, at));
  const values = await Promise.all(keys.map((key) => bob!.recv<number>(0, key)));
  await Promise.all(sent);
  assert.ok(values.every((value, at) => value === at));
  const streaming = requests.filter((request) => request === "0 streaming");
  assert.is(streaming.length, 1, requests.join(", "));
  assert.ok(requests.length <= 6, requests.join(", "));
  await close();
});

test("nothing keeps a process alive once its parties are closed", async () => {
  const command = findRuntimes().get(OWN_RUNTIME)!;
  const leaver = new ScriptProcess(command, "tests/helpers/leaver.ts");
  assert.is(await leaver.line(), "closed");
  let code: number | null | undefined;
  void leaver.exited.then((exit) => code = exit);
  await until(() => code !== undefined, "it has ended");
  assert.is(code, 0, leaver.stderr);
});

test.run();
