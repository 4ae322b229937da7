/**
 * No secret, share or payload is in what a party logs, tells, measures or shows: known ones are looked
 * for in all of it, in every form.
 */

import { inspect } from "node:util";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { base64, v } from "../lib/deps.ts";
import { describeError } from "../lib/errors.ts";
import { decodeCbor, encodeCbor } from "../lib/wire/cbor.ts";
import { decodePayload } from "../lib/wire/message.ts";
import { writeKeyFile } from "../lib/security/keys/key_file.ts";
import { decodeKey, generateKey } from "../lib/security/keys/keys.ts";
import {
  defineProgram,
  Driver,
  type DriverSession,
  encodeJson,
  parseConfig,
  parseKeyFile,
  PartyError,
  type Program,
  type Session,
  signRequests,
  split,
} from "../mod.ts";
import { jsonLines, pretty } from "../scripts/cli/log.ts";
import { listOf } from "./helpers/identities.ts";
import { program } from "./helpers/programs.ts";
import { type SealedParties, startSealed } from "./helpers/sealed_parties.ts";
import { dataOf } from "./helpers/served.ts";
import { toHex } from "./helpers/hex.ts";
import { Secrets, type Written } from "./helpers/secrets.ts";
import { rejection } from "./helpers/waiting.ts";

const AGE = 8_675_309.25;
const PATIENT = "Zephyrine Quillfeather";
const TABLE = { age: [AGE, 4_213_377.5], name: [PATIENT, "Ottoline Marchbanks"] };
/** What a driver puts, what programs send and throw, and what comes malformed. */
const PUT = "put-by-the-driver-e7f1a2";
const AMOUNT = 7_261_934.375;
const SENT = "sent-by-a-program-9c41d8";
const RATE = 5_550_123.625;
const LIMIT = 99_887_766.5;
const THROWN = "thrown-by-a-program-55d0c3";
const TOLD = "told-by-a-program-c0de77";
const KEY = "a-key-that-is-data-3b9f20";

const secrets = new Secrets({
  "a private number": AGE,
  "a private text": PATIENT,
  "a symbol's text": PUT,
  "a symbol's number": AMOUNT,
  "a message's text": SENT,
  "a message's number": RATE,
});
/** What is not kept from all: each is looked for apart. */
const said = new Secrets({ thrown: THROWN, told: TOLD, "the key": KEY, "the param": LIMIT });

const written: Written[] = [];
const note = (where: string, text: string) => void written.push({ where, text });
let looked = 0;

/** Fails when one of the secrets is in what was written since it was asked last. */
function assertNone(): void {
  const fresh = written.slice(looked);
  assert.ok(fresh.length > 0, "nothing was written");
  assert.equal(secrets.find(fresh), []);
  looked += fresh.length;
}

/** Sends what is secret in all ways, and its shares. */
const talk = program("talk", async ({ communicator, rank, worldSize }) => {
  const shares = split(BigUint64Array.of(BigInt(rank), 77n), worldSize);
  shares.forEach((share, at) => secrets.add(`share ${rank}.${at}`, share));
  const others = [...communicator.stats.keys()].filter((other) => other !== rank);
  await Promise.all(others.map(async (other) => {
    await communicator.send(other, "text", { note: SENT, rates: [RATE] });
    await communicator.send(other, "numbers", new Map([[SENT, Float64Array.of(RATE)]]));
    await communicator.send(other, "bytes", new TextEncoder().encode(SENT));
    await communicator.send(other, "share", shares[other]);
  }));
  for (const other of others) {
    for (const key of ["text", "numbers", "bytes", "share"]) await communicator.recv(other, key);
  }
  return rank;
});

/** A program of which only rank 1 does something; the others wait for it. */
function atRank1(name: string, run: (one: Parameters<Program["run"]>[0]) => unknown): Program {
  return program(name, async (context) => {
    if (context.rank === 1) return await run(context);
    return await context.communicator.recv(1, "never");
  });
}

