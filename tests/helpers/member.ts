/**
 * One rank of a world whose ranks are processes: serves, learns the others' URLs from standard
 * input, goes through all that a communicator does, checks what it gets, and prints `done`. With an
 * identity and an authority in its environment, all of that over mutual TLS.
 *
 * @module
 */

import { deepStrictEqual as same } from "node:assert/strict";
import process from "node:process";
import { createInterface } from "node:readline";
import { isDeepStrictEqual } from "node:util";
import { createParty, serve, tlsFetch } from "../../mod.ts";

const rank = Number(process.argv[2]);
const { CA: ca, CERT: cert, KEY: key } = process.env;
const overTls = ca === undefined ? undefined : { ca, cert: cert!, key: key! };
const fetch = overTls && tlsFetch(overTls);
await using party = createParty({ timeoutMs: 30_000, ...fetch && { fetch } });
const tls = overTls && { tls: { cert: overTls.cert, key: overTls.key, clientCa: overTls.ca } };
await using server = await serve(party, { port: 0, ...tls });
console.log(server.url);
const input = createInterface({ input: process.stdin });
const [line] = await new Promise<string[]>((resolve) =>
  input.once("line", (text) => resolve([text]))
);
input.close();

const endpoints = line!.split(",");
const session = await party.createSession({ name: "world", rank, endpoints });
const world = session.communicator;
const size = world.worldSize;
const [next, previous] = [(rank + 1) % size, (rank + size - 1) % size];
const ranks = endpoints.map((_, at) => at);

const value = {
  text: "Grüße, 世界 🐧",
  big: -(2n ** 200n),
  list: [1.5, -0, NaN, Infinity, null, undefined, new Date(0)],
  map: new Map<unknown, unknown>([[1n, new Set(["a"])], ["__proto__", { nested: true }]]),
  floats: Float64Array.from({ length: 50_000 }, (_, at) => at / 7),
  bytes: new Uint8Array(70_000).fill(rank),
};
await world.send(next, "everything", value);
const expected = { ...value, bytes: new Uint8Array(70_000).fill(previous) };
// Without the difference, which would fill pages.
same(isDeepStrictEqual(await world.recv(previous, "everything"), expected), true);

const burst = Array.from({ length: 300 }, (_, at) => world.send(next, `burst-${at}`, at));
for (let at = 299; at >= 0; at--) same(await world.recv(previous, `burst-${at}`), at);
await Promise.all(burst);

same(await world.broadcast(rank === 1 ? "from 1" : "", { root: 1 }), "from 1");
same(await world.gather(rank * 10), rank === 0 ? ranks.map((at) => at * 10) : undefined);
same(await world.scatter(rank === 0 ? ranks.map((at) => `part ${at}`) : undefined), `part ${rank}`);
same(
  await world.allgather(BigUint64Array.of(BigInt(rank))),
  ranks.map((at) => BigUint64Array.of(BigInt(at))),
);
same(await world.allreduce(rank, (a, b) => a + b), (size * (size - 1)) / 2);
same(
  await world.reduce([rank], (a, b) => [...a, ...b], { root: 1 }),
  rank === 1 ? ranks : undefined,
);
const child = world.spawn("inner");
same(await Promise.all([child.allgather(rank), world.allgather(-rank)]), [
  ranks,
  ranks.map((at) => -at),
]);
if (rank !== 0) same(await world.allgather(rank, { ranks: ranks.slice(1) }), ranks.slice(1));
await world.barrier();
console.log("done");
