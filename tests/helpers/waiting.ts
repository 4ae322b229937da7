/**
 * Waiting in tests: for a failure, for a condition, for a moment.
 *
 * @module
 */

import { AssertionError } from "node:assert/strict";
import { PartyError } from "../../lib/errors.ts";

/** Far longer than anything that works takes. */
const LIMIT_MS = 30_000;

/** @returns what the promise rejects with */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new AssertionError({ message: "resolved, and did not reject", actual: value });
}

/**
 * @param promise what rejects
 * @param code the code that its error has to have
 * @returns that error
 */
export async function partyError<Kind extends PartyError = PartyError>(
  promise: Promise<unknown>,
  code: Kind["code"],
): Promise<Kind> {
  const error = await rejection(promise);
  if (error instanceof PartyError && error.code === code) return error as Kind;
  throw new AssertionError({ message: `is no PartyError with code ${code}`, actual: error });
}

/**
 * Promises that may reject before the test gets to them, which no runtime then takes for a fault.
 *
 * @returns the same promises
 */
export function later<T>(...promises: Promise<T>[]): Promise<T>[] {
  for (const promise of promises) promise.catch(() => {});
  return promises;
}

/** Resolves once the condition holds. @param what says in the error what was waited for */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const startedAt = performance.now();
  while (!condition()) {
    if (performance.now() - startedAt > LIMIT_MS) {
      throw new AssertionError({ message: `waited ${LIMIT_MS} ms in vain until ${what}` });
    }
    await moment(5);
  }
}

/** Resolves a little later: enough for what must not happen to happen, most of the time. */
export function moment(ms = 50): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