const PROGRAMS: Program[] = [
  talk,
  atRank1("throws", () => {
    throw new Error(`Cannot use ${THROWN}`, { cause: new Error(`as ${THROWN}`) });
  }),
  atRank1("tells", () => {
    throw new PartyError("INVALID_REQUEST", `It is ${TOLD}`, { cause: new Error(THROWN) });
  }),
  atRank1(
    "unsendable",
    ({ communicator }) => communicator.send(0, "k", { [KEY]: () => SENT, note: SENT }),
  ),
  atRank1("oversized", ({ communicator }) => communicator.send(0, "k", SENT.repeat(100_000))),
  atRank1("doubled", async ({ communicator }) => {
    await communicator.send(0, "k", { note: SENT, rates: [RATE] });
    await communicator.send(0, "k", { note: SENT, rates: [AMOUNT] });
    await communicator.recv(0, "never");
  }),
  atRank1("times-out", async ({ communicator }) => {
    await communicator.send(0, "unread", SENT);
    await communicator.recv(0, "k", { timeoutMs: 50 });
  }),
  program("fills", async ({ communicator, rank }) => {
    if (rank !== 1) return await communicator.recv(1, "last", { timeoutMs: 300 });
    for (let at = 0; at < 6; at++) await communicator.send(0, `k${at}`, SENT.repeat(1_000));
    await communicator.send(0, "last", RATE);
  }),
  defineProgram({
    name: "strict",
    version: "1.0.0",
    description: "Made up for a test.",
    inputs: {
      table: v.object({ age: v.array(v.pipe(v.number(), v.maxValue(100))), name: v.any() }),
    },
    params: v.strictObject({ limit: v.pipe(v.number(), v.maxValue(10)) }),
    outputs: { result: v.any() },
    run: () => Promise.resolve({ result: 0 }),
  }),
  defineProgram({
    name: "misfits",
    version: "1.0.0",
    description: "Made up for a test.",
    outputs: { result: v.object({ age: v.number() }) },
    run: () => Promise.resolve({ result: { age: PATIENT as unknown as number } }),
  }),
];

const keys: { party: string[]; operator: string } = { party: [], operator: "" };
let net: SealedParties;
let sign: (request: Request) => Promise<Request>;

/** Signs, and looks for the signature from then on. */
const signNoted = async (request: Request) => {
  const signed = await sign(request);
  const signature = signed.headers.get("signature")!.split(":")[1]!;
  const nonce = /nonce="([^"]+)"/.exec(signed.headers.get("signature-input")!)![1]!;
  secrets.addText("a signature", signature);
  secrets.addText("a nonce", nonce);
  return signed;
};

test.before(async () => {
  const makeKey = async (id: string, kind: "party" | "operator") => {
    const pair = await generateKey(kind);
    secrets.add(`the private key of ${id}`, pair.privateKey);
    const key = await parseKeyFile(writeKeyFile(id, kind, pair), kind, id);
    return { key, text: pair.privateKey };
  };
  const operator = await makeKey("analyst", "operator");
  keys.operator = operator.text;
  sign = signRequests(operator.key);
  net = await startSealed(3, {
    options: (rank) => {
      const json = jsonLines({ level: "debug", write: (line) => note(`log ${rank}`, line) });
      const people = pretty({
        level: "debug",
        colour: false,
        write: (line) => note(`log ${rank}`, line),
      });
      return {
        programs: PROGRAMS,
        data: { table: TABLE },
        maxMailboxBytes: 64 * 1024,
        maxMessageBytes: 1024 * 1024,
        maxRequestBytes: 1024 * 1024,
        timeoutMs: 5_000,
        log: (record) => {
          json(record);
          people(record);
        },
      };
    },
    identities: async (urls) => {
      const made = await Promise.all(urls.map((_, at) => makeKey(`party-${at}`, "party")));
      keys.party = made.map(({ text }) => text);
      const own = made.map(({ key }) => key);
      const { id, publicKey } = operator.key;
      const config = await listOf(own, urls, [{ id, publicKey, allow: ["run"] }]);
      return own.map((key) => ({ key, config }));
    },
  });
});

