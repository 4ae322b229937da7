/**
 * A value of a gibibyte in one message, between processes: it arrives, and takes no more memory than
 * it has to.
 *
 * @module
 */

import { existsSync, readFileSync } from "node:fs";
import { freemem } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { GatewayMode } from "./helpers/gateway.ts";
import { patternBytes, sumBytes } from "./helpers/pattern.ts";
import { createSession, Remote, startRemotes } from "./helpers/remote.ts";

const MIB = 1024 * 1024;
/** The sender has the value and its frames, the receiver the value; and this process a copy of it. */
const NEEDED_MIB = 6 * 1024;
/** Where Linux tells of the machine. */
const MEMORY = "/proc/meminfo";
const isRoomy = availableMib() > NEEDED_MIB;

/** How much memory this machine has left, in MiB. */
function availableMib(): number {
  const text = existsSync(MEMORY) ? readFileSync(MEMORY, "utf8") : "";
  const kib = /^MemAvailable:\s+(\d+) kB$/m.exec(text)?.[1];
  return kib === undefined ? freemem() / MIB : Number(kib) / 1024;
}

const WAYS: [name: string, mebibytes: number, modes: GatewayMode[]][] = [
  ["directly", isRoomy ? 1024 : 256, []],
  ["through a gateway that caps requests at 1 MiB", 256, [{ kind: "caps", maxBodyBytes: MIB }]],
  ["through a gateway that holds requests back", 256, [{ kind: "buffers" }]],
];

for (const [name, mebibytes, modes] of WAYS) {
  test(`${mebibytes} MiB go ${name}, in 2.5 times the memory`, async () => {
    const remotes = await startRemotes(2, { timeoutMs: 60_000 });
    const [alice, bob] = remotes as [Remote, Remote];
    const gateway = new Remote();
    try {
      const url = await gateway.ask("startGateways", { modes, url: bob.url });
      await createSession([alice, bob], "s", ([first]) => [first!, url]);
      await alice.ask("send", { to: 1, key: "first", value: 1 });
      const idle = await Promise.all(remotes.map((remote) => remote.ask("peakMemory")));
      const sent = alice.ask("send", { to: 1, key: "k", bytes: mebibytes * MIB });
      const received = await bob.ask("recv", { from: 0, key: "k" });
      await sent;
      const peaks = await Promise.all(remotes.map((remote) => remote.ask("peakMemory")));
      for (const [at, role] of ["sender", "receiver"].entries()) {
        const more = (peaks[at]! - idle[at]!) / MIB;
        assert.ok(more <= 2.5 * mebibytes, `the ${role} needed ${Math.round(more)} MiB more`);
      }
      assert.equal(received, sumBytes(patternBytes(mebibytes * MIB)));
    } finally {
      await Promise.all([...remotes, gateway].map((remote) => remote.kill()));
    }
  });
}

test.run();
