/**
 * Collectives: on all ranks, on some, and beside each other.
 *
 * @module
 */

import * as assert from "uvu/assert";
import type { Communicator, RootedOptions } from "../../lib/comm/communicator.ts";
import { assertSame } from "../helpers/same.ts";
import { moment, partyError, rejection } from "../helpers/waiting.ts";
import type { WorldTest } from "./world.ts";

const add = (a: bigint, b: bigint) => a + b;
const join = (a: string, b: string) => a + b;

/** Runs every collective among some ranks and checks what each of them gets. */
async function runAll(ranks: readonly Communicator[], options: RootedOptions): Promise<void> {
  const members = [...options.ranks ?? ranks.keys()].sort((a, b) => a - b);
  const root = options.root ?? members[0]!;
  await Promise.all(members.map(async (rank) => {
    const comm = ranks[rank]!;
    const atRoot = (value: unknown) => rank === root ? value : undefined;
    const squares = members.map((member) => BigInt(member) ** 2n);
    const names = members.join("");

    assertSame(await comm.broadcast(atRoot({ root: BigInt(root) }), options), {
      root: BigInt(root),
    });
    assertSame(await comm.gather(BigInt(rank) ** 2n, options), atRoot(squares));
    const items = members.map((member) => new Map([[member, -0]]));
    const given = rank === root ? items : undefined;
    assertSame(await comm.scatter(given, options), new Map([[rank, -0]]));
    assertSame(await comm.allgather(BigInt(rank) ** 2n, options), squares);
    assertSame(await comm.reduce(BigInt(rank) ** 2n, add, options), atRoot(squares.reduce(add)));
    assertSame(await comm.reduce(String(rank), join, options), atRoot(names));
    assertSame(await comm.allreduce(String(rank), join, options), names);
    await comm.barrier(options);
  }));
}

/** Declares the tests. */
export function collectivesSuite(declare: WorldTest): void {
  for (const worldSize of [1, 2, 3, 5]) {
    declare(`every collective, on all ranks of ${worldSize}`, worldSize, async ({ ranks }) => {
      await runAll(ranks, {});
      await runAll(ranks, { root: worldSize - 1 });
      await runAll(ranks, { ranks: [...ranks.keys()].toReversed() });
    });
  }

  declare("every collective, on some ranks, whatever order they are named in", 4, async (world) => {
    for (const ranks of [[0, 1], [3, 1], [2, 0, 3], [2], [1, 2, 1]]) {
      await runAll(world.ranks, { ranks: [...new Set(ranks)] });
      await runAll(world.ranks, { ranks: [...new Set(ranks)], root: ranks[0]! });
    }
    assert.equal(await world.ranks[2]!.allgather("alone", { ranks: [2, 2] }), ["alone"]);
  });

  declare("groups that overlap do not meet, in whatever order they are used", 3, async (world) => {
    const groups = [[0, 1], [1, 2], [0, 2], [0, 1, 2], [0, 1], [1]];
    const orders = [[0, 1, 2, 3, 4, 5], [5, 3, 1, 0, 2, 4], [2, 1, 3, 0, 5, 4]];
    const results = await Promise.all(
      world.ranks.map((comm, rank) =>
        Promise.all(
          orders[rank]!.filter((group) => groups[group]!.includes(rank)).map(async (group) => {
            const ranks = groups[group]!;
            return [group, await comm.allgather(`${group} of ${rank}`, { ranks })] as const;
          }),
        )
      ),
    );
    for (const [group, values] of results.flat()) {
      // The first and the fifth group have the same members: their order is the one that counts.
      assert.equal(values, groups[group]!.map((rank) => `${group} of ${rank}`));
    }
  });

  declare("collectives of different contexts run beside each other", 3, async ({ ranks }) => {
    const names = ["a", "b", "c", "d"];
    await Promise.all(ranks.map(async (comm, rank) => {
      const order = rank === 1 ? names.toReversed() : names;
      await Promise.all(order.map(async (name) => {
        const context = comm.spawn(name);
        for (let round = 0; round < 5; round++) {
          const mine = `${name}${round}${rank}`;
          const all = [0, 1, 2].map((other) => `${name}${round}${other}`);
          assert.equal(await context.allgather(mine), all);
        }
      }));
      await comm.barrier();
    }));
  });

  declare("collectives that are begun together are told apart by their order", 3, async (world) => {
    await Promise.all(world.ranks.map(async (comm) => {
      const rounds = Array.from({ length: 20 }, (_, round) => comm.allgather([round, comm.rank]));
      for (const [round, values] of (await Promise.all(rounds)).entries()) {
        assert.equal(values, [[round, 0], [round, 1], [round, 2]]);
      }
    }));
  });

  declare("what folds takes two values, whatever else it would take", 3, async ({ ranks }) => {
    await Promise.all(ranks.map(async (comm) => {
      assert.is(await comm.allreduce(comm.rank, Math.max), 2);
      assert.is(await comm.reduce(comm.rank, Math.min), comm.rank === 0 ? 0 : undefined);
    }));
  });

  declare("nobody passes a barrier before all have come", 3, async (_, alice, bob, carol) => {
    let passed = 0;
    const early = [alice!, bob!].map((comm) => comm.barrier().then(() => passed++));
    await moment();
    assert.is(passed, 0);
    await carol!.barrier();
    await Promise.all(early);
  });

  declare("a group that is none is a RangeError", 3, async (_, alice) => {
    const value = [1, 2, 3];
    const wrong = [[], [1, 2], [0, 3], [0, -1], [0, 0.5], [0, NaN]];
    for (const ranks of wrong) {
      assert.instance(await rejection(alice!.barrier({ ranks })), RangeError);
    }
    for (const root of [3, -1, NaN]) {
      assert.instance(await rejection(alice!.broadcast(1, { root })), RangeError);
    }
    assert.instance(await rejection(alice!.gather(1, { ranks: [0, 1], root: 2 })), RangeError);
    assert.instance(await rejection(alice!.scatter([1, 2])), RangeError);
    assert.instance(await rejection(alice!.scatter(undefined)), RangeError);
    assert.instance(await rejection(alice!.scatter(value, { ranks: [0, 1] })), RangeError);
  });

  declare("a collective's deadline names the rank that did not come", 3, async (_, alice, bob) => {
    const options = { timeoutMs: 4_000 }; // enough for what does come, on a bad network as well
    const errors = await Promise.all(
      [alice!, bob!].map((comm) => partyError(comm.allgather(1, options), "RECV_TIMEOUT")),
    );
    assert.equal(errors.map((error) => error.rank), [2, 2]);
  });

  declare("a collective's signal ends it at once", 2, async (_, alice) => {
    const stop = new AbortController();
    const barrier = alice!.barrier({ signal: stop.signal });
    stop.abort("enough");
    assert.is(await rejection(barrier), "enough");
  });

  declare("a value that cannot be sent fails the collective", 2, async (_, alice) => {
    await partyError(alice!.broadcast(() => 1), "SERIALIZATION");
    await partyError(alice!.allgather([Symbol("s")]), "SERIALIZATION");
  });
}