test.after(() => net.close());

/** Runs a job in a session of its own. @returns the error, as text with its causes and stack */
async function runs(name: string, options: Parameters<DriverSession["run"]>[1] = {}) {
  const driver = new Driver(net.endpoints, { authorize: signNoted });
  const session = await driver.session(`of-${name}`);
  await session.put(0, "token", { note: PUT, amounts: Float64Array.of(AMOUNT) });
  const outcome = await session.run(name, options).then(() => undefined, (error) => error);
  const text = outcome === undefined ? "" : `${describeError(outcome)} ${inspect(outcome)}`;
  note(`driver of ${name}`, text);
  await lookAt(session.name);
  return { code: outcome?.code as string | undefined, text, session };
}

/** What does not depend on what the party does. */
const ALWAYS_THE_SAME = ["/", "/openapi.json", "/programs", "/health"];

/** Notes down all that the parties show of a session. */
async function lookAt(name: string): Promise<void> {
  for (const [rank, party] of net.parties.entries()) {
    const own: Session = party.session(name);
    note(`describe of ${rank}`, inspect(own.describe(), { depth: 20 }));
    note(`inspect of ${rank}`, inspect([party, own, net.identities[rank]], { depth: 8 }));
    const about = { session: name, symbol: "table", computation: own.computations[0]?.id ?? "c" };
    for (const path of await readable(rank)) {
      const isSeen = ALWAYS_THE_SAME.includes(path) && written.some(({ where }) => where === path);
      if (!isSeen) await show(rank, fill(path, about));
    }
  }
}

/** The paths that answer GET, as the API describes itself. */
async function readable(rank: number): Promise<string[]> {
  const answer = await fetch(await sign(new Request(`${net.endpoints[rank]}/openapi.json`)));
  const { paths } = await answer.json() as { paths: Record<string, { get?: unknown }> };
  return Object.keys(paths).filter((path) => paths[path]!.get !== undefined);
}

function fill(path: string, about: Record<string, string>): string {
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => about[name]!);
}

/** Notes down what one path answers; of what goes on, its beginning. */
async function show(rank: number, path: string): Promise<void> {
  for (const accept of ["*/*", "application/cbor"]) {
    const request = new Request(`${net.endpoints[rank]}${path}`, { headers: { accept } });
    const response = await fetch(await signNoted(request));
    const reader = response.body?.getReader();
    const first = await reader?.read();
    await reader?.cancel();
    const bytes = first?.value ?? new Uint8Array();
    note(`${path.replace(/of-[\w-]+/, "S")}`, `${inspect(response.headers)} ${latin1(bytes)}`);
    note(`${path.replace(/of-[\w-]+/, "S")}`, new TextDecoder().decode(bytes));
  }
}

function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

test("what is planted is found, in every form", () => {
  const hidden: [string, string][] = [
    ["a private number as text in x", `{"age":[${AGE}]}`],
    ["a private text as text in x", `hello ${PATIENT}.`],
    ["a private text as URL in x", `?name=${encodeURIComponent(PATIENT)}`],
    ["a private text as Base64 in x", dataOf([1, PATIENT])],
    ["a private text as Base64 in x", dataOf(["ab", PATIENT])],
    ["a private text as Base64 in x", dataOf(["abc", PATIENT])],
    ["a private number as bytes in x", latin1(encodeCbor(TABLE))],
    ["a private number as hex in x", toHex(encodeCbor(AGE)).toUpperCase()],
    ["a private number as list in x", String(new Uint8Array(Float64Array.of(AGE).buffer))],
    ["a private number as list in x", inspect(encodeCbor(AGE))],
    ["a private number as Base64 in x", base64.encode(encodeCbor(["abcd", AGE]))],
    ["the private key of analyst as text in x", `"private_key":"${keys.operator}"`],
    ["the private key of party-0 as hex in x", toHex(decodeKey(keys.party[0]!)!)],
    ["the private key of party-2 as list in x", String(decodeKey(keys.party[2]!)!)],
  ];
  for (const [expected, text] of hidden) {
    const found = secrets.find([{ where: "x", text }]);
    assert.ok(found.includes(expected), `${expected}: ${found}`);
  }
  assert.equal(secrets.find([{ where: "x", text: `${AGE + 1} Zephyrine` }]), []);
});

