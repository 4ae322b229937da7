/**
 * Keys that were given where the path of their file belongs: an error that named the path would show
 * them.
 *
 * @module
 */

import { UsageError } from "./exit.ts";

/** A key as text, a key file's text, and PEM. */
const KEY = /^[\w-]{43}$|^\s*\{.*private_key|-----BEGIN .*PRIVATE KEY/s;

/**
 * Makes sure that a path is one, before an error names it.
 *
 * @param path what was given for the path of a key's file
 * @throws {UsageError} when it is a key
 */
export function checkKeyPath(path: string): void {
  if (!KEY.test(path)) return;
  throw new UsageError(
    "Cannot take a key where the path of its file belongs: name the file, and make a new key, as " +
      "others on this machine may have seen this one",
  );
}
