/**
 * Measures this project and, in the same run on the same machine, bare `fetch` POSTs to a bare
 * server behind the same adapter, and a bare TCP connection. Prints a table; `--json FILE` writes
 * the figures, `--only PART` measures what has this part in its name. Ratios are what to compare:
 * machines differ, and are noisy. A target that is missed fails nothing.
 *
 * @module
 */

import { writeFile } from "node:fs/promises";
import process from "node:process";
import { parseArgs } from "node:util";
import { bulkMemory, bulkSpeed } from "./bench/bulk.ts";
import { distantExchange, distantPingPong } from "./bench/distance.ts";
import { emptyRun, manyRuns, symbolSpeed } from "./bench/driven.ts";
import { messageRate, pingPongLatency, sendLatency } from "./bench/latency.ts";
import { gatherTime, sessionMemory } from "./bench/many.ts";
import { type Row, table } from "./bench/report.ts";
import { handshakeTime, sealedBulk, sealedLatency, sealedRate } from "./bench/sealed.ts";
import { Peer, type Site } from "./bench/site.ts";
import { startTime } from "./bench/start.ts";
import { OWN_RUNTIME } from "./processes.ts";

/** By name; the names of the rows begin with it. */
const BENCHMARKS: Record<string, (name: string, peer: Site) => Promise<Row[]>> = {
  "send 64 B, p50": (name, peer) => sendLatency(name, peer, false),
  "ping-pong 64 B, p50": pingPongLatency,
  "rate 64 B": (name, peer) => messageRate(name, peer, false),
  "send 16 MiB Uint8Array": (name, peer) => bulkSpeed(name, peer, "Uint8Array", false),
  "send 16 MiB Float64Array": (name, peer) => bulkSpeed(name, peer, "Float64Array", false),
  "gateway: send 64 B, p50": (name, peer) => sendLatency(name, peer, true),
  "gateway: rate 64 B": (name, peer) => messageRate(name, peer, true),
  "gateway: send 16 MiB Uint8Array": (name, peer) => bulkSpeed(name, peer, "Uint8Array", true),
  "sealed: send 64 B, p50": sealedLatency,
  "sealed: rate 64 B": sealedRate,
  "sealed: send 16 MiB Uint8Array": sealedBulk,
  "sealed: handshake, both sides": handshakeTime,
  "20 x 16 MiB": bulkMemory,
  "allgather 1 KiB": gatherTime,
  "20 ms away: 100 ping-pongs": distantPingPong,
  "20 ms away: 100 exchanges of 3": distantExchange,
  "1000 idle sessions": sessionMemory,
  "driver: empty program, p50": emptyRun,
  "driver: 1000 computations, 16 at a time": manyRuns,
  "driver: symbol of 64 MiB": symbolSpeed,
  "start until it listens": startTime,
};

const { values: options } = parseArgs({
  options: { json: { type: "string" }, only: { type: "string" } },
});
const names = Object.keys(BENCHMARKS).filter((name) => name.includes(options.only ?? ""));
if (names.length === 0) {
  console.error(
    `Nothing is named ${options.only}: use a part of ${Object.keys(BENCHMARKS).join("; ")}`,
  );
  process.exit(2);
}

const rows: Row[] = [];
for (const name of names) {
  const begin = performance.now();
  // A process of its own each, so that what one leaves behind does not slow down the next.
  await using peer = new Peer();
  try {
    rows.push(...await BENCHMARKS[name]!(name, peer));
  } catch (error) {
    console.error(`${name} failed:`, error);
    process.exitCode = 1;
  }
  console.error(`${name}: measured in ${((performance.now() - begin) / 1_000).toFixed(1)} s`);
}

console.log(
  `\non ${OWN_RUNTIME} ${process.versions[OWN_RUNTIME]}, medians of measurements in turns, ` +
    `two processes\n`,
);
console.log(table(rows));
if (options.json !== undefined) {
  await writeFile(options.json, JSON.stringify({ runtime: OWN_RUNTIME, rows }, null, 2) + "\n");
}