test("a job that succeeds shows what it computes with nowhere", async () => {
  const { code, session } = await runs("talk", { id: "once" });
  assert.is(code, undefined);
  assert.is(await session.get(2, "result"), 2);
  assert.match(written.map(({ text }) => text).join(), /Computation completed/);
  const shown = new Set(written.map(({ where }) => where).filter((where) => where.startsWith("/")));
  assert.equal([...shown].sort(), [
    "/",
    "/events",
    "/health",
    "/metrics",
    "/openapi.json",
    "/programs",
    "/ready",
    "/sessions",
    "/sessions/S",
    "/sessions/S/computations",
    "/sessions/S/computations/once",
    "/sessions/S/computations/once/events",
    "/sessions/S/symbols",
    "/sessions/S/symbols/table",
    "/status",
  ]);
  assert.ok(written.some(({ where, text }) => where === "/metrics" && text.includes("partyline_")));
  assert.ok(written.some(({ where, text }) => where.endsWith("/table") && /FORBIDDEN/.test(text)));
  assertNone();
});

const FAILING: [name: string, code: string, options?: Parameters<DriverSession["run"]>[1]][] = [
  ["unsendable", "SERIALIZATION"],
  ["oversized", "PAYLOAD_TOO_LARGE"],
  ["doubled", "DUPLICATE_KEY"],
  ["times-out", "RECV_TIMEOUT"],
  ["fills", "RECV_TIMEOUT"],
  ["strict", "INVALID_REQUEST", { params: { limit: 1 } }],
  ["misfits", "INTERNAL"],
];

for (const [name, expected, options] of FAILING) {
  test(`${name}, which fails with ${expected}, shows none either`, async () => {
    const { code, text, session } = await runs(name, options);
    assert.is(code, expected, text);
    assertNone();
    await session.close();
  });
}

/** Where something was seen since, without the ranks that only heard of it. */
function seen(what: string, since: number): string[] {
  const found = said.find(written.slice(since)).filter((one) => one.startsWith(what));
  return [...new Set(found.map((one) => one.split(" in ").at(-1)!))].sort();
}

test("what a program throws is in the log of its own party, and nowhere else", async () => {
  const since = written.length;
  const { code, session } = await runs("throws");
  assert.is(code, "INTERNAL");
  assert.equal(seen("thrown", since), ["log 1"]);
  await session.close();
});

test("what it says in a PartyError is told, but not what led to that", async () => {
  const since = written.length;
  const { code, session } = await runs("tells");
  assert.is(code, "INVALID_REQUEST");
  assert.equal(seen("thrown", since), ["log 1"]);
  const told = seen("told", since);
  for (const where of ["log 1", "driver of tells"]) assert.ok(told.includes(where), where);
  await session.close();
});

test("where in a value that cannot be sent the fault is, its party's log alone tells", async () => {
  const since = written.length;
  const { code, session } = await runs("unsendable", { id: "again" });
  assert.is(code, "SERIALIZATION");
  assert.equal(seen("the key", since), ["log 1"]);
  await session.close();
});

