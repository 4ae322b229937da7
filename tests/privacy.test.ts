import { Buffer } from "node:buffer";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createParty, pooledMoments, secureSum, serve, split } from "../mod.ts";
import type { Column, Communicator } from "../mod.ts";
import { IncomingStream } from "../lib/comm/link/incoming.ts";
import { LINK_HEADERS } from "../lib/comm/link/request.ts";
import { base64 } from "../lib/deps.ts";
import { describeError } from "../lib/errors.ts";
import { encodeFixed, FRACTION_BITS } from "../lib/mpc/fixed_point.ts";
import { decodePayload } from "../lib/wire/message.ts";
import { readColumn } from "../scripts/cli/table.ts";
import { ROOT } from "../scripts/processes.ts";
import { program } from "./helpers/programs.ts";
import { type HeardRequest, tap } from "./helpers/wiretap.ts";

const ISLANDS = ["biscoe", "dream", "torgersen"];

/** A message as it went over the wire. */
interface Heard {
  from: number;
  to: number;
  key: string;
  value: unknown;
}

/** The first id of a computation's own. */
const AGREEMENT_KEY = "@computations/tapped:@id.1";

/** All that went over the wires. */
interface Traffic<T> {
  outcomes: PromiseSettledResult<T>[];
  messages: Heard[];
  /** The JSON bodies of all requests, such as aborts, with each message's value for its data. */
  bodies: Record<string, unknown>[];
  /** All bytes: as they went, without the framing of HTTP, and as text what went as Base64. */
  bytes: Buffer;
}

/** Runs a protocol among three parties over HTTP, as a computation of a session. */
async function eavesdrop<T>(
  run: (communicator: Communicator, rank: number) => Promise<T>,
): Promise<Traffic<T>> {
  const programs = [program("tapped", ({ communicator, rank }) => run(communicator, rank))];
  const parties = ISLANDS.map(() => createParty({ programs }));
  const servers = await Promise.all(parties.map((party) => serve(party, { port: 0 })));
  const taps = await Promise.all(servers.map((server) => tap(server.url)));
  const endpoints = taps.map(({ url }) => url);
  const outcomes = await Promise.allSettled(parties.map(async (party, rank) => {
    const session = await party.createSession({ name: "tapped", rank, endpoints });
    const { result } = session.compute({ id: "tapped", program: "tapped" });
    return (await result).result as T;
  }));
  await Promise.all(parties.map((party) => party.close()));
  await Promise.all(servers.map((server) => server.close()));
  await Promise.all(taps.map((wire) => wire.close()));
  const requests = taps.flatMap((wire) => wire.requests());
  const links = requests.filter(({ path }) => path.endsWith("/comm/link"));
  const bodies = requests.filter((request) => !links.includes(request))
    .map(({ body }) => JSON.parse(new TextDecoder().decode(body)));
  const sent = bodies.filter((body) => "data" in body);
  const posted = sent.map(({ from_rank, to_rank, key, data }): Heard => ({
    from: from_rank,
    to: to_rank,
    key,
    value: decodePayload(data).value,
  }));
  return {
    outcomes,
    // All but those by which the parties agree on what to run, before they use any data.
    messages: [...readLinks(links), ...posted].filter(({ key }) => key !== AGREEMENT_KEY),
    bodies: bodies.map(({ data, ...body }) =>
      data === undefined ? body : { ...body, data: decodePayload(data).value }
    ),
    bytes: Buffer.concat([
      ...taps.flatMap((wire) => wire.heard()),
      ...requests.map(({ body }) => body),
      ...sent.map(({ data }) => base64.decode(data)),
    ]),
  };
}

