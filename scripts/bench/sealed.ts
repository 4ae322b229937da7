/**
 * What it costs that links are sealed: the same with keys and without, in one run.
 *
 * @module
 */

import { parseConfig } from "../../lib/security/config.ts";
import { parseKeyFile, writeKeyFile } from "../../lib/security/keys/key_file.ts";
import { generateKey } from "../../lib/security/keys/keys.ts";
import { coversOf } from "../../lib/security/sealing/covers.ts";
import { barePost } from "./bare_server.ts";
import {
  inTurns,
  medianTime,
  medianTimeWithin,
  perSecond,
  SMALL,
  SMALL_JSON,
  time,
} from "./measure.ts";
import { type Row, row, target } from "./report.ts";
import type { Site } from "./site.ts";
import { warmUp, World } from "./world.ts";

const MIB = 1024 * 1024;
const BYTES = 16 * MIB;
const CALLS = 1_000;
const MESSAGES = 10_000;
const TURN_MS = 300;
const HANDSHAKES = 50;

/** Two worlds of two, the second one sealed, whose rank 1 takes what comes under one key. */
async function bothWorlds(peer: Site, key: string): Promise<[plain: World, sealed: World]> {
  const worlds: World[] = [];
  for (const sealed of [false, true]) {
    const world = await World.pair(peer, { sealed });
    await peer.call("drain", { world: world.name, key });
    await warmUp(() => world.communicator.send(1, key, SMALL));
    worlds.push(world);
  }
  return [worlds[0]!, worlds[1]!];
}

/** One message after another, each until it is acknowledged. */
export async function sealedLatency(name: string, peer: Site): Promise<Row[]> {
  const [plain, sealed] = await bothWorlds(peer, "k");
  await using _plain = plain;
  await using _sealed = sealed;
  const url = await peer.call("bareServer", {});
  const [unsealed, figure, bare] = await inTurns([
    () => medianTime(CALLS, () => plain.communicator.send(1, "k", SMALL)),
    () => medianTime(CALLS, () => sealed.communicator.send(1, "k", SMALL)),
    () => medianTime(CALLS, () => barePost(url, SMALL_JSON)),
  ]);
  return [
    row(
      name,
      "ms",
      figure!,
      ["unsealed", unsealed!, target("at most", 2)],
      ["bare POST", bare!, target("at most", 1, null)],
    ),
  ];
}

/** Many messages of keys of their own, all awaited at the end. */
export async function sealedRate(name: string, peer: Site): Promise<Row[]> {
  const [plain, sealed] = await bothWorlds(peer, "warm-up");
  await using _plain = plain;
  await using _sealed = sealed;
  let first = 0;
  const rateOf = async ({ name: world, communicator }: World) => {
    await peer.call("expect", { world, key: "rate", first, count: MESSAGES });
    const keys = Array.from({ length: MESSAGES }, () => `rate-${first++}`);
    const rate = await perSecond(
      MESSAGES,
      () => Promise.all(keys.map((key) => communicator.send(1, key, SMALL))),
    );
    await peer.call("received", { world });
    return rate;
  };
  const [unsealed, figure] = await inTurns([() => rateOf(plain), () => rateOf(sealed)]);
  return [row(name, "1/s", figure!, ["unsealed", unsealed!, target("at least", 0.6)])];
}

/** One `send` of 16 MiB after another, each until it is acknowledged. */
export async function sealedBulk(name: string, peer: Site): Promise<Row[]> {
  const [plain, sealed] = await bothWorlds(peer, "bulk");
  await using _plain = plain;
  await using _sealed = sealed;
  const bytes = crypto.getRandomValues(new Uint8Array(65_536));
  const value = Uint8Array.from({ length: BYTES }, (_, at) => bytes[at % bytes.length]!);
  const speedOf = async ({ communicator }: World) =>
    16 / (await medianTimeWithin(TURN_MS, () => communicator.send(1, "bulk", value)) / 1_000);
  const [unsealed, figure] = await inTurns([() => speedOf(plain), () => speedOf(sealed)]);
  return [row(name, "MiB/s", figure!, ["unsealed", unsealed!, target("at least", 0.4, 0.3)])];
}

/** Both sides of a handshake, one after the other. */
export async function handshakeTime(name: string, _peer: Site): Promise<Row[]> {
  const endpoints = ["http://127.0.0.1:2", "http://127.0.0.1:3"];
  const keys = await Promise.all(endpoints.map(async (_, rank) => {
    const text = writeKeyFile(`party-${rank}`, "party", await generateKey("party"));
    return await parseKeyFile(text, "party", "a key");
  }));
  const parties = keys.map(({ id, publicKey }, rank) => ({
    id,
    url: endpoints[rank],
    public_key: publicKey,
  }));
  const config = await parseConfig(JSON.stringify({ parties }), "the list");
  const [alice, bob] = await Promise.all(
    keys.map((key, rank) => coversOf({ key, config }, [])({ name: "bench", rank, endpoints })),
  );
  const handshake = async () => {
    const opening = await alice!.begin(1, "boot", false);
    const { message } = await bob!.accept(0, "boot", opening.message);
    await opening.finish(message);
  };
  await time(handshake);
  const [figure] = await inTurns([() => medianTime(HANDSHAKES, handshake)]);
  return [row(name, "ms", figure!, ["the limit", 10, target("at most", 1)])];
}
