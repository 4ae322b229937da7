import { test } from "uvu";
import * as assert from "uvu/assert";
import { createParty, pooledMoments, secureSum, serve, split } from "../mod.ts";
import type { Communicator } from "../mod.ts";
import { encodeFixed } from "../lib/mpc/fixed_point.ts";
import { decodePayload } from "../lib/wire/message.ts";
import { readColumn } from "../scripts/cli/table.ts";
import { ROOT } from "../scripts/processes.ts";
import { tap } from "./helpers/wiretap.ts";

const ISLANDS = ["biscoe", "dream", "torgersen"];

/** A message as it went over the wire. */
interface Heard {
  from: number;
  to: number;
  key: string;
  value: unknown;
}

/** Runs a protocol among three parties over HTTP, and returns all that went over the wires. */
async function eavesdrop<T>(
  run: (communicator: Communicator, rank: number) => Promise<T>,
): Promise<{ results: T[]; messages: Heard[]; bytes: string }> {
  const parties = ISLANDS.map(() => createParty());
  const servers = await Promise.all(parties.map((party) => serve(party, { port: 0 })));
  const taps = await Promise.all(servers.map((server) => tap(server.url)));
  const endpoints = taps.map(({ url }) => url);
  const results = await Promise.all(parties.map(async (party, rank) => {
    const session = await party.createSession({ name: "tapped", rank, endpoints });
    return await run(session.communicator, rank);
  }));
  await Promise.all(parties.map((party) => party.close()));
  await Promise.all(servers.map((server) => server.close()));
  await Promise.all(taps.map((wire) => wire.close()));
  const bytes = taps.flatMap((wire) => wire.heard()).join("\n");
  const messages = [...bytes.matchAll(/\{"from_rank".*?\}/g)].map(([text]) => JSON.parse(text))
    .filter((body) => "data" in body)
    .map(({ from_rank, to_rank, key, data }) => ({
      from: from_rank,
      to: to_rank,
      key,
      value: decodePayload(data).value,
    }));
  return { results, messages, bytes };
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
  const { results, messages, bytes } = await eavesdrop((communicator, rank) =>
    pooledMoments(communicator, columns[rank]!)
  );

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
  for (const { values, missing } of columns) {
    const total = values.reduce((sum, value) => sum + value);
    const deviations = values.reduce((sum, value) => sum + (value - results[0]!.mean) ** 2, 0);
    const ownMean = total / values.length;
    for (const secret of [total, deviations, ownMean, values.length, missing, ...values]) {
      assert.not.ok(sent.has(encodeFixed(secret, 3)), `${secret} as fixed point`);
      assert.not.ok(Number.isInteger(secret) && sent.has(BigInt(secret)), `${secret} as integer`);
    }
    for (const secret of [total, deviations, ownMean]) {
      assert.not.ok(bytes.includes(String(secret)), `${secret} as text`);
    }
  }
});

test("what fewer than all parties see of another's secret is uniform", async () => {
  const secret = new BigUint64Array(8_192).fill(42n);
  const { results, messages } = await eavesdrop((communicator) => secureSum(communicator, secret));
  for (const sum of results) assert.ok(sum.every((element) => element === 126n));

  const vectors = (from: number) =>
    messages.filter((message) => message.from === from).map(({ value }) => value as BigUint64Array);
  for (const rank of [0, 1, 2]) {
    // To each of the two others, one share and then the opened sum of what this party holds.
    assert.is(vectors(rank).length, 4);
    for (const vector of vectors(rank)) {
      assert.ok(chiSquare(vector) < UNIFORM, `rank ${rank}: ${chiSquare(vector)}`);
    }
    const [toOne, toOther] = messages.filter(({ from, key }) =>
      from === rank && key.startsWith("@id")
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