/** The messages that went over links, once each. */
function readLinks(requests: HeardRequest[]): Heard[] {
  const messages: Heard[] = [];
  const streams = new Map<string, IncomingStream>();
  const number = ({ headers }: HeardRequest, name: string) => Number(headers.get(name));
  // A request goes on where an earlier one was acknowledged, so that nothing is missing between.
  requests.sort((a, b) => number(a, LINK_HEADERS.offset) - number(b, LINK_HEADERS.offset));
  for (const request of requests) {
    const [from, to] = [number(request, LINK_HEADERS.from), number(request, LINK_HEADERS.to)];
    let stream = streams.get(`${from} to ${to}`);
    if (stream === undefined) {
      stream = new IncomingStream({
        admits: () => true,
        deliver: (key, value) => messages.push({ from, to, key, value }) > 0,
        acknowledge: () => {},
      }, Infinity);
      streams.set(`${from} to ${to}`, stream);
    }
    const taken = stream.push(number(request, LINK_HEADERS.offset), request.body);
    assert.is(taken, request.body.byteLength, "all of it was read");
  }
  return messages;
}

function resultsOf<T>({ outcomes }: Traffic<T>): T[] {
  return outcomes.map((outcome) => {
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  });
}

/** Every number and bigint anywhere in a value, also where it stands in a text. */
function numbersIn(value: unknown): (number | bigint)[] {
  if (typeof value === "number" || typeof value === "bigint") return [value];
  if (typeof value === "string") {
    // Not those in the midst of a word, as Base64 has them.
    const numbers = value.matchAll(/(?<![\w+/.=])-?\d+(\.\d+)?(e[+-]?\d+)?(?![\w+/=])/gi);
    return [...numbers].flatMap(([text]) =>
      /^-?\d+$/.test(text) ? [Number(text), BigInt(text)] : [Number(text)]
    );
  }
  if (typeof value !== "object" || value === null) return [];
  if (value instanceof Date) return [value.getTime()];
  if (value instanceof Map) return [...value].flatMap(numbersIn);
  if (value instanceof Set) return [...value].flatMap(numbersIn);
  if (ArrayBuffer.isView(value)) return [...value as unknown as Iterable<number | bigint>];
  if (Array.isArray(value)) return value.flatMap(numbersIn);
  return Object.entries(value).flatMap(numbersIn);
}

/** What a secret would look like: itself, and as elements of the ring. */
function formsOf(secret: number): (number | bigint)[] {
  const whole = Number.isInteger(secret)
    ? [BigInt(secret), BigInt.asUintN(64, BigInt(secret))]
    : [];
  const fits = Math.abs(secret) < 2 ** (63 - FRACTION_BITS);
  return [secret, ...whole, ...(fits ? [encodeFixed(secret, 1)] : [])];
}

/** The secrets that are among the values that were sent, in any form. */
function leaked(value: unknown, secrets: readonly number[]): number[] {
  const sent = new Set(numbersIn(value));
  return secrets.filter((secret) => formsOf(secret).some((form) => sent.has(form)));
}

/** The secrets that are among the bytes: as text, or as 8 bytes, the first or the last one first. */
function leakedRaw(bytes: Buffer, secrets: readonly number[]): number[] {
  return secrets.filter((secret) => {
    const forms = [Buffer.from(String(secret)), ...formsOf(secret).flatMap(rawForms)];
    return forms.some((form) => bytes.includes(form));
  });
}

/** A number as 8 bytes, in both orders; a small one has none that would not turn up by chance. */
function rawForms(form: number | bigint): Buffer[] {
  const raw = Buffer.alloc(8);
  if (typeof form === "number") raw.writeDoubleLE(form);
  else raw.writeBigUInt64LE(BigInt.asUintN(64, form));
  return new Set(raw).size < 4 ? [] : [raw, Buffer.from(raw.toReversed())];
}

/** All that one party must keep to itself; what is long enough not to turn up by chance apart. */
function secretsOf({ values, missing }: Column, mean: number) {
  const total = values.reduce((sum, value) => sum + value, 0);
  const deviations = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const long = [total, deviations, total / values.length];
  return { long, all: [...long, values.length, missing, ...values] };
}

function elements(messages: Heard[]): bigint[] {
  return messages.flatMap(({ value }) => value instanceof BigUint64Array ? [...value] : []);
}

