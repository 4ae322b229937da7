/**
 * Rounds between parties that are far from each other: everything takes 20 ms one way.
 *
 * @module
 */

import { inTurns, SMALL_BYTES, time } from "./measure.ts";
import { type Row, row, target } from "./report.ts";
import { pingPong } from "./rounds.ts";
import { here, Peer, type Site } from "./site.ts";
import { TcpEcho } from "./tcp_echo.ts";
import { World } from "./world.ts";

const DELAY_MS = 20;
/** The rounds are measured in parts, of which the first one warms up. */
const PARTS = 5;
const ROUNDS = 20;
const ALL = PARTS * ROUNDS;

/** 100 rounds of a message and one back; a figure is the median part, times the parts. */
export async function distantPingPong(name: string, peer: Site): Promise<Row[]> {
  await using far = new Peer();
  await using world = await World.pair(peer, { before: (urls) => behind(far, urls) });
  const echoPort = await peer.call("tcpEcho", {});
  const [port] = await far.call("delay", { ports: [echoPort], delayMs: DELAY_MS });
  using echo = await TcpEcho.connect(port!);
  const { communicator } = world;
  await peer.call("answer", { world: world.name });
  await pingPong(communicator, 1);
  const [partyline, tcp] = await inTurns([
    async () => (await pingPong(communicator, ROUNDS)).reduce((sum, ms) => sum + ms),
    () =>
      time(async () => {
        for (let round = 0; round < ROUNDS; round++) await echo.send(SMALL_BYTES);
      }),
  ], PARTS);
  return [
    row(
      name,
      "ms",
      PARTS * partyline!,
      ["the distance alone", ALL * 2 * DELAY_MS, target("at most", 1.1)],
      ["TCP echo", PARTS * tcp!],
    ),
  ];
}

/** 100 rounds in which three parties send to each other, two of them in this process. */
export async function distantExchange(name: string, peer: Site): Promise<Row[]> {
  await using far = new Peer();
  await using world = await World.open([[here, [0, 2]], [peer, [1]]], {
    before: (urls) => behind(far, urls),
  });
  const [partyline] = await inTurns([async () => {
    const args = { world: world.name, count: ROUNDS };
    const [elapsed] = await Promise.all([
      here.call("exchange", args),
      peer.call("exchange", args),
    ]);
    return elapsed;
  }], PARTS);
  return [
    row(name, "ms", PARTS * partyline!, [
      "the distance alone",
      ALL * DELAY_MS,
      target("at most", 1.15),
    ]),
  ];
}

/** Puts a proxy before each, in a process that does nothing else. */
async function behind(far: Site, urls: string[]): Promise<string[]> {
  const ports = urls.map((url) => Number(new URL(url).port));
  const proxies = await far.call("delay", { ports, delayMs: DELAY_MS });
  return proxies.map((port) => `http://127.0.0.1:${port}`);
}
