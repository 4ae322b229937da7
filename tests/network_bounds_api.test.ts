/**
 * The HTTP API as a server with limits has it, and what a flood leaves behind there.
 *
 * @module
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { serve } from "../mod.ts";
import { Remote } from "./helpers/remote.ts";
import { dataOf, post, request } from "./helpers/served.ts";
import { httpApiSuite } from "./suites/http_api.ts";

httpApiSuite("serve with limits", (party) => serve(party, { port: 0, limits: {} }));

const MIB = 1024 * 1024;
/** How many requests are made so that the heap has the size that they need, and how many then. */
const [FIRST, MORE] = [6_000, 9_000];
const BODY_BYTES = 16 * 1024;
/** What a heap may still grow by, which is far less than those bodies are. */
const GROWTH_BYTES = 40 * MIB;

for (const limits of [undefined, {}]) {
  const server = limits === undefined ? "the default server" : "a server with limits";

  test(`a flood of unknown sessions leaves the memory of ${server} flat`, async () => {
    const remote = new Remote();
    try {
      await remote.start(limits && { limits });
      await flood(remote.url, FIRST);
      const before = await remote.ask("peakMemory");
      await flood(remote.url, MORE);
      const grown = await remote.ask("peakMemory") - before;
      assert.ok(grown < GROWTH_BYTES, `${MORE} requests took ${(grown / MIB).toFixed(1)} MiB more`);
      assert.is((await request(`${remote.url}/health`)).status, 200);
    } finally {
      await remote.kill();
    }
  });
}

/** Speaks to sessions that nobody has created, each to another one, in every way that there is. */
async function flood(url: string, count: number): Promise<void> {
  let left = count;
  const send = { from_rank: 1, to_rank: 0, key: "k", data: dataOf("x".repeat(BODY_BYTES)) };
  const link = {
    "content-type": "application/cbor-seq",
    "partyline-from": "1",
    "partyline-to": "0",
    "partyline-offset": "0",
  };
  await Promise.all(Array.from({ length: 20 }, async () => {
    while (left-- > 0) {
      const session = `${url}/sessions/${crypto.randomUUID()}`;
      if (left % 3 === 0) assert.is((await post(`${session}/comm/send`, send)).status, 404);
      else if (left % 3 === 1) assert.is((await request(session)).status, 404);
      else {
        const headers = { ...link, "partyline-boot": crypto.randomUUID() };
        const init = { method: "POST", headers, body: new Uint8Array(BODY_BYTES) };
        const answer = await fetch(`${session}/comm/link`, init);
        await answer.text();
        assert.is(answer.status, 404);
      }
    }
  }));
}

test.run();
