/**
 * Deadlines, signals, and arguments that are a caller's own mistake.
 *
 * @module
 */

import * as assert from "uvu/assert";
import { PartyError, TimeoutError } from "../../lib/errors.ts";
import { MAX_KEY_LENGTH } from "../../lib/wire/message.ts";
import { moment, partyError, rejection } from "../helpers/waiting.ts";
import type { WorldTest } from "./world.ts";

/** Declares the tests. */
export function waitsSuite(declare: WorldTest): void {
  declare("a recv that nothing comes for times out, naming rank, key and time", 2, async (_, a) => {
    const error = await partyError(a!.recv(1, "never", { timeoutMs: 50 }), "RECV_TIMEOUT");
    assert.instance(error, TimeoutError);
    assert.is(error.rank, 1);
    assert.is(error.key, "never");
    assert.ok(error.elapsedMs! >= 45, `${error.elapsedMs}`);
    assert.match(error.message, `"never" from rank 1`);
    assert.match(error.message, `${error.elapsedMs} ms`);
  });

  declare("a party's own timeout holds where a call gives none", 2, async (_, alice) => {
    const started = [{}, { timeoutMs: undefined }].map((options) => alice!.recv(1, "k", options));
    for (const received of started) {
      assert.ok((await partyError(received, "RECV_TIMEOUT")).elapsedMs! < 20_000);
    }
  }, { timeoutMs: 50 });

  declare(
    "a message that comes after a recv timed out is held for the next",
    2,
    async (_, a, b) => {
      await partyError(b!.recv(0, "k", { timeoutMs: 0 }), "RECV_TIMEOUT");
      await a!.send(1, "k", 1);
      assert.is(await b!.recv(0, "k"), 1);
    },
  );

  declare("a recv's signal rejects it with the signal's reason", 2, async (_, alice, bob) => {
    const reason = new Error("changed my mind");
    const stop = new AbortController();
    const first = bob!.recv(0, "k", { signal: stop.signal });
    const second = bob!.recv(0, "k");
    stop.abort(reason);
    assert.is(await rejection(first), reason);
    assert.is(await rejection(bob!.recv(0, "k", { signal: stop.signal })), reason);
    await alice!.send(1, "k", "for the other one");
    assert.is(await second, "for the other one");
  });

  declare("an aborted signal stops a recv even of what is there", 2, async (_, alice, bob) => {
    await alice!.send(1, "k", 1);
    const signal = AbortSignal.abort("reason");
    assert.is(await rejection(bob!.recv(0, "k", { signal })), "reason");
    assert.is(await bob!.recv(0, "k"), 1);
  });

  declare("a send's signal rejects it with the signal's reason", 2, async (world, alice, bob) => {
    const signal = AbortSignal.abort("at once");
    for (const to of [0, 1]) {
      assert.is(await rejection(alice!.send(to, "k", 1, { signal })), "at once");
    }
    assert.is(world.requests(), 0);

    await alice!.send(1, "first", "fills the mailbox".padEnd(100));
    const stop = new AbortController();
    const waiting = alice!.send(1, "k", "waits for room", { signal: stop.signal });
    const behind = alice!.send(1, "k2", "waits behind it");
    await moment(); // the mailbox is full
    stop.abort("later");
    assert.is(await rejection(waiting), "later");
    await bob!.recv(0, "first");
    await behind; // there is room for both, as the one given up may have been on its way already
    assert.is(await bob!.recv(0, "k2"), "waits behind it");
  }, { maxMailboxBytes: 180 });

  declare("a send that finds no room in time times out, naming the cause", 2, async (_, alice) => {
    await alice!.send(1, "first", "fills the mailbox");
    const sent = alice!.send(1, "k", "waits for room", { timeoutMs: 100 });
    const error = await partyError(sent, "SEND_TIMEOUT");
    assert.is(error.rank, 1);
    assert.is(error.key, "k");
    assert.ok(error.elapsedMs! >= 95);
    assert.match(error.message, `"k" to rank 1`);
    assert.instance(error.cause, PartyError);
  }, { maxMailboxBytes: 20 });

  declare("waits leave nothing behind on a signal that is used for long", 2, async (_, a, b) => {
    const { signal } = new AbortController();
    let listeners = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listeners++;
      addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listeners--;
      removeEventListener.apply(signal, args);
    };
    const received = b!.recv(0, "k", { signal });
    await a!.send(1, "k", 1, { signal });
    await received;
    await partyError(b!.recv(0, "k", { signal, timeoutMs: 1 }), "RECV_TIMEOUT");
    assert.is(listeners, 0);
  });

  declare("a rank that the session does not have is a RangeError", 2, async (_, alice) => {
    for (
      const rank of [-1, 2, 0.5, NaN, "1" as unknown as number, undefined as unknown as number]
    ) {
      for (const promise of [alice!.send(rank, "k", 1), alice!.recv(rank, "k")]) {
        const error = await rejection(promise);
        assert.instance(error, RangeError);
        assert.match((error as Error).message, `rank ${rank} as the session has 2 parties`);
      }
    }
  });

  declare("a key that is no text of 1 to 1,024 characters is a TypeError", 2, async (_, alice) => {
    const keys = ["", "k".repeat(MAX_KEY_LENGTH + 1), 5, null, undefined, ["k"], Symbol("k")];
    for (const key of keys as string[]) {
      assert.instance(await rejection(alice!.send(1, key, 1)), TypeError);
      assert.instance(await rejection(alice!.recv(1, key)), TypeError);
    }
    await alice!.send(0, "k".repeat(MAX_KEY_LENGTH), 1);
  });

  declare("a timeout that is no duration is a RangeError", 2, async (_, alice) => {
    for (const timeoutMs of [-1, NaN, "soon" as unknown as number]) {
      assert.instance(await rejection(alice!.send(1, "k", 1, { timeoutMs })), RangeError);
      assert.instance(await rejection(alice!.recv(1, "k", { timeoutMs })), RangeError);
    }
  });

  declare("a wait may last as long as one likes", 2, async (_, alice, bob) => {
    const received = [1e12, Infinity].map((timeoutMs) => bob!.recv(0, "k", { timeoutMs }));
    await moment();
    await alice!.send(1, "k", 1, { timeoutMs: Infinity });
    await alice!.send(1, "k", 2, { timeoutMs: 1e12 });
    assert.equal(await Promise.all(received), [1, 2]);
  });
}
