/**
 * Connections that break in the middle of a large message: it goes on where it was.
 *
 * @module
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import type { GatewayMode } from "./helpers/gateway.ts";
import { isPattern, patternBytes } from "./helpers/pattern.ts";
import { linkOf, Site } from "./helpers/site.ts";
import { until } from "./helpers/waiting.ts";

const MIB = 1024 * 1024;
const LARGE = 48 * MIB;

/**
 * Sends a large message, and breaks what is on its way.
 *
 * @param marks how much of it has passed when that happens
 * @param breakOff what happens
 */
async function sendBroken(
  site: Site,
  marks: number[],
  breakOff: () => Promise<void> | void,
): Promise<void> {
  const [alice, bob] = [site.ranks[0]!, site.ranks[1]!];
  await alice.send(1, "first", "the link is open");
  await until(() => linkOf(alice).kind !== "none", "it has a kind");
  const sent = alice.send(1, "k", patternBytes(LARGE));
  for (const mark of marks) {
    await until(() => site.proxies[1]!.bytes() > mark, `${mark} bytes have passed`);
    await breakOff();
  }
  const value = await bob.recv(0, "k");
  assert.ok(isPattern(value, LARGE), "it is what was sent");
  await sent;
  await alice.send(1, "after", "it goes on");
  assert.is(await bob.recv(0, "after"), "it goes on");
  assert.is(bob.stats[0]!.messagesReceived, 3);
  assert.is(bob.describe()[0]!.unread.messages, 1);
}

const WAYS: [name: string, modes: GatewayMode[]][] = [
  ["a network", []],
  ["a gateway that passes all on", [{ kind: "pass" }]],
];

for (const [name, modes] of WAYS) {
  test(`${name} that breaks twice in a message: it is resumed`, async () => {
    const site = await Site.start(modes);
    try {
      await sendBroken(site, [10 * MIB, 30 * MIB], () => site.proxies[1]!.cut());
      const { kind, resumes, bytesResent } = linkOf(site.ranks[0]!);
      assert.is(kind, "streaming");
      assert.ok(resumes >= 2, `${resumes} times resumed`);
      assert.ok(bytesResent < LARGE / 2, `${bytesResent} bytes sent again`);
    } finally {
      await site.close();
    }
  });
}

for (const kind of ["pass", "buffers"] as const) {
  test(`a gateway that ${kind} and is restarted in a message: it is resumed`, async () => {
    const site = await Site.start([{ kind }]);
    try {
      await sendBroken(site, [15 * MIB], () => site.restart(1, [{ kind }]));
      const { resumes, bytesResent } = linkOf(site.ranks[0]!);
      if (kind === "pass") assert.ok(resumes >= 1, `${resumes} times resumed`);
      assert.ok(bytesResent < LARGE / 2, `${bytesResent} bytes sent again`);
    } finally {
      await site.close();
    }
  });
}

test.run();
