/**
 * Uses and closes parties, with waits of all kinds left behind, prints `closed`, and should end.
 *
 * @module
 */

import { createParty, serve } from "../../mod.ts";
import { program } from "./programs.ts";

const programs = [program("p", ({ communicator }) => communicator.barrier())];
const parties = [createParty({ programs }), createParty({ programs })];
const servers = await Promise.all(parties.map((party) => serve(party, { port: 0 })));
// Rank 2 never comes.
const endpoints = [...servers.map((server) => server.url), "http://127.0.0.1:9"];
const [alice, bob] = await Promise.all(
  parties.map((party, rank) => party.createSession({ name: "s", rank, endpoints })),
);
await alice!.communicator.send(1, "k", "x".repeat(100_000));
await bob!.communicator.recv(0, "k");
const signal = new AbortController().signal;
const left = [
  alice!.communicator.send(2, "k", 1, { signal }),
  alice!.communicator.recv(1, "never", { timeoutMs: 1e9, signal }),
  bob!.communicator.barrier(),
  bob!.compute({ id: "c", program: "p" }).result,
];
const outcomes = Promise.allSettled(left);
await Promise.all(parties.map((party) => party.close()));
await outcomes;
await Promise.all(servers.map((server) => server.close()));
console.log("closed");
