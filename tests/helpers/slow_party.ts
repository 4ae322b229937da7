/**
 * A party in a process of its own. Besides what ships with Partyline it runs `slow`. Prints the
 * party's URL. Its arguments are a port, and an origin whose pages may call it.
 *
 * @module
 */

import process from "node:process";
import { BUILTIN_PROGRAMS, createParty, serve } from "../../mod.ts";
import slow from "./slow_program.ts";

const [port = "0", ...allowOrigins] = process.argv.slice(2);
const party = createParty({ programs: [...BUILTIN_PROGRAMS, slow], allowOrigins });
const server = await serve(party, { port: Number(port) });
console.log(server.url);
