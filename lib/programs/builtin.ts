/**
 * The programs that ship with Partyline.
 *
 * @module
 */

import { helloProgram } from "./hello.ts";
import { latencyProgram } from "./latency.ts";
import { meanProgram } from "./mean.ts";
import type { Program } from "./program.ts";
import { sumProgram } from "./sum.ts";

/** For `createParty({ programs: BUILTIN_PROGRAMS })`; the command line offers them too. */
export const BUILTIN_PROGRAMS: readonly Program[] = [
  helloProgram,
  meanProgram,
  sumProgram,
  latencyProgram,
];
