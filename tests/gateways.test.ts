/**
 * Parties behind gateways that hold requests back, cap them, or go away and come back.
 *
 * @module
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import type { HttpCommunicator } from "../lib/comm/http.ts";
import type { PartyOptions } from "../lib/party.ts";
import type { GatewayMode } from "./helpers/gateway.ts";
import { isPattern, patternBytes } from "./helpers/pattern.ts";
import { linkOf, Site } from "./helpers/site.ts";
import { moment, until } from "./helpers/waiting.ts";

const MIB = 1024 * 1024;
const LARGE = 20 * MIB;
const CAP: GatewayMode = { kind: "caps", maxBodyBytes: MIB };

/** Declares a test with a site of its own. */
function behind(
  name: string,
  modes: GatewayMode[],
  body: (site: Site) => Promise<void>,
  options?: PartyOptions,
): void {
  const path = modes.map(({ kind }) => kind).join(", then ") || "nothing";
  test(`behind a gateway that ${path}: ${name}`, async () => {
    const site = await Site.start(modes, options);
    try {
      await body(site);
    } finally {
      await site.close();
    }
  });
}

/** Sends both ways at once, small messages and a large one among them. */
async function exchange({ ranks }: Site, name: string): Promise<void> {
  await Promise.all([0, 1].flatMap((rank) => {
    const sizes = [4, 1_000, LARGE, 100_000, 4];
    return sizes.map(async (size, at) => {
      const sent = ranks[rank]!.send(1 - rank, `${name}${at}`, patternBytes(size, at));
      const value = await ranks[1 - rank]!.recv(rank, `${name}${at}`);
      assert.ok(isPattern(value, size, at), `message ${at} of rank ${rank}`);
      await sent;
    });
  }));
}

for (
  const modes of [[{ kind: "buffers" }], [CAP], [{ kind: "buffers" }, CAP], [CAP, {
    kind: "buffers",
  }]]
) {
  behind("messages of all sizes go both ways", modes as GatewayMode[], async (site) => {
    await exchange(site, "first");
    for (const rank of site.ranks) assert.is(linkOf(rank).kind, "segments");
    await exchange(site, "second");
    for (const rank of site.ranks) {
      assert.is(linkOf(rank).kind, "segments");
      assert.is(rank.failure, undefined);
    }
  });

  behind("a receiver that was full goes on", modes as GatewayMode[], async ({ ranks }) => {
    const [alice, bob] = ranks as [HttpCommunicator, HttpCommunicator];
    const sent = Array.from(
      { length: 40 },
      (_, at) => alice.send(1, `k${at}`, patternBytes(100_000, at)),
    );
    await until(() => bob.describe()[0]!.unread.bytes > MIB - 200_000, "the mailbox is full");
    await moment(3_000);
    assert.is(bob.describe()[0]!.unread.messages, 10);
    for (let at = 0; at < 40; at++) {
      assert.ok(isPattern(await bob.recv(0, `k${at}`), 100_000, at), `message ${at}`);
    }
    await Promise.all(sent);
    assert.is(bob.stats[0]!.messagesReceived, 40);
  }, { maxMailboxBytes: MIB });
}

for (const modes of [[], [{ kind: "pass" }]]) {
  behind("links go on streaming", modes as GatewayMode[], async (site) => {
    await exchange(site, "first");
    await moment(3_000);
    await exchange(site, "second");
    for (const rank of site.ranks) {
      const { kind, resumes, bytesResent } = linkOf(rank);
      assert.equal([kind, resumes, bytesResent], ["streaming", 0, 0]);
    }
  });
}

test.run();
