/**
 * Many parties in a session, and many sessions at a party.
 *
 * @module
 */

import { inTurns } from "./measure.ts";
import type { Memory } from "./memory_commands.ts";
import { type Row, row, target } from "./report.ts";
import { here, Peer, type Site } from "./site.ts";
import { World } from "./world.ts";

const SIZES = [2, 4, 8, 16];
const ROUNDS = 20;
const VALUE_BYTES = 1_024;

/**
 * `allgather` among more and more parties, half of them in this process and half in the other, each
 * with a server of its own. The time is one round's, divided by the number of a party's peers.
 */
export async function gatherTime(name: string, peer: Site): Promise<Row[]> {
  const worlds: World[] = [];
  try {
    for (const size of SIZES) {
      const ranks = [...Array(size).keys()];
      worlds.push(
        await World.open([
          [here, ranks.filter((rank) => rank % 2 === 0)],
          [peer, ranks.filter((rank) => rank % 2 === 1)],
        ]),
      );
    }
    const times = await inTurns(worlds.map(({ name }) => async () => {
      const args = { world: name, count: ROUNDS, bytes: VALUE_BYTES };
      const there = peer.call("gather", args);
      const [elapsed] = await Promise.all([here.call("gather", args), there]);
      return elapsed / ROUNDS;
    }));
    const ofTwo = times[0]!;
    const last = SIZES.length - 1;
    return [
      ...SIZES.map((size, at) => {
        const title = `${name}, ${size} parties, per peer`;
        const goal = at === last ? target("at most", 1) : undefined;
        const time = times[at]! / (size - 1);
        return at === 0
          ? row(title, "ms", time)
          : row(title, "ms", time, ["2 parties", ofTwo, goal]);
      }),
      row(
        `${name}, ${SIZES[last]} parties, per message`,
        "ms",
        times[last]! / (SIZES[last]! * (SIZES[last]! - 1)),
        ["2 parties", ofTwo / 2],
      ),
    ];
  } finally {
    for (const world of worlds) await world[Symbol.asyncDispose]();
  }
}

const MB = 1e6;
const SESSIONS = 1_000;
/** Long enough for links to find that nobody needs them. */
const IDLE_MS = 10_000;
/** Longer than either runtime keeps a connection that nobody uses. */
const CLOSED_MS = 8_000;
const MAX_MB = 100;

/**
 * The memory of two fresh processes with many sessions that were used once and are idle, above that
 * with one such session; the higher of the two. Measured once.
 */
export async function sessionMemory(name: string): Promise<Row[]> {
  await using one = new Peer(true);
  await using other = new Peer(true);
  const sites = [one, other];
  const world = await World.open([[one, [0]], [other, [1]]]);
  const use = (sessions: string[]) =>
    Promise.all(sites.map((site, rank) => site.call("use", { world: world.name, rank, sessions })));
  const settle = (idleMs: number) =>
    Promise.all(sites.map((site) => site.call("settle", { idleMs })));

  await use([world.name]);
  const alone = await settle(IDLE_MS);
  const sessions = Array.from({ length: SESSIONS - 1 }, (_, at) => `${world.name}-${at}`);
  const endpoints = [...world.endpoints];
  await Promise.all(
    sites.map((site) => site.call("join", { world: world.name, endpoints, sessions })),
  );
  await use(sessions);
  const open = above(await settle(IDLE_MS), alone);
  await Promise.all(sites.map((site) => site.call("leave", { world: world.name, sessions })));
  const closed = above(await settle(CLOSED_MS), alone);
  return [
    row(`${name}: process`, "MB", open.rss / MB, ["the limit", MAX_MB, target("at most", 1)]),
    row(`${name}: heap and buffers`, "MB", open.held / MB),
    row(`${name}: process after closing`, "MB", closed.rss / MB, ["while open", open.rss / MB]),
    row(`${name}: heap and buffers after closing`, "MB", closed.held / MB, [
      "while open",
      open.held / MB,
    ]),
  ];
}

function above(now: Memory[], before: Memory[]): Memory {
  return {
    rss: Math.max(...now.map(({ rss }, at) => rss - before[at]!.rss)),
    held: Math.max(...now.map(({ held }, at) => held - before[at]!.held)),
  };
}
