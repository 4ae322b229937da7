/**
 * The other process of the benchmark: rank 1 of a session, and a bare server beside it.
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { createParty, serve } from "../../mod.ts";
import { startBareServer } from "./bare_server.ts";

const party = createParty();
const server = await serve(party, { port: 0 });
console.log(JSON.stringify({ party: server.url, bare: await startBareServer() }));

// The parent ends this process; until then every line is the endpoints of a new session.
for await (const line of createInterface({ input: process.stdin })) {
  const endpoints = line.split(",");
  const session = await party.createSession({ name: "bench", rank: 1, endpoints });
  void (async () => {
    while (true) await session.communicator.recv(0, "latency", { timeoutMs: 600_000 });
  })();
}
