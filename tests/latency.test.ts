import { test } from "uvu";
import * as assert from "uvu/assert";
import { measureLatency, MemoryCommunicator } from "../mod.ts";

for (const worldSize of [1, 2, 3, 4, 5, 8]) {
  test(`all pairs of ${worldSize} are measured, and all parties learn the same`, async () => {
    const parties = MemoryCommunicator.connect(worldSize);
    const [first, ...others] = await Promise.all(parties.map((party) => measureLatency(party)));
    for (const other of others) assert.equal(other, first);
    assert.is(first!.length, worldSize);
    for (const [from, row] of first!.entries()) {
      assert.is(row.length, worldSize);
      for (const [to, ms] of row.entries()) {
        assert.is(ms, first![to]![from], "the same both ways");
        assert.is(ms > 0, from !== to, `rank ${from} to ${to}: ${ms}`);
      }
    }
  });
}

test.run();
