/**
 * Key files, which are for their owner alone.
 *
 * @module
 */

import { constants } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import process from "node:process";
import { describeError } from "../../lib/errors.ts";
import { type OwnKey, parseKeyFile } from "../../lib/security/keys/key_file.ts";
import type { KeyKind } from "../../lib/security/keys/keys.ts";
import { checkKeyPath } from "./key_path.ts";
import { shellWord } from "./printable.ts";

const MODE = 0o600;
const OTHERS = 0o077;
/** Windows has other rights, which no mode shows. */
const HAS_MODES = process.platform !== "win32";
/** A named pipe without a writer would be waited for. */
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * Writes a key file that only its owner may read, whatever the umask.
 *
 * @param path where; there must be none
 * @param text what it holds
 * @param option what names the path on the command line
 * @throws {Error} when it cannot be written; then there is none
 */
export async function createKeyFile(
  path: string,
  text: string,
  option: string = "--out",
): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(path, "wx", MODE);
  } catch (cause) {
    throw (cause as { code?: string }).code === "EEXIST"
      ? new Error(
        `Cannot write ${path}: it is there already, and a key that is overwritten is lost; name ` +
          `another file, or move that one away`,
      )
      : new Error(`Cannot write ${path}: ${describeError(cause)}; name another file by ${option}`);
  }
  try {
    try {
      await handle.chmod(MODE);
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (cause) {
    await rm(path, { force: true });
    throw new Error(
      `Cannot write ${path}: ${describeError(cause)}; name another file by ${option}`,
    );
  }
  await syncFolder(dirname(path));
}

/**
 * Reads a key file.
 *
 * @param path where it is
 * @param kind whose key is needed
 * @returns the key
 * @throws {Error} when it cannot be read, others may read it, or it is no such key; in one line that
 * says what to do, and shows no part of a key
 */
export async function readKeyFile(path: string, kind: KeyKind): Promise<OwnKey> {
  return await parseKeyFile(await readOwnFile(path), kind, path);
}

/**
 * Reads a file that is for its owner alone.
 *
 * @param path where it is
 * @returns its text
 * @throws {UsageError} when the path is a key itself
 * @throws {Error} when it cannot be read, or others may read it; in one line that says what to do
 */
export async function readOwnFile(path: string): Promise<string> {
  checkKeyPath(path);
  try {
    const handle = await open(path, READ);
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) throw new Error("it is no file");
      if (HAS_MODES && (stats.mode & OTHERS) !== 0) {
        const mode = (stats.mode & 0o777).toString(8).padStart(4, "0");
        throw new Error(
          `others than its owner may use it, as its mode is ${mode}; run: chmod 600 ${
            shellWord(path)
          }`,
        );
      }
      return await handle.readFile("utf8");
    } finally {
      await handle.close();
    }
  } catch (cause) {
    throw new Error(`Cannot read ${path}: ${describeError(cause)}`);
  }
}

/** A new name in a folder outlives a crash once the folder is flushed, too. */
async function syncFolder(path: string): Promise<void> {
  if (!HAS_MODES) return; // Windows opens no folders, and keeps names in its journal
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