test("params, which all parties compare, are shown with the computation, and not in errors", async () => {
  const since = written.length;
  const { code, text, session } = await runs("strict", {
    id: "once",
    params: { limit: LIMIT },
  });
  assert.is(code, "INVALID_REQUEST", text);
  assert.match(text, /limit has to be <=10/);
  const own = "/sessions/S/computations/once";
  assert.equal(seen("the param", since), [own, `${own}/events`]);
  await session.close();
});

/** Values that are not as they are to be, with something in them that is not to be seen. */
const MALFORMED: [what: string, decode: () => unknown][] = [
  ["text that is no JSON", () => decodePayload(base64.encode(utf8(`{"a":${SENT}}`)))],
  ["text that ends early", () => decodePayload(base64.encode(utf8(`{"a":"${SENT}"`)))],
  ["data that are no Base64", () => decodePayload(SENT)],
  ["bytes that are no text", () => decodePayload(base64.encode(Uint8Array.of(255, ...utf8(SENT))))],
  ["a date that is none", () => decodePayload(dataOf({ $partyline: "Date", value: SENT }))],
  ["a key twice", () => decodeCbor(Uint8Array.of(0xa2, ...item(SENT), 1, ...item(SENT), 2))],
  ["CBOR that ends early", () => decodeCbor(encodeCbor([SENT, RATE]).slice(0, -3))],
  [
    "JSON in CBOR that is none",
    () => decodeCbor(Uint8Array.of(0xd9, 1, 6, 0x58, 24, ...utf8(SENT))),
  ],
  ["more after the item", () => decodeCbor(Uint8Array.of(...item(SENT), ...item(SENT)))],
];

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function item(text: string): Uint8Array {
  return encodeCbor(text);
}

for (const [what, decode] of MALFORMED) {
  test(`of ${what}, the error and its causes show nothing`, () => {
    let thrown: unknown;
    try {
      decode();
    } catch (error) {
      thrown = error;
    }
    assert.instance(thrown, PartyError);
    const text = `${describeError(thrown)} ${inspect(thrown)}`;
    assert.equal(secrets.find([{ where: "the error", text }]), []);
    assert.not.match(text, SENT.slice(0, 6)); // engines quote some of what they met
  });
}

const CBOR = "application/cbor";
const JSON_TYPE = "application/json";

/** Requests that are refused, signed or not, with something in them that is not to be seen. */
const REFUSED: [path: string, type: string, body: () => BodyInit, method?: string][] = [
  ["/symbols", JSON_TYPE, () => `{"name":"x","data":"${dataOf(SENT)}`],
  ["/symbols", JSON_TYPE, () => JSON.stringify({ name: "x", data: [SENT, RATE] })],
  ["/symbols", JSON_TYPE, () => JSON.stringify({ name: `${SENT} ${RATE}`, data: dataOf(SENT) })],
  ["/symbols", JSON_TYPE, () => JSON.stringify({ name: "table", data: dataOf(TABLE) })],
  ["/symbols", JSON_TYPE, () => JSON.stringify({ name: "x", data: dataOf(SENT).slice(1) })],
  ["/symbols/x", CBOR, () => encodeCbor([SENT, RATE]).slice(0, -1) as BodyInit, "PUT"],
  ["/symbols/token", CBOR, () => encodeCbor([SENT, RATE]) as BodyInit, "PUT"],
  ["/symbols", JSON_TYPE, () => JSON.stringify({ name: "x", data: SENT.repeat(100_000) })],
  ["/computations", JSON_TYPE, () => JSON.stringify({ computation_id: SENT + RATE + " " })],
  ["/comm/send", JSON_TYPE, () => encodeJson(message({ data: dataOf([SENT, RATE]) }))],
  ["/comm/send", JSON_TYPE, () => encodeJson(message({ data: SENT }))],
  ["/comm/link", "application/cbor-seq", () => encodeCbor([SENT, RATE]) as BodyInit],
  ["/abort", JSON_TYPE, () => JSON.stringify({ from_rank: 1, reason: SENT })],
];

