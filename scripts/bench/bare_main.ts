/**
 * A bare one-route server as a program: what the start of a party is measured against.
 *
 * @module
 */

import { startBareServer } from "./bare_server.ts";

console.log(await startBareServer());
