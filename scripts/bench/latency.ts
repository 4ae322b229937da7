/**
 * Messages of 64 bytes: how long one takes, and how many pass.
 *
 * @module
 */

import { barePost } from "./bare_server.ts";
import {
  inTurns,
  median,
  medianTime,
  perSecond,
  SMALL,
  SMALL_BYTES,
  SMALL_JSON,
} from "./measure.ts";
import { type Row, row, target } from "./report.ts";
import { pingPong } from "./rounds.ts";
import type { Site } from "./site.ts";
import { TcpEcho } from "./tcp_echo.ts";
import { warmUp, World } from "./world.ts";

/** Calls whose median is one measurement of a time. */
const CALLS = 1_000;
const MESSAGES = 10_000;
/** As many as give a rate; there is no need to wait for 10,000 of them. */
const POSTS = 2_000;
const CONCURRENCY = 64;
/** Fewer than elsewhere, since each takes long. */
const RATE_REPETITIONS = 5;

/** One message after another, each until it is acknowledged. */
export async function sendLatency(name: string, peer: Site, gateway: boolean): Promise<Row[]> {
  await using world = await World.pair(peer, { gateway });
  const url = await peer.call("bareServer", {});
  const { communicator } = world;
  await peer.call("drain", { world: world.name, key: "latency" });
  const send = () => communicator.send(1, "latency", SMALL);
  await warmUp(send);
  const [partyline, bare] = await inTurns([
    () => medianTime(CALLS, send),
    () => medianTime(CALLS, () => barePost(url, SMALL_JSON)),
  ]);
  const goal = gateway ? target("at most", 1.3, 1.5) : target("at most", 0.4, 1);
  return [row(name, "ms", partyline!, ["bare POST", bare!, goal])];
}

/** A message, and one back. */
export async function pingPongLatency(name: string, peer: Site): Promise<Row[]> {
  await using world = await World.pair(peer);
  const url = await peer.call("bareServer", {});
  using echo = await TcpEcho.connect(await peer.call("tcpEcho", {}));
  const { communicator } = world;
  await peer.call("answer", { world: world.name });
  await warmUp(() => pingPong(communicator, 1));
  const [partyline, bare, tcp] = await inTurns([
    async () => median(await pingPong(communicator, CALLS)),
    async () => 2 * await medianTime(CALLS, () => barePost(url, SMALL_JSON)),
    () => medianTime(CALLS, () => echo.send(SMALL_BYTES)),
  ]);
  return [
    row(
      name,
      "ms",
      partyline!,
      ["two bare POSTs", bare!, target("at most", 0.35, 1)],
      ["TCP echo", tcp!, target("at most", 3, null)],
    ),
  ];
}

/** Many messages of keys of their own, all awaited at the end. */
export async function messageRate(name: string, peer: Site, gateway: boolean): Promise<Row[]> {
  await using world = await World.pair(peer, { gateway });
  const url = await peer.call("bareServer", {});
  using echo = await TcpEcho.connect(await peer.call("tcpEcho", {}));
  const { communicator } = world;
  await peer.call("drain", { world: world.name, key: "warm-up" });
  await warmUp(() => communicator.send(1, "warm-up", SMALL));

  let first = 0;
  const sendAll = async () => {
    const batch = { world: world.name, key: "rate", first, count: MESSAGES };
    await peer.call("expect", batch);
    const keys = Array.from({ length: MESSAGES }, () => `rate-${first++}`);
    const rate = await perSecond(
      MESSAGES,
      () => Promise.all(keys.map((key) => communicator.send(1, key, SMALL))),
    );
    await peer.call("received", batch);
    return rate;
  };
  const postAll = (concurrency: number) => {
    const each = POSTS / concurrency;
    const post = async () => {
      for (let count = 0; count < each; count++) await barePost(url, SMALL_JSON);
    };
    return perSecond(
      Math.ceil(each) * concurrency,
      () => Promise.all(Array.from({ length: concurrency }, post)),
    );
  };
  const [partyline, one, several, tcp] = await inTurns([
    sendAll,
    () => postAll(1),
    () => postAll(CONCURRENCY),
    () => perSecond(MESSAGES, () => echo.send(SMALL_BYTES, MESSAGES)),
  ], RATE_REPETITIONS);
  return [
    row(
      name,
      "1/s",
      partyline!,
      ["bare POSTs in a row", one!, target("at least", gateway ? 20 : 40, gateway ? 6 : 12)],
      [
        `bare POSTs, ${CONCURRENCY} at a time`,
        several!,
        gateway ? undefined : target("at least", 20, 6),
      ],
      ["TCP echo, pipelined", tcp!],
    ),
  ];
}
