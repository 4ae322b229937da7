import { test } from "uvu";
import * as assert from "uvu/assert";
import { findRuntimes, OWN_RUNTIME, ROOT } from "../scripts/processes.ts";
import { runCommand } from "./helpers/command.ts";

test("the demo computes the pooled figures in three processes, and ends with 0", async () => {
  const runtimes = findRuntimes();
  const command = [...runtimes.get(OWN_RUNTIME)!, `${ROOT}scripts/demo.ts`];
  const { code, stdout, stderr } = await runCommand(command);
  assert.is(code, 0, stderr);
  const nodeOr = runtimes.has("node") ? "node" : "deno";
  const denoOr = runtimes.has("deno") ? "deno" : "node";
  const parties = [
    `rank 0 on ${nodeOr}: biscoe    held 167 values and 1 missing, sent 10 messages, 742 bytes`,
    `rank 1 on ${nodeOr}: dream     held 124 values and 0 missing, sent 10 messages, 742 bytes`,
    `rank 2 on ${denoOr}: torgersen held  51 values and 1 missing, sent 10 messages, 742 bytes`,
  ];
  for (const party of parties) assert.match(stdout, party);
  assert.match(stdout, /count +342 +342\n +missing +2 +2\n/);
  assert.match(stdout, /mean +4201\.754\d* +4201\.754\d*\n/);
  assert.match(stdout, /standardDeviation +801\.9545\d* +801\.9545\d*\n/);
});

test.run();
