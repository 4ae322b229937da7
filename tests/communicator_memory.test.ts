import { test } from "uvu";
import * as assert from "uvu/assert";
import { MemoryCommunicator } from "../lib/comm/memory.ts";
import { communicatorSuite } from "./suites/communicator.ts";

communicatorSuite("memory", (worldSize, options) => {
  const ranks = MemoryCommunicator.connect(worldSize, options);
  return Promise.resolve({
    ranks,
    requests: () => 0,
    close: async () => {
      await Promise.all(ranks.map((comm) => comm.close()));
    },
  });
});

test("memory: worlds do not meet", async () => {
  const [[alice], [, bob]] = [MemoryCommunicator.connect(2), MemoryCommunicator.connect(2)];
  await alice!.send(1, "k", 1);
  assert.is(bob!.stats[0]!.messagesReceived, 0);
});

test.run();
