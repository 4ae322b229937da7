import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  combine,
  MemoryCommunicator,
  type PartyError,
  pooledMoments,
  secureSum,
  split,
} from "../mod.ts";
import { agree } from "../lib/programs/agreement.ts";
import { decodeFixed, encodeFixed, FRACTION_BITS } from "../lib/mpc/fixed_point.ts";
import { cryptoRandom } from "../lib/mpc/ring.ts";

const element = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const vector = fc.array(element, { maxLength: 20 }).map((items) => BigUint64Array.from(items));

function together<T>(
  worldSize: number,
  run: (communicator: MemoryCommunicator, rank: number) => Promise<T>,
): Promise<T[]> {
  return Promise.all(MemoryCommunicator.connect(worldSize).map(run));
}

test("the shares of a vector sum to it, however many there are", () => {
  fc.assert(fc.property(vector, fc.integer({ min: 1, max: 8 }), (secret, parties) => {
    const shares = split(secret, parties);
    assert.is(shares.length, parties);
    assert.equal(combine(shares), secret);
  }));
});

test("splitting leaves the secret as it was", () => {
  const secret = BigUint64Array.of(1n, 2n);
  split(secret, 1)[0]!;
  split(secret, 3);
  assert.equal(secret, BigUint64Array.of(1n, 2n));
});

test("random vectors longer than one call of the source fills are random to their end", () => {
  const elements = cryptoRandom(new BigUint64Array(20_000));
  assert.is(new Set(elements).size, elements.length);
});

test("fixed point keeps a number to half of its resolution", () => {
  const resolution = 2 ** -FRACTION_BITS;
  fc.assert(fc.property(fc.double({ min: -1e9, max: 1e9, noNaN: true }), (value) => {
    const error = Math.abs(decodeFixed(encodeFixed(value, 3)) - value);
    assert.ok(error <= resolution / 2, `${value} is off by ${error}`);
  }));
});

test("fixed point refuses what a sum could not hold, and what is no number", () => {
  const limit = 2 ** (63 - FRACTION_BITS);
  assert.ok(encodeFixed(limit / 3 - 1, 3) > 0n);
  for (const value of [limit / 3, -limit / 3, Infinity, NaN]) {
    assert.throws(() => encodeFixed(value, 3), (error: Error) => error instanceof RangeError);
  }
});

test("the secure sum is the sum modulo 2^64, at every party", async () => {
  const columns = fc.integer({ min: 1, max: 5 }).chain((parties) =>
    fc.array(fc.array(element, { minLength: 3, maxLength: 3 }), {
      minLength: parties,
      maxLength: parties,
    })
  );
  await fc.assert(
    fc.asyncProperty(columns, async (rows) => {
      const expected = combine(rows.map((row) => BigUint64Array.from(row)));
      const sums = await together(
        rows.length,
        (communicator, rank) => secureSum(communicator, BigUint64Array.from(rows[rank]!)),
      );
      for (const sum of sums) assert.equal(sum, expected);
    }),
    { numRuns: 50 },
  );
});

test("two sums at once, in one communicator, do not mix", async () => {
  const results = await together(3, (communicator, rank) =>
    Promise.all([
      secureSum(communicator, BigUint64Array.of(BigInt(rank))),
      secureSum(communicator, BigUint64Array.of(BigInt(100 * rank))),
    ]));
  for (const [first, second] of results) {
    assert.equal([...first, ...second], [3n, 300n]);
  }
});

test("vectors of different lengths are an agreement mismatch that names the rank", async () => {
  const outcomes = await Promise.allSettled(
    MemoryCommunicator.connect(2).map(
      (communicator, rank) => secureSum(communicator, new BigUint64Array(1 + rank)),
    ),
  );
  for (const [rank, outcome] of outcomes.entries()) {
    assert.is(outcome.status, "rejected");
    const error = (outcome as PromiseRejectedResult).reason as PartyError;
    assert.is(error.code, "AGREEMENT_MISMATCH");
    assert.is(error.rank, 1 - rank);
  }
});

