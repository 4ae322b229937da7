/**
 * One large message: how fast its bytes move, and how much memory that takes.
 *
 * @module
 */

import { barePost } from "./bare_server.ts";
import { inTurns, medianTimeWithin, SMALL } from "./measure.ts";
import type { Memory } from "./memory_commands.ts";
import { type Row, row, target } from "./report.ts";
import { Peer, type Site } from "./site.ts";
import { warmUp, World } from "./world.ts";

const MIB = 1024 * 1024;
const BYTES = 16 * MIB;
/** How long one measurement takes at least. */
const TURN_MS = 200;
const SENDS = 20;

/** What can be sent: the same bytes as whole numbers and as doubles. */
export type Kind = "Uint8Array" | "Float64Array";

/** One `send` of 16 MiB after another, each until it is acknowledged. */
export async function bulkSpeed(
  name: string,
  peer: Site,
  kind: Kind,
  gateway: boolean,
): Promise<Row[]> {
  await using world = await World.pair(peer, { gateway });
  const url = await peer.call("bareServer", {});
  const { communicator } = world;
  await peer.call("drain", { world: world.name, key: "bulk" });
  await warmUp(() => communicator.send(1, "bulk", SMALL));

  const numbers = Float64Array.from({ length: BYTES / 8 }, () => Math.random());
  const bytes = new Uint8Array(numbers.buffer);
  const value = kind === "Uint8Array" ? bytes : numbers;
  const speedOf = async (run: () => Promise<void>) =>
    BYTES / MIB / (await medianTimeWithin(TURN_MS, run) / 1_000);
  const [partyline, bare] = await inTurns([
    () => speedOf(() => communicator.send(1, "bulk", value)),
    () => speedOf(() => barePost(url, bytes)),
  ]);
  const goal = gateway ? target("at least", 0.8, 0.7) : target("at least", 1.2, 1);
  return [row(name, "MiB/s", partyline!, ["bare POST", bare!, goal])];
}

/**
 * The memory of two fresh processes while one sends 16 MiB again and again: the peak of either
 * above what it had after small messages only. Measured once.
 */
export async function bulkMemory(name: string): Promise<Row[]> {
  const partyline = await peakAbove(async (sender, receiver) => {
    const world = await World.open([[sender, [0]], [receiver, [1]]]);
    const batch = { world: world.name, key: "warm-up", count: 100, bytes: 64 };
    await receiver.call("expect", { ...batch, first: 0 });
    await sender.call("sendBulk", batch);
    return async () => {
      const bulk = { world: world.name, key: "bulk", count: SENDS, bytes: BYTES };
      await receiver.call("expect", { ...bulk, first: 0 });
      await sender.call("sendBulk", bulk);
      await receiver.call("received", bulk);
    };
  });
  const bare = await peakAbove(async (sender, receiver) => {
    const url = await receiver.call("bareServer", {});
    await sender.call("postBulk", { url, count: 100, bytes: 64 });
    return () => sender.call("postBulk", { url, count: SENDS, bytes: BYTES });
  });
  return [
    row(
      `${name}: peak of the process`,
      "MiB",
      partyline.rss / MIB,
      ["the payload", BYTES / MIB, target("at most", 5)],
      ["bare POSTs", bare.rss / MIB],
    ),
    row(
      `${name}: peak of heap and buffers`,
      "MiB",
      partyline.held / MIB,
      ["the payload", BYTES / MIB],
      ["bare POSTs", bare.held / MIB],
    ),
  ];
}

/** @param prepare warms two fresh processes up. Its result does what is measured */
async function peakAbove(
  prepare: (sender: Site, receiver: Site) => Promise<() => Promise<void>>,
): Promise<Memory> {
  await using sender = new Peer(true);
  await using receiver = new Peer(true);
  const run = await prepare(sender, receiver);
  const sites = [sender, receiver];
  const before = await Promise.all(sites.map((site) => site.call("sample", {})));
  await run();
  const peaks = await Promise.all(sites.map((site) => site.call("sampled", {})));
  return {
    rss: Math.max(...peaks.map(({ rss }, at) => rss - before[at]!.rss)),
    held: Math.max(...peaks.map(({ held }, at) => held - before[at]!.held)),
  };
}
