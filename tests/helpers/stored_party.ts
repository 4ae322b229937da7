/**
 * A party in a process of its own that keeps its symbols in a directory. It prints its URL, and
 * serves until it is killed.
 *
 * @module
 */

import process from "node:process";
import { createParty, directoryStore, serve } from "../../mod.ts";

const party = createParty({ store: directoryStore(process.argv[2]!) });
const server = await serve(party, { port: 0 });
console.log(server.url);
