/**
 * Tables of what a party refuses: each row is a test, with what has to come of it, and after each the
 * party lives, and good traffic flows.
 *
 * @module
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { assertProblem } from "../served.ts";
import type { Answer } from "./victim.ts";

/** One thing that is tried. */
export interface Row<Scene> {
  /** What it is. */
  name: string;
  /** Does it. @returns what came of it, each as {@linkcode outcomeOf} says it */
  send(scene: Scene): Promise<string | string[]>;
  /** What has to come of it. */
  expected: string | string[];
}

/** What comes before and after each row. */
export interface Around<Scene, One extends Row<Scene>> {
  /** Makes what the row is tried at. */
  open(row: One): Promise<Scene>;
  /** Fails unless the party lives, nothing was taken, and good traffic flows. */
  assertUnharmed(scene: Scene, row: One): Promise<void>;
}

/** Makes a test of each row. */
export function refuses<Scene, One extends Row<Scene>>(
  rows: readonly One[],
  { open, assertUnharmed }: Around<Scene, One>,
): void {
  for (const row of rows) {
    test(row.name, async () => {
      const scene = await open(row);
      assert.equal(await row.send(scene), row.expected);
      await assertUnharmed(scene, row);
    });
  }
}

/** @returns the status, and the code of a problem */
export function outcomeOf({ status, headers, text }: Answer): string {
  if (headers.get("content-type") !== "application/problem+json") return String(status);
  const { code } = JSON.parse(text);
  assertProblem({ status, headers, text }, status, code);
  return `${status} ${code}`;
}
