/**
 * Floods of sessions at a party with keys, in a process of its own: of those that there are not, and of
 * new ones. What there is goes on.
 *
 * @module
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { headOf, post } from "./helpers/refusals/forge.ts";
import { Net, type Scene } from "./helpers/refusals/net.ts";
import { outcomeOf, refuses, type Row } from "./helpers/refusals/table.ts";
import { BOB, type Victim } from "./helpers/refusals/victim.ts";
import { dataOf } from "./helpers/served.ts";

const MIB = 1024 * 1024;
const MAX_SESSIONS = 12;
const FLOOD = 3_000;

let net: Net;
let scene: Scene;

test.before(async () => {
  net = await Net.start({ args: [`--max-sessions=${MAX_SESSIONS}`] });
  scene = await net.open();
  await scene.hello();
});
test.after(() => net.close());

/** Speaks to sessions that nobody created, each to another one. @returns what came of it */
async function floodUnknown({ url }: Victim, count: number): Promise<string[]> {
  const outcomes = new Set<string>();
  let left = count;
  const body = new Uint8Array(16 * 1024);
  const json = { from_rank: 0, to_rank: BOB, key: "k", data: dataOf("x".repeat(12 * 1024)) };
  await Promise.all(Array.from({ length: 20 }, async () => {
    while (left-- > 0) {
      const session = `${url}/sessions/${crypto.randomUUID()}`;
      const answer = left % 2 === 0
        ? await post(`${session}/comm/link`, headOf(0, crypto.randomUUID()), body)
        : await post(
          `${session}/comm/send`,
          { "content-type": "application/json" },
          JSON.stringify(json),
        );
      outcomes.add(outcomeOf(answer));
    }
  }));
  return [...outcomes];
}

const ROWS: Row<Scene>[] = [
  {
    name: "a flood of unknown sessions leaves memory flat",
    send: async () => {
      await floodUnknown(net.victim, 500);
      const before = await scene.heldMemory();
      const outcomes = await floodUnknown(net.victim, FLOOD);
      const grown = await scene.heldMemory() - before;
      assert.ok(grown < 4 * MIB, `it took ${(grown / MIB).toFixed(1)} MiB more`);
      return outcomes;
    },
    expected: ["404 UNKNOWN_SESSION"],
  },
  {
    name: "a flood of new sessions",
    send: async () => {
      const names = Array.from({ length: MAX_SESSIONS + 3 }, (_, at) => `flood-${at}`);
      const outcomes: string[] = [];
      for (const name of names) outcomes.push(outcomeOf(await net.victim.createSession(name)));
      await scene.hello(); // while there are as many as may be
      const made = names.slice(0, MAX_SESSIONS - 1);
      const path = (name: string) => `/sessions/${name}`;
      await Promise.all(made.map((name) => net.victim.ask("DELETE", path(name))));
      outcomes.push(outcomeOf(await net.victim.createSession("another")));
      return outcomes;
    },
    expected: [
      ...Array.from({ length: MAX_SESSIONS - 1 }, () => "200"),
      ...Array.from({ length: 4 }, () => "429 TOO_MANY_SESSIONS"),
      "200",
    ],
  },
];

refuses<Scene, Row<Scene>>(ROWS, {
  open: () => Promise.resolve(scene),
  assertUnharmed: async () => await scene.assertUntouched(),
});

test.run();