function message(fields: object) {
  return { from_rank: 1, to_rank: 0, key: "k", ...fields };
}

test("requests that are refused are not repeated, to whom they are refused nor in the log", async () => {
  const driver = new Driver(net.endpoints, { authorize: signNoted });
  const session = await driver.session("of-refusals");
  await session.put(0, "token", { note: PUT, amounts: Float64Array.of(AMOUNT) });
  for (const isSigned of [true, false]) {
    for (const [path, type, body, method = "POST"] of REFUSED) {
      const url = `${net.endpoints[0]}/sessions/${session.name}${path}`;
      const request = new Request(url, { method, headers: { "content-type": type }, body: body() });
      const answer = await fetch(isSigned ? await signNoted(request) : request);
      const text = await answer.text();
      assert.ok(answer.status >= 400, `${path}: ${answer.status}`);
      note(`answer ${answer.status} of ${method} ${path}`, `${inspect(answer.headers)} ${text}`);
    }
  }
  await lookAt(session.name);
  await session.close();
  assertNone();
});

test("signatures that are refused are not repeated", async () => {
  const replayed = await signNoted(new Request(`${net.endpoints[0]}/status`));
  const { headers } = replayed;
  const late = signRequests(
    {
      id: "analyst",
      privateKey:
        (await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]) as CryptoKeyPair)
          .privateKey,
    },
  );
  const requests = [
    [replayed, 200],
    [new Request(replayed.url, { headers }), 401],
    [new Request(`${net.endpoints[1]}/status`, { headers }), 401],
    [await late(new Request(`${net.endpoints[0]}/status`)), 401],
  ] as const;
  for (const [request, expected] of requests) {
    const answer = await fetch(request);
    assert.is(answer.status, expected);
    note("answer of a refused signature", `${inspect(answer.headers)} ${await answer.text()}`);
  }
  assertNone();
});

test("lists and key files that are refused are not repeated", async () => {
  const [party] = keys.party as [string];
  const entry = (fields: object) =>
    JSON.stringify({ parties: [{ id: "a", url: "http://a", ...fields }] });
  const file = (fields: object) =>
    writeKeyFile("a", "party", { publicKey: party, privateKey: party }).replace(
      /\}\s*$/,
      `,"x":${JSON.stringify(fields)}}`,
    );
  const refused: (() => Promise<unknown>)[] = [
    () => parseConfig(entry({ private_key: party }), "parties.json"),
    () => parseConfig(entry({ public_key: { d: party } }), "parties.json"),
    () =>
      parseConfig(entry({ public_key: `-----BEGIN PRIVATE KEY-----\n${party}` }), "parties.json"),
    () => parseConfig(entry({ id: party + "/" }), "parties.json"),
    () =>
      parseConfig(
        writeKeyFile("a", "party", { publicKey: party, privateKey: party }),
        "parties.json",
      ),
    () => parseConfig(`{"parties": "${party}`, "parties.json"),
    () => parseKeyFile(file({}), "party", "a.key.json"),
    () => parseKeyFile(`{"private_key": ${party}}`, "party", "a.key.json"),
    () =>
      parseKeyFile(
        writeKeyFile("a", "party", { publicKey: party, privateKey: party }),
        "operator",
        "k",
      ),
    () => parseKeyFile(JSON.stringify({ id: "a", kind: party }), "party", "a.key.json"),
    async () =>
      parseKeyFile(
        writeKeyFile("a", "party", {
          publicKey: (await generateKey("party")).publicKey,
          privateKey: party,
        }),
        "party",
        "k",
      ),
  ];
  for (const [at, refuse] of refused.entries()) {
    const error = await rejection(refuse());
    assert.instance(error, PartyError);
    const text = `${describeError(error)} ${inspect(error)}`;
    assert.equal(secrets.find([{ where: `error ${at}`, text }]), []);
  }
});

test.run();
