/**
 * A plan of messages from one rank to another, checked one by one as they arrive.
 *
 * @module
 */

import * as assert from "uvu/assert";
import type { Communicator } from "../../lib/comm/communicator.ts";
import type { FaultOptions } from "../../lib/testing/options.ts";

/** What happens to requests here: about every other one meets something. */
export const FAULTS: Omit<FaultOptions, "seed"> = {
  unavailable: 0.02,
  drop: 0.05,
  resetBefore: 0.05,
  resetMidway: 0.15,
  resetAfter: 0.1,
  loseAnswer: 0.15,
  duplicate: 0.15,
  delay: 0.1,
  split: 0.3,
  breakWithin: { bytes: 1024 * 1024, ms: 150 },
};

/** Of the JSON form each message is a request of its own, and waits for the one before it. */
export function gentler(faults: Omit<FaultOptions, "seed">): Omit<FaultOptions, "seed"> {
  const entries = Object.entries(faults);
  return Object.fromEntries(
    entries.map(([name, rate]) => [name, typeof rate === "number" ? rate / 4 : rate]),
  );
}

/** How many messages a transfer has; some hundred kilobytes in the largest. */
export const MESSAGES = 100;

/** @returns the message of a rank at a place of the plan */
function messageOf(from: number, at: number): unknown {
  if (at % 25 === 24) return new Uint8Array(40_000 + 12_000 * at).fill(at + from);
  if (at % 10 === 9) return `${from} `.repeat(at * 50);
  return [undefined, at, `${at}`, [from, at], new Map([[at, from]])][at % 5];
}

/**
 * Sends the plan, or receives it; which, says who is asked. Keys are used again and again, so that
 * a message that came twice would be taken for the next one of its key.
 */
export async function transfer(
  sender: Communicator,
  receiver: Communicator,
  from: number,
  to: number,
): Promise<void> {
  const send = async () => {
    for (let at = 0; at < MESSAGES; at += 5) {
      const five = [0, 1, 2, 3, 4].map((more) => at + more);
      await Promise.all(five.map((at) => sender.send(to, `key ${at % 5}`, messageOf(from, at))));
      await sender.recv(to, "go on");
    }
  };
  const receive = async () => {
    for (let at = 0; at < MESSAGES; at++) {
      const value = await receiver.recv(from, `key ${at % 5}`);
      const expected = messageOf(from, at);
      if (expected instanceof Uint8Array) {
        assert.instance(value, Uint8Array);
        assert.is((value as Uint8Array).byteLength, expected.byteLength);
        const wrong = (value as Uint8Array).findIndex((byte) => byte !== expected[0]);
        assert.is(wrong, -1, `message ${at} is wrong at byte ${wrong}`);
      } else {
        assert.equal(value, expected);
      }
      if (at % 5 === 4) await receiver.send(from, "go on", null);
    }
  };
  if (sender !== receiver) await Promise.all([send(), receive()]);
  else await (sender.rank === from ? send() : receive());
}
