/**
 * Sending and receiving: what arrives, where, and in which order.
 *
 * @module
 */

import fc from "fast-check";
import * as assert from "uvu/assert";
import { type PartyError, SerializationError } from "../../lib/errors.ts";
import { assertSame } from "../helpers/same.ts";
import { sendable, text } from "../helpers/values.ts";
import { later, moment, partyError, rejection, until } from "../helpers/waiting.ts";
import type { WorldTest } from "./world.ts";

/** Declares the tests. */
export function messagesSuite(declare: WorldTest): void {
  declare("a message waits for its recv", 2, async (_, alice, bob) => {
    await alice!.send(1, "k", { n: 1n });
    assertSame(await bob!.recv(0, "k"), { n: 1n });
  });

  declare("a recv waits for its message", 2, async (_, alice, bob) => {
    const received = bob!.recv(0, "k");
    await alice!.send(1, "k", new Map([[1, -0]]));
    assertSame(await received, new Map([[1, -0]]));
  });

  declare("messages match by sender and key, in whatever order they come", 3, async (_, ...all) => {
    const [alice, bob, carol] = all;
    const early = carol!.recv(1, "b");
    await Promise.all([
      ...["a", "b", "c"].map((key) => alice!.send(2, key, `alice ${key}`)),
      ...["c", "b", "a"].map((key) => bob!.send(2, key, `bob ${key}`)),
      carol!.send(2, "b", "carol b"),
    ]);
    assert.is(await early, "bob b");
    assert.is(await carol!.recv(0, "c"), "alice c");
    assert.is(await carol!.recv(1, "a"), "bob a");
    assert.is(await carol!.recv(2, "b"), "carol b");
    assert.is(await carol!.recv(0, "a"), "alice a");
    assert.is(await carol!.recv(0, "b"), "alice b");
    assert.is(await carol!.recv(1, "c"), "bob c");
  });

  declare("recvs of one key are served in the order in which they began", 2, async (_, a, b) => {
    const received = [b!.recv(0, "k"), b!.recv(0, "k"), b!.recv(0, "k")];
    for (const value of [1, 2, 3]) await a!.send(1, "k", value);
    assert.equal(await Promise.all(received), [1, 2, 3]);
  });

  declare("a key is free again once its message was read", 2, async (_, alice, bob) => {
    for (const value of [1, 2, 3]) {
      await alice!.send(1, "k", value);
      assert.is(await bob!.recv(0, "k"), value);
    }
  });

  declare("a message for a key that is still unread fails the session", 2, async (_, a, b) => {
    await a!.send(1, "k", "first");
    await b!.send(0, "k", "the other way is another key");
    const sent = later(a!.send(1, "k", "second"))[0]!;
    await until(() => b!.failure !== undefined, "bob has it twice");
    const error = b!.failure as PartyError;
    assert.is(error.code, "DUPLICATE_KEY");
    assert.match(error.message, /"k".*unread/);
    assert.is(error.key, "k");
    const told = await rejection(sent) as PartyError & { peerCode?: string };
    assert.is(told.peerCode ?? told.code, "DUPLICATE_KEY");
  });

  declare("what is sent is a copy of the value as it was then", 2, async (_, alice, bob) => {
    for (const [to, receiver] of [alice!, bob!].entries()) {
      const value = { rows: [1, 2], bytes: Uint8Array.of(7) };
      const sent = alice!.send(to, "k", value);
      value.rows.push(3);
      value.bytes[0] = 0;
      await sent;
      const received = await receiver.recv<typeof value>(0, "k");
      assertSame(received, { rows: [1, 2], bytes: Uint8Array.of(7) });
      received.rows.length = 0;
      assert.is(value.rows.length, 3);
    }
  });

  declare("a value that cannot be sent is refused before anything is", 2, async (world, alice) => {
    for (const to of [0, 1]) {
      const error = await rejection(alice!.send(to, "k", { rows: [{ f: () => 1 }] }));
      assert.instance(error, SerializationError);
      assert.match((error as Error).message, /value\.rows\[0\]\.f/);
    }
    assert.is(world.requests(), 0);
    assert.is(alice!.stats[1]!.messagesSent, 0);
    await alice!.send(1, "k", "and the key is still free");
  });

  declare("what one sends to oneself never touches the network", 2, async (world, alice) => {
    const waiting = alice!.recv(0, "waiting");
    await alice!.send(0, "waiting", [1n]);
    assertSame(await waiting, [1n]);
    await alice!.send(0, "held", new Set([1]));
    assertSame(await alice!.recv(0, "held"), new Set([1]));
    await alice!.send(0, "twice", 1);
    assert.is(world.requests(), 0);
    await partyError(alice!.send(0, "twice", 2), "DUPLICATE_KEY");
  });

  declare("any value survives, under any key", 2, async ({ inputs }, alice, bob) => {
    const key = text.filter((any) => any.length > 0);
    await fc.assert(
      fc.asyncProperty(key, sendable, async (key, value) => {
        await alice!.send(1, key, value);
        assertSame(await bob!.recv(0, key), value);
      }),
      { numRuns: 100, ...inputs },
    );
  });

  declare("1,000 messages each way keep their values", 2, async (_, alice, bob) => {
    const keys = Array.from({ length: 1_000 }, (_, at) => `k${at}`);
    const sent = keys.flatMap((key) => [alice!.send(1, key, `a ${key}`), bob!.send(0, key, key)]);
    const fromBob = Promise.all(keys.map((key) => alice!.recv(1, key)));
    const fromAlice = Promise.all(keys.toReversed().map((key) => bob!.recv(0, key)));
    await Promise.all(sent);
    assert.equal(await fromBob, keys);
    assert.equal(await fromAlice, keys.toReversed().map((key) => `a ${key}`));
  });

  declare("sends and recvs in any order deliver every value once", 3, async ({ ranks, inputs }) => {
    const rank = fc.nat({ max: 2 });
    const message = fc.record({ from: rank, to: rank, key: text, value: sendable });
    const script = fc.uniqueArray(message, {
      selector: ({ from, to, key }) => `${from} ${to} ${key}`,
      maxLength: 20,
    }).chain((messages) => {
      const steps = messages.flatMap((
        message,
      ) => [{ sends: true, message }, { sends: false, message }]);
      return fc.shuffledSubarray(steps, { minLength: steps.length });
    });
    const pause = fc.infiniteStream(fc.boolean());
    let run = 0;
    await fc.assert(
      fc.asyncProperty(script, pause, async (steps, pauses) => {
        const contexts = ranks.map((comm) => comm.spawn(`run-${run}`));
        run++;
        const work: Promise<void>[] = [];
        for (const { sends, message: { from, to, key, value } } of steps) {
          const send = () => contexts[from]!.send(to, key + ".", value);
          const recv = async () => assertSame(await contexts[to]!.recv(from, key + "."), value);
          work.push(sends ? send() : recv());
          if (pauses.next().value) await Promise.resolve();
        }
        await Promise.all(work);
        for (const { message: { from, to, key } } of steps) {
          // Nothing is left under the key, or this would be a duplicate.
          const again = contexts[from]!.send(to, key + ".", 1);
          const received = contexts[to]!.recv(from, key + ".");
          assert.is((await Promise.all([again, received]))[1], 1);
        }
      }),
      { numRuns: 30, ...inputs },
    );
  });

  declare("a full mailbox makes the sender wait, and loses nothing", 2, async (_, alice, bob) => {
    const keys = Array.from({ length: 12 }, (_, at) => `k${at}`);
    let arrived = 0;
    const sent = keys.map(async (key) => {
      await alice!.send(1, key, key.padEnd(98));
      arrived++;
    });
    await until(() => arrived === 5, "the mailbox is full");
    await moment();
    assert.is(arrived, 5);
    await bob!.send(1, "own", "to oneself, it is never full");
    for (const key of keys) assert.is(await bob!.recv(0, key), key.padEnd(98));
    await Promise.all(sent);
    const { messagesSent, bytesSent } = alice!.stats[1]!;
    const { messagesReceived, bytesReceived } = bob!.stats[0]!;
    assert.equal([messagesSent, messagesReceived], [keys.length, keys.length]);
    assert.is(bytesSent, bytesReceived);
  }, { maxMailboxBytes: 5.5 * (100 + 2 * 2 + 64) }); // value, key and entry, each in either form

  declare("a recv that waits gets what a full mailbox cannot hold", 2, async (_, alice, bob) => {
    const received = bob!.recv(0, "large");
    await alice!.send(1, "large", "x".repeat(1_000));
    assert.is(await received, "x".repeat(1_000));
  }, { maxMailboxBytes: 10 });

  declare("stats count the messages and bytes to and from each rank", 3, async (_, a, b, c) => {
    await a!.send(1, "1", "four");
    await a!.send(1, "2", "x".repeat(1_000));
    await a!.send(2, "1", 1);
    await a!.send(0, "1", 1);
    await c!.send(0, "1", [1, 2]);
    const counts = (comm: typeof a) =>
      comm!.stats.map(({ messagesSent, messagesReceived }) => [messagesSent, messagesReceived]);
    assert.equal(counts(a), [[0, 0], [2, 0], [1, 1]]);
    assert.equal(counts(b), [[0, 2], [0, 0], [0, 0]]);
    assert.equal(counts(c), [[1, 1], [0, 0], [0, 0]]);
    for (const [from, to] of [[a!, b!], [a!, c!], [c!, a!]] as const) {
      assert.is(from.stats[to.rank]!.bytesSent, to.stats[from.rank]!.bytesReceived);
    }
    const { bytesSent } = a!.stats[1]!;
    assert.ok(bytesSent >= 1_004 && bytesSent < 1_040, `${bytesSent} bytes`);
    assert.is(a!.stats[1]!.bytesReceived, 0);
  });
}
