import { test } from "uvu";
import * as assert from "uvu/assert";
import { PartyError, type PeerAbortedError, SessionClosedError } from "../lib/errors.ts";
import { createParty } from "../lib/party.ts";
import type { Computation } from "../lib/resources/computation.ts";
import type { SessionSpec } from "../lib/resources/spec.ts";
import { startParties } from "./helpers/parties.ts";
import { program } from "./helpers/programs.ts";
import { later, partyError, rejection, until } from "./helpers/waiting.ts";

const ENDPOINTS = ["http://127.0.0.1:8000", "https://example.test/parties/1"];
const SPEC: SessionSpec = { name: "demo", rank: 0, endpoints: ENDPOINTS };

test("a session that is created again is the same session", async () => {
  await using party = createParty();
  const session = await party.createSession(SPEC);
  assert.is(await party.createSession({ ...SPEC, endpoints: [...ENDPOINTS] }), session);
  assert.is(
    await party.createSession({ ...SPEC, endpoints: ENDPOINTS.map((url) => url + "/") }),
    session,
  );
  assert.is(party.session("demo"), session);
  assert.equal(party.sessions(), [session]);
  assert.equal(
    [session.name, session.rank, session.worldSize, session.state],
    ["demo", 0, 2, "open"],
  );
  assert.equal(session.endpoints, ENDPOINTS);
});

test("a session with another rank or other endpoints is a conflict", async () => {
  await using party = createParty();
  await party.createSession(SPEC);
  for (
    const other of [
      { ...SPEC, rank: 1 },
      { ...SPEC, endpoints: ENDPOINTS.toReversed() },
      { ...SPEC, endpoints: ENDPOINTS.slice(0, 1) },
      { ...SPEC, endpoints: [...ENDPOINTS, "http://third.test"] },
    ]
  ) {
    const error = await partyError(party.createSession(other), "CONFLICT");
    assert.match(error.message, /demo.*rank 0 of 2/);
    assert.is(error.session, "demo");
  }
  await party.createSession({ ...SPEC, name: "other", rank: 1 });
  assert.equal(party.sessions().map(({ name }) => name), ["demo", "other"]);
});

test("names, ranks and endpoints are checked, and nothing is created of what is refused", async () => {
  await using party = createParty();
  const wrong: [field: string, value: unknown][] = [
    ...["", ".", "..", "a/b", "a b", "é", "%00", "a\0", "x".repeat(129), 1, null, undefined, ["a"]]
      .map((name): [string, unknown] => ["name", name]),
    ...[-1, 2, 0.5, NaN, "0", null, undefined].map((rank): [string, unknown] => ["rank", rank]),
    ...[
      [],
      "http://a.test",
      [1],
      ["a.test"],
      ["ftp://a.test"],
      ["http://"],
      ["http://user@a.test"],
      ["http://:secret@a.test"],
      ["http://a.test?"],
      ["http://a.test/?x=1"],
      ["http://a.test#"],
      ["http://a.test/" + "x".repeat(2_048)],
      Array(1_025).fill("http://a.test"),
      null,
      undefined,
    ].map((endpoints): [string, unknown] => ["endpoints", endpoints]),
    ["more", 1],
  ];
  for (const [field, value] of wrong) {
    const spec = { ...SPEC, [field]: value } as SessionSpec;
    const error = await partyError(party.createSession(spec), "INVALID_REQUEST");
    assert.match(error.message, field, `${field}: ${error.message}`);
    assert.ok(error.message.length < 500);
  }
  assert.equal(party.sessions(), []);
  for (const name of ["__proto__", "constructor", "...", "x".repeat(128)]) {
    assert.is((await party.createSession({ ...SPEC, name })).name, name);
  }
});

test("a session that is not there is an error that names it", () => {
  for (const name of ["demo", "__proto__", "toString"]) {
    assert.throws(
      () => createParty().session(name),
      (error: unknown) =>
        error instanceof PartyError && error.code === "UNKNOWN_SESSION" &&
        error.message.includes(name),
    );
  }
});

test("closing a session ends all that hangs off it, and tells the others", async () => {
  let signalled: unknown;
  const hears = program(
    "hears",
    ({ signal, rank }) =>
      new Promise(() =>
        signal.addEventListener("abort", () => {
          if (rank === 0) signalled = signal.reason;
        })
      ),
  );
  const { parties, createSession, close } = await startParties(2, { programs: [hears] });
  const [alice, bob] = await createSession("s");
  await alice!.symbols.put("weights", [1, 2]);
  const [computation, there] = [alice!, bob!].map((session) =>
    session.compute({ id: "c", program: "hears" })
  ) as [Computation, Computation];
  await until(() => computation.state === "running" && there.state === "running", "both run");
  const [waiting, result] = later(alice!.communicator.recv(1, "k"), computation.result);
  const [atBob] = later(bob!.communicator.recv(0, "k"));

  await alice!.close("enough");
  const error = await partyError(waiting!, "SESSION_CLOSED");
  assert.is(await rejection(result!), error);
  assert.is(signalled, error);
  assert.is(computation.state, "cancelled");
  assert.equal(alice!.computations, []);
  assert.equal(alice!.symbols.list(), []);
  assert.is(alice!.state, "closed");
  assert.equal(parties[0]!.sessions(), []);
  assert.throws(
    () => alice!.compute({ id: "d", program: "hears" }),
    (e: unknown) => e instanceof SessionClosedError,
  );
  assert.is((await partyError<PeerAbortedError>(atBob!, "PEER_ABORTED")).reason, "enough");
  assert.is(bob!.state, "open", "what does not need the other party goes on");
  await close();
});

