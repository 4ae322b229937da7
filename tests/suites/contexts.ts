/**
 * Key spaces inside a communicator, and keys made in them.
 *
 * @module
 */

import * as assert from "uvu/assert";
import type { Communicator } from "../../lib/comm/communicator.ts";
import { partyError } from "../helpers/waiting.ts";
import type { WorldTest } from "./world.ts";

/** Declares the tests. */
export function contextsSuite(declare: WorldTest): void {
  declare("newId gives the same keys at every rank, and none twice", 3, async (_, ...ranks) => {
    const ids = ranks.map((comm) => Array.from({ length: 500 }, () => comm.newId()));
    assert.equal(ids[1], ids[0]);
    assert.equal(ids[2], ids[0]);
    assert.is(new Set(ids[0]).size, 500);
    await ranks[0]!.send(1, ids[0]![3]!, "under such a key");
    assert.is(await ranks[1]!.recv(0, ids[1]![3]!), "under such a key");
  });

  declare("the same key in different contexts is different messages", 2, async (_, alice, bob) => {
    const paths = [[], ["a"], ["b"], ["a", "a"], ["a", "b"], ["b", "a"], ["id.1"]];
    const at = (root: Communicator) => {
      const made = new Map<string, Communicator>([["", root]]);
      for (const path of paths.slice(1)) {
        made.set(path.join("/"), made.get(path.slice(0, -1).join("/"))!.spawn(path.at(-1)!));
      }
      return [...made.values()];
    };
    const [from, to] = [at(alice!), at(bob!)];
    for (const key of ["k", "a:k", from[0]!.newId()]) {
      await Promise.all(from.map((comm, at) => comm.send(1, key, paths[at])));
      for (const [index, comm] of [...to.entries()].toReversed()) {
        assert.equal(await comm.recv(0, key), paths[index]);
      }
    }
  });

  declare("a context knows its rank and peers, and counts with its parent", 2, async (_, a, b) => {
    const [left, right] = [a!.spawn("one").spawn("two"), b!.spawn("one").spawn("two")];
    assert.equal([left.rank, left.worldSize, right.rank, right.worldSize], [0, 2, 1, 2]);
    await left.send(1, "k", 1);
    assert.is(left.stats, a!.stats);
    assert.is(right.stats[0]!.messagesReceived, 1);
    const error = await partyError(right.recv(0, "later", { timeoutMs: 1 }), "RECV_TIMEOUT");
    assert.match(error.message, "later");
  });

  declare("a context's name is used once", 2, (_, alice) => {
    alice!.spawn("a");
    assert.throws(
      () => alice!.spawn("a"),
      (error: unknown) => error instanceof TypeError && /"a" twice/.test(error.message),
    );
    alice!.spawn("b").spawn("a");
  });

  declare("a context's name is a name", 2, (_, alice) => {
    for (const name of ["", ".", "..", "a:b", "a/b", "@", "é", "x".repeat(129), 1, undefined]) {
      assert.throws(
        () => alice!.spawn(name as string),
        (error: unknown) => error instanceof TypeError,
      );
    }
    for (const name of ["...", "__proto__", "constructor", "x".repeat(128)]) alice!.spawn(name);
  });
}
