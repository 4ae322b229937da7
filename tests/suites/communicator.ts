/**
 * What every communicator has to do. A test file per communicator runs it:
 *
 * ```ts
 * communicatorSuite("memory", connect);
 * test.run();
 * ```
 *
 * @module
 */

import { collectivesSuite } from "./collectives.ts";
import { contextsSuite } from "./contexts.ts";
import { endingsSuite } from "./endings.ts";
import { messagesSuite } from "./messages.ts";
import { waitsSuite } from "./waits.ts";
import { type Connect, type WorldTest, worldTests } from "./world.ts";

/**
 * Declares the tests of one communicator.
 *
 * @param kind which one it is
 * @param connect connects parties through it
 */
export function communicatorSuite(kind: string, connect: Connect): void {
  declareCommunicatorTests(worldTests(kind, connect));
}

/** Declares the same tests otherwise. @param declare declares one */
export function declareCommunicatorTests(declare: WorldTest): void {
  messagesSuite(declare);
  waitsSuite(declare);
  contextsSuite(declare);
  collectivesSuite(declare);
  endingsSuite(declare);
}