test("a session that closes is gone from the listings at once, and tells before it hangs up", async () => {
  const { parties, endpoints, createSession, close } = await startParties(2);
  const [alice, bob] = await createSession("s");
  await bob!.communicator.send(0, "k", 1);
  assert.is(await alice!.communicator.recv(1, "k"), 1);
  const [sent] = later(alice!.communicator.send(1, "on its way", 1));
  const closing = alice!.close("lunch");
  assert.is(alice!.state, "closed");
  assert.equal(parties[0]!.sessions(), []);
  assert.throws(() => parties[0]!.session("s"), (e: PartyError) => e.code === "UNKNOWN_SESSION");
  const list = await (await fetch(`${endpoints[0]}/sessions`)).json();
  assert.equal(list, { sessions: [] });
  assert.is((await fetch(`${endpoints[0]}/sessions/s`)).status, 404);
  await closing;
  await sent;
  assert.is(await bob!.communicator.recv(0, "on its way"), 1);
  const left = await partyError<PeerAbortedError>(
    bob!.communicator.send(0, "k", 2),
    "PEER_ABORTED",
  );
  assert.equal([left.peerCode, left.reason], ["SESSION_CLOSED", "lunch"]);
  assert.is(bob!.state, "open");
  assert.is(bob!.communicator.stats[0]!.retries, 0, "no request was cut before the farewell");
  await close();
});

test("closing a party closes its sessions, and no others", async () => {
  const { parties, createSession, close } = await startParties(2);
  const sessions = [...await createSession("one"), ...await createSession("two")];
  await parties[0]!.close();
  assert.equal(sessions.map(({ state }) => state), ["closed", "open", "closed", "open"]);
  assert.equal(parties.map((party) => party.sessions().length), [0, 2]);
  await close();
});

test("a closed party creates no session any more", async () => {
  const party = createParty();
  const closing = party.close();
  await partyError(party.createSession(SPEC), "DRAINING");
  await closing;
  const error = await partyError(party.createSession(SPEC), "DRAINING");
  assert.match(error.message, /this party is closed/);
  assert.equal(party.sessions(), []);
});

test("`await using` closes a session, and a party", async () => {
  const party = createParty();
  {
    await using session = await party.createSession({ ...SPEC, endpoints: ENDPOINTS.slice(0, 1) });
    await session.symbols.put("x", 1);
  }
  assert.equal(party.sessions(), []);
  const session = await party.createSession({ ...SPEC, endpoints: ENDPOINTS.slice(0, 1) });
  {
    await using _ = party;
  }
  assert.is(session.state, "closed");
});

test("a name is free again once its session is closed, however late the others are", async () => {
  const { parties, endpoints, createSession, close } = await startParties(2);
  let [alice, bob] = await createSession("s");
  for (let round = 0; round < 5; round++) {
    await alice!.communicator.send(1, "k", round);
    await alice!.close();
    const next = await parties[0]!.createSession({ name: "s", rank: 0, endpoints });
    assert.is.not(next, alice);
    alice = next;
    // The other party's session is still the old one: it is read out, and closed, in peace.
    const [early] = later(alice.communicator.send(1, "early", round));
    const [waiting] = later(alice.communicator.recv(1, "answer"));
    await until(() => alice!.communicator.stats[1]!.retries > 0, "the message came too early");
    assert.is(await bob!.communicator.recv(0, "k"), round);
    assert.is(bob!.state, "open");
    await bob!.close();
    bob = await parties[1]!.createSession({ name: "s", rank: 1, endpoints });
    await early;
    assert.is(await bob.communicator.recv(0, "early"), round);
    await bob.communicator.send(0, "answer", round);
    assert.is(await waiting, round);
  }
  await close();
});

test("a limit that is no number above 0 is a RangeError that names it", () => {
  const limits = ["timeoutMs", "maxMailboxBytes", "maxMessageBytes", "maxRequestBytes"];
  limits.push("maxSymbolBytes", "maxActiveComputations", "maxEndedComputations", "maxEndedAgeMs");
  for (const name of limits) {
    for (const value of [0, -1, NaN]) {
      assert.throws(
        () => createParty({ [name]: value }),
        (error: Error) => error instanceof RangeError && error.message.includes(`${name} ${value}`),
      );
    }
  }
});

test.run();
