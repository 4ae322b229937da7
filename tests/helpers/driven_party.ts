/**
 * A party in a process of its own, for a driver: serves, says its URL, and ends with its input.
 *
 * @module
 */

import process from "node:process";
import { createParty, serve } from "../../mod.ts";
import { DRIVEN_PROGRAMS } from "./driven.ts";

const party = createParty({ programs: DRIVEN_PROGRAMS, log: () => {} });
const server = await serve(party, { port: Number(process.argv[2] ?? 0), graceMs: 0 });
console.log(server.url);
process.stdin.resume().on("end", () => process.exit(0));
