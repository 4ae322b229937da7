/**
 * Exact equality of values that travel between parties. Neither `uvu/assert` (which takes -0 for 0)
 * nor `node:assert` (which ignores the order of a Map, and on Node 20 tells invalid dates apart) has
 * it.
 *
 * @module
 */

import { AssertionError, deepStrictEqual } from "node:assert/strict";

/**
 * Throws unless both values have the same kinds, contents and order at every place.
 *
 * @param actual what came
 * @param expected what it should be
 * @param at leads to the two, for the error
 */
export function assertSame(actual: unknown, expected: unknown, at = "value"): void {
  const differs = () => {
    throw new AssertionError({ message: `${at} differs`, actual, expected });
  };
  if (Object.is(actual, expected)) return;
  if (typeof expected !== "object" || expected === null) return differs();
  if (typeof actual !== "object" || actual === null) return differs();
  if (Object.getPrototypeOf(actual) !== Object.getPrototypeOf(expected)) return differs();

  if (expected instanceof Date) {
    assertSame((actual as Date).getTime(), expected.getTime(), `${at}.getTime()`);
  } else if (ArrayBuffer.isView(expected)) {
    deepStrictEqual(bytesOf(actual as ArrayBufferView), bytesOf(expected), `${at} differs`);
  } else if (expected instanceof Map || expected instanceof Set) {
    assertSame([...actual as Set<unknown>], [...expected], `[...${at}]`);
  } else {
    deepStrictEqual(Reflect.ownKeys(actual), Reflect.ownKeys(expected), `the keys of ${at} differ`);
    for (const [key, value] of Object.entries(expected)) {
      assertSame((actual as Record<string, unknown>)[key], value, `${at}.${key}`);
    }
  }
}

function bytesOf(view: ArrayBufferView): number[] {
  return [...new Uint8Array(view.buffer, view.byteOffset, view.byteLength)];
}