/** Pearson's statistic of the bytes against the uniform distribution: 255 degrees of freedom. */
function chiSquare(vector: BigUint64Array): number {
  const counts = new Array(256).fill(0);
  for (const byte of new Uint8Array(vector.buffer)) counts[byte]++;
  const expected = vector.byteLength / 256;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** 255 + 11 standard deviations: uniform bytes are above it less than once in 10^15 times. */
const UNIFORM = 255 + 11 * Math.sqrt(2 * 255);

test("no party's rows or subtotals are in the traffic, and the pooled figures are right", async () => {
  const columns = await Promise.all(
    ISLANDS.map((island) => readColumn(`${ROOT}scripts/data/${island}.csv`, "body_mass_g")),
  );
  const traffic = await eavesdrop((communicator, rank) =>
    pooledMoments(communicator, columns[rank]!)
  );
  const results = resultsOf(traffic);
  const { messages, bytes } = traffic;

  const all = columns.flatMap((column) => column.values);
  const mean = all.reduce((sum, value) => sum + value) / all.length;
  const squares = all.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  for (const pooled of results) {
    assert.is(pooled.count, 342);
    assert.is(pooled.missing, 2);
    assert.ok(Math.abs(pooled.mean - mean) < 1e-6);
    assert.ok(Math.abs(pooled.standardDeviation - Math.sqrt(squares / 341)) < 1e-6);
  }

  // Two rounds of two sums: each party sends each other one four messages.
  assert.is(messages.length, 3 * 2 * 4);
  const sent = new Set(elements(messages));
  assert.is(sent.size, 3 * (2 * 3 + 3 + 2 * 1 + 1), "every element is fresh");
  for (const column of columns) {
    const { long, all } = secretsOf(column, results[0]!.mean);
    assert.equal(leaked(messages.map(({ value }) => value), all), []);
    assert.equal(leakedRaw(bytes, long), []);
  }
});

test("a number is found wherever a message may hold it", () => {
  const hidden: unknown[] = [
    { a: [{ b: 4213 }] },
    new Map([["x", new Set([4213n])]]),
    new Map([[4213, "x"]]),
    { 4213: true },
    Float64Array.of(1, 4213),
    BigUint64Array.of(encodeFixed(4213, 3)),
    "it is 4213, or so",
    ['{"total":4213}'],
    new Date(4213),
  ];
  for (const value of hidden) assert.equal(leaked(value, [4213, 4214]), [4213]);
  assert.equal(leaked({ text: "ab4213==", near: [4213.5, 14213] }, [4213]), []);
  assert.equal(leaked(BigUint64Array.of(BigInt.asUintN(64, -7n)), [-7]), [-7]);
});

const TOTAL = 1_194_750.125;
const BARE: [name: string, value: unknown][] = [
  ["a number", TOTAL],
  ["a number in a number array", Float64Array.of(1, TOTAL)],
  ["a ring element", BigUint64Array.of(encodeFixed(TOTAL, 1))],
  ["a text", { note: `the total is ${TOTAL}` }],
  ["a key of a map", new Map([[TOTAL, "total"]])],
  ["one of many", Float64Array.from({ length: 100_000 }, (_, at) => at === 77_777 ? TOTAL : at)],
  ["bytes", new Uint8Array(Float64Array.of(TOTAL).buffer)],
  ["bytes in the other order", new Uint8Array(Float64Array.of(TOTAL).buffer).reverse()],
];

for (const [name, value] of BARE) {
  test(`a subtotal that a party sends as ${name} is found in the traffic`, async () => {
    const { outcomes, messages, bytes } = await eavesdrop(async (communicator, rank) => {
      if (rank === 0) await communicator.send(1, "k", value);
      else if (rank === 1) await communicator.recv(0, "k");
    });
    for (const { status } of outcomes) assert.is(status, "fulfilled");
    assert.equal(messages.map(({ from, to, key }) => [from, to, key]), [[
      0,
      1,
      "@computations/tapped:k",
    ]]);
    assert.equal(leakedRaw(bytes, [TOTAL, TOTAL + 1]), [TOTAL]);
    if (name.startsWith("bytes")) return; // which only the raw search looks into
    assert.equal(leaked(messages.map((message) => message.value), [TOTAL, TOTAL + 1]), [TOTAL]);
  });
}

test("data that are out of range end the computation, and are not in what the others hear", async () => {
  const columns = [[1.5, 2.5], [987_654_321_987.5, -123_456_789.25], [3.5]]
    .map((values): Column => ({ values, missing: 0 }));
  const { outcomes, bodies, messages, bytes } = await eavesdrop((communicator, rank) =>
    pooledMoments(communicator, columns[rank]!)
  );
  const reasons = outcomes.map((outcome) => (outcome as PromiseRejectedResult).reason);
  assert.is(reasons[1].code, "INTERNAL");
  assert.instance(reasons[1].cause, RangeError);
  assert.match(reasons[1].cause.message, /below 1\.8e\+11 .*use a larger unit/);
  for (const rank of [0, 2]) assert.is(reasons[rank].code, "PEER_ABORTED");
  assert.ok(bodies.some(({ code }) => code === "INTERNAL"), "the abort was heard");

  const { values } = columns[1]!;
  const secrets = [values[0]! + values[1]!, ...values];
  // Whoever catches the error may tell the others of it.
  assert.equal(leaked([bodies, messages, reasons.map(describeError)], secrets), []);
  assert.equal(leakedRaw(bytes, secrets), []);
});

test("what fewer than all parties see of another's secret is uniform", async () => {
  const secret = new BigUint64Array(8_192).fill(42n);
  const traffic = await eavesdrop((communicator) => secureSum(communicator, secret));
  const { messages } = traffic;
  for (const sum of resultsOf(traffic)) assert.ok(sum.every((element) => element === 126n));

  const vectors = (from: number) =>
    messages.filter((message) => message.from === from).map(({ value }) => value as BigUint64Array);
  for (const rank of [0, 1, 2]) {
    // To each of the two others, one share and then the opened sum of what this party holds.
    assert.is(vectors(rank).length, 4);
    for (const vector of vectors(rank)) {
      assert.ok(chiSquare(vector) < UNIFORM, `rank ${rank}: ${chiSquare(vector)}`);
    }
    const [toOne, toOther] = messages.filter(({ from, key }) =>
      from === rank && key.includes("@id")
    );
    const [a, b] = [toOne!.value, toOther!.value] as BigUint64Array[];
    for (const pair of [a!.map((x, i) => x + b![i]!), a!.map((x, i) => x - b![i]!)]) {
      assert.ok(chiSquare(pair) < UNIFORM, `the two shares that rank ${rank} sent`);
    }
  }
});

test("any two of three shares are uniform, whatever the secret; all three give it away", () => {
  for (const value of [0n, 1n, 2n ** 63n, 2n ** 64n - 1n]) {
    const secret = new BigUint64Array(8_192).fill(value);
    const [a, b, c] = split(secret, 3) as [BigUint64Array, BigUint64Array, BigUint64Array];
    for (const [x, y] of [[a, b], [b, c], [c, a]] as const) {
      assert.ok(chiSquare(x) < UNIFORM);
      assert.ok(chiSquare(x.map((element, at) => element + y[at]!)) < UNIFORM);
    }
    const opened = a.map((element, at) => element + b[at]! + c[at]!);
    assert.ok(chiSquare(opened) > UNIFORM);
  }
});

test("shares from a poor source of randomness do not pass for uniform", () => {
  const poor = (vector: BigUint64Array) =>
    vector.map(() => BigInt(Math.trunc(Math.random() * 2 ** 32)));
  const [share] = split(new BigUint64Array(8_192), 3, poor);
  assert.ok(chiSquare(share!) > UNIFORM);
});

test.run();