test("anything but ring elements is refused before anything is sent", async () => {
  const [party] = MemoryCommunicator.connect(2) as [MemoryCommunicator];
  for (const own of [[1n], Float64Array.of(1), 7, undefined]) {
    const error = await secureSum(party, own as unknown as BigUint64Array).catch((error) => error);
    assert.instance(error, TypeError);
    assert.match(error.message, /^Cannot sum (Array|Float64Array|Number|Undefined): give a Big/);
  }
  assert.is(party.stats[1]!.messagesSent, 0);
});

test("parties agree on equal values, and name the lowest rank that has another", async () => {
  await together(3, (communicator) => agree(communicator, { job: "mean", params: { at: 1 } }));
  const outcomes = await Promise.allSettled(
    MemoryCommunicator.connect(3).map(
      (communicator, rank) => agree(communicator, { column: "aab"[rank] }),
    ),
  );
  const errors = outcomes.map((outcome) => (outcome as PromiseRejectedResult).reason as PartyError);
  assert.equal(errors.map(({ code, rank }) => [code, rank]), [
    ["AGREEMENT_MISMATCH", 2],
    ["AGREEMENT_MISMATCH", 2],
    ["AGREEMENT_MISMATCH", 0],
  ]);
  assert.match(errors[2]!.message, 'rank 2 has {"column":"b"} and rank 0 has {"column":"a"}');
});

test("a long value is cut in what an agreement says", async () => {
  const outcomes = await Promise.allSettled(
    MemoryCommunicator.connect(2).map(
      (communicator, rank) => agree(communicator, String(rank).repeat(100_000)),
    ),
  );
  for (const outcome of outcomes) {
    assert.ok((outcome as PromiseRejectedResult).reason.message.length < 600);
  }
});

test("pooled moments equal those of all values in one place", async () => {
  const number = fc.double({ min: -1e4, max: 1e4, noNaN: true });
  const tables = fc.array(fc.array(number, { maxLength: 30 }), { minLength: 2, maxLength: 4 })
    .filter((table) => table.flat().length >= 2);
  await fc.assert(
    fc.asyncProperty(tables, async (table) => {
      const all = table.flat();
      const mean = all.reduce((sum, value) => sum + value, 0) / all.length;
      const squares = all.reduce((sum, value) => sum + (value - mean) ** 2, 0);
      const results = await together(
        table.length,
        (communicator, rank) =>
          pooledMoments(communicator, { values: table[rank]!, missing: rank }),
      );
      for (const pooled of results) {
        assert.equal(pooled, results[0]);
        assert.is(pooled.count, all.length);
        assert.is(pooled.missing, table.reduce((sum, _, rank) => sum + rank, 0));
        assert.ok(Math.abs(pooled.mean - mean) < 1e-6, `mean ${pooled.mean}, not ${mean}`);
        const variance = pooled.standardDeviation ** 2;
        assert.ok(Math.abs(variance - squares / (all.length - 1)) < 1e-6 * (1 + variance));
      }
    }),
    { numRuns: 50 },
  );
});

test("one value alone has a mean and no standard deviation", async () => {
  const [moments] = await together(
    2,
    (communicator, rank) =>
      pooledMoments(communicator, { values: rank === 0 ? [7.5] : [], missing: 0 }),
  );
  assert.is(moments!.mean, 7.5);
  assert.ok(Number.isNaN(moments!.standardDeviation));
});

test("no value at any party is an error that says so", async () => {
  const outcomes = await Promise.allSettled(
    MemoryCommunicator.connect(2).map(
      (communicator) => pooledMoments(communicator, { values: [], missing: 1 }),
    ),
  );
  for (const outcome of outcomes) {
    assert.match(String((outcome as PromiseRejectedResult).reason), "no party holds a value");
  }
});

test.run();
