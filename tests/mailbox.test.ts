/**
 * The mailbox, whatever is done to it: each context's messages are its own.
 *
 * @module
 */

import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Deadlines } from "../lib/comm/deadlines.ts";
import { Mailbox } from "../lib/comm/mailbox.ts";
import { later } from "./helpers/waiting.ts";

const PREFIXES = ["", "@a:", "@computations/a:", "@computations/ab:"];
const KEYS = PREFIXES.flatMap((prefix) => ["k", "@in:k", ":"].map((key) => prefix + key));
const prefixOf = (key: string) => /^@[^:]*:/.exec(key)?.[0] ?? "";

type Step = ["deliver" | "take", key: string] | ["clear", prefix: string];

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.tuple(fc.constantFrom("deliver" as const, "take" as const), fc.constantFrom(...KEYS)),
  fc.tuple(fc.constant("clear" as const), fc.constantFrom(...PREFIXES.slice(1))),
);

test("of each context the mailbox holds what came and was not taken, until it is cleared", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const events = { onWait() {}, onRoom() {}, onFull() {} };
      const deadlines = new Deadlines();
      const mailbox = new Mailbox(1, Infinity, deadlines, events);
      const [unread, waits] = [new Set<string>(), new Map<string, number>()];
      for (const [action, what] of steps) {
        const waiting = waits.get(what) ?? 0;
        if (action === "clear") {
          mailbox.clear(what, new Error("cleared"));
          for (const key of KEYS.filter((key) => prefixOf(key) === what)) {
            unread.delete(key);
            waits.delete(key);
          }
        } else if (action === "take") {
          later(mailbox.take(0, what, { timeoutMs: 60_000 }));
          if (!unread.delete(what)) waits.set(what, waiting + 1);
        } else if (waiting > 0) {
          mailbox.deliver(0, what, 1, 7);
          if (waiting > 1) waits.set(what, waiting - 1);
          else waits.delete(what);
        } else if (unread.has(what)) {
          assert.throws(() => mailbox.deliver(0, what, 1, 7), /still unread/);
        } else {
          mailbox.deliver(0, what, 1, 7);
          unread.add(what);
        }
        assertHolds(mailbox, unread, waits);
      }
      mailbox.close(new Error("closed"));
      assertHolds(mailbox, new Set(), new Map());
    }),
  );
});

function assertHolds(mailbox: Mailbox, unread: Set<string>, waits: Map<string, number>): void {
  const view = mailbox.view(0);
  const pending = [...waits].flatMap(([key, count]) => Array(count).fill(key));
  assert.equal(view.pending.map(({ key }) => key).sort(), pending.sort());
  assert.is(view.unread.messages, unread.size);
  for (const prefix of PREFIXES) {
    const sizes: number[] = [];
    mailbox.eachUnread(prefix, (_, bytes) => sizes.push(bytes));
    assert.equal(sizes, [...unread].filter((key) => prefixOf(key) === prefix).map(() => 7));
  }
}

test.run();
