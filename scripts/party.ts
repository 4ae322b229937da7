#!/usr/bin/env node
/**
 * The command line. `--help` tells how it is used.
 *
 * @module
 */

import process from "node:process";
import { PartyError } from "../lib/errors.ts";
import { openHost } from "./cli/host.ts";
import { main } from "./cli/main.ts";

const host = openHost((signal) => new PartyError("CANCELLED", `Stopped by ${signal}`));
const code = await main(process.argv.slice(2), host);
host[Symbol.dispose]();
process.exitCode = code;
// Whoever holds a connection open, as with half a request, must not hold the process.
if (host.stopped.aborted) process.exit(code);
