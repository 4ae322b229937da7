/**
 * One rank of two, in a process of its own: both send the other the same plan of messages, and
 * check what they get. Prints its URL, reads the endpoints from standard input, prints what the
 * communicator has counted, as JSON, and ends with the next line.
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { createParty, faultyFetch, serve } from "../../mod.ts";
import { FAULTS, gentler, transfer } from "./transfer.ts";

const [rank, seed] = [Number(process.argv[2]), Number(process.argv[3])];
const [form, turns] = [process.argv[4], Number(process.argv[5])];
const faulty = faultyFetch({ ...form === "json" ? gentler(FAULTS) : FAULTS, seed });
// A peer whose link answers 404 is one of an older version.
const json: typeof fetch = (input, init) =>
  String(input).endsWith("/comm/link")
    ? Promise.resolve(new Response(null, { status: 404 }))
    : faulty(input, init);
await using party = createParty({ timeoutMs: 40_000, fetch: form === "json" ? json : faulty });
await using server = await serve(party, { port: 0, graceMs: 500 });
console.log(server.url);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const endpoints = (await lines.next()).value!.split(",");
const session = await party.createSession({ name: "once", rank, endpoints });
const { communicator } = session;
for (let turn = 0; turn < turns; turn++) {
  await Promise.all([
    transfer(communicator, communicator, 1 - rank, rank),
    transfer(communicator, communicator, rank, 1 - rank),
  ]);
}
await communicator.barrier();
const [peer] = session.describe();
const { messagesReceived, duplicatesDropped } = communicator.stats[1 - rank]!;
const faults = Object.values(faulty.injected).reduce((sum, count) => sum + count, 0);
console.log(JSON.stringify({
  messagesReceived,
  duplicatesDropped,
  unread: peer!.unread.messages,
  kind: peer!.link.kind,
  faults,
}));
await lines.next(); // the other one may still need an answer
process.exit();
