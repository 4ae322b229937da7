/**
 * Sealed links behind gateways, and over connections that break in the middle of a large message.
 *
 * @module
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import type { GatewayMode } from "./helpers/gateway.ts";
import { isPattern, patternBytes } from "./helpers/pattern.ts";
import { linkOf, Site } from "./helpers/site.ts";
import { moment, until } from "./helpers/waiting.ts";

const MIB = 1024 * 1024;
const LARGE = 20 * MIB;
const CAP: GatewayMode = { kind: "caps", maxBodyBytes: MIB };
const SMALL_CAP: GatewayMode = { kind: "caps", maxBodyBytes: 20_000 };

/** Sends both ways at once, small messages and a large one among them. */
async function exchange({ ranks }: Site, name: string, large = LARGE): Promise<void> {
  await Promise.all([0, 1].flatMap((rank) => {
    const sizes = [4, 1_000, large, 100_000, 4];
    return sizes.map(async (size, at) => {
      const sent = ranks[rank]!.send(1 - rank, `${name}${at}`, patternBytes(size, at));
      const value = await ranks[1 - rank]!.recv(rank, `${name}${at}`);
      assert.ok(isPattern(value, size, at), `message ${at} of rank ${rank}`);
      await sent;
    });
  }));
}

for (const modes of [[{ kind: "buffers" }], [CAP], [SMALL_CAP]] as GatewayMode[][]) {
  const path = modes.map((mode) => Object.values(mode).join(" ")).join(", then ");
  test(`behind a gateway that ${path}: sealed messages of all sizes go both ways`, async () => {
    const site = await Site.start(modes, {}, 1_000, true);
    try {
      const large = modes[0] === SMALL_CAP ? MIB : LARGE;
      await exchange(site, "first", large);
      for (const rank of site.ranks) assert.is(linkOf(rank).kind, "segments");
      await exchange(site, "second", large);
      for (const rank of site.ranks) assert.is(rank.failure, undefined);
    } finally {
      await site.close();
    }
  });
}

test("a sealed receiver that was full goes on", async () => {
  for (const modes of [[], [{ kind: "buffers" }]] as GatewayMode[][]) {
    const site = await Site.start(modes, { maxMailboxBytes: MIB }, 1_000, true);
    try {
      const [alice, bob] = [site.ranks[0]!, site.ranks[1]!];
      const sent = Array.from(
        { length: 40 },
        (_, at) => alice.send(1, `k${at}`, patternBytes(100_000, at)),
      );
      await until(() => bob.describe()[0]!.unread.bytes > MIB - 200_000, "the mailbox is full");
      await moment(2_000);
      assert.is(bob.describe()[0]!.unread.messages, 10);
      await Promise.all(sent.slice(0, 9)); // what it holds is acknowledged, whatever comes behind it
      for (let at = 0; at < 40; at++) {
        assert.ok(isPattern(await bob.recv(0, `k${at}`), 100_000, at), `message ${at}`);
      }
      await Promise.all(sent);
      assert.is(bob.stats[0]!.messagesReceived, 40);
    } finally {
      await site.close();
    }
  }
});

for (const modes of [[], [{ kind: "pass" }]] as GatewayMode[][]) {
  const path = modes.length === 0 ? "a network" : "a gateway";
  test(`${path} that breaks twice in a sealed message: it is resumed`, async () => {
    const site = await Site.start(modes, {}, 1_000, true);
    try {
      const [alice, bob] = [site.ranks[0]!, site.ranks[1]!];
      await alice.send(1, "first", "the link is open");
      await until(() => linkOf(alice).kind !== "none", "it has a kind");
      const sent = alice.send(1, "k", patternBytes(48 * MIB));
      for (const mark of [10 * MIB, 30 * MIB]) {
        await until(() => site.proxies[1]!.bytes() > mark, `${mark} bytes have passed`);
        site.proxies[1]!.cut();
      }
      assert.ok(isPattern(await bob.recv(0, "k"), 48 * MIB), "it is what was sent");
      await sent;
      await alice.send(1, "after", "it goes on");
      assert.is(await bob.recv(0, "after"), "it goes on");
      assert.is(bob.stats[0]!.messagesReceived, 3);
      const { resumes, bytesResent } = linkOf(alice);
      assert.ok(resumes >= 2, `${resumes} times resumed`);
      assert.ok(bytesResent < 24 * MIB, `${bytesResent} bytes sent again`);
    } finally {
      await site.close();
    }
  });
}

test.run();
