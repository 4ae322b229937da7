/**
 * Symbols in files: reading, writing and deleting them so that a crash at any moment leaves each
 * whole or absent.
 *
 * @module
 */

import { access, mkdir, open, readdir, readFile, rename, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { SessionSpec } from "../spec.ts";
import {
  damagedName,
  decodeFile,
  encodeFile,
  fileOf,
  folderOf,
  isSymbolFile,
  isUnfinished,
  unfinishedName,
} from "./format.ts";
import type { StoredSymbol, StoredSymbols, SymbolStore } from "./store.ts";

/** How often a folder is made again that a deletion took away meanwhile. */
const MAX_TRIES = 10;

/** What `directoryStore()` does, once it is needed. */
export class SymbolFiles implements SymbolStore {
  readonly #root: string;
  /** The folders that are there, and were flushed to the disk. */
  readonly #folders: Map<string, Promise<void>> = new Map();

  /** @param directory holds the sessions' folders */
  constructor(directory: string) {
    this.#root = resolve(directory);
  }

  /** {@inheritDoc SymbolStore.load} */
  async load(session: SessionSpec): Promise<StoredSymbols> {
    const folder = await folderOf(session);
    const path = join(this.#root, folder);
    const found: StoredSymbols = { symbols: [], skipped: [] };
    const entries = await ignoring("ENOENT", readdir(path, { withFileTypes: true })) ?? [];
    for (const entry of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
      const file = entry.name;
      if (isUnfinished(file)) {
        await rm(join(path, file), { force: true });
        continue;
      }
      try {
        if (!entry.isFile()) throw new Error("it is no file");
        if (!isSymbolFile(file)) throw new Error("it does not have the name of a symbol's file");
        found.symbols.push(await decodeFile(await readFile(join(path, file)), folder, file));
      } catch (error) {
        const reason = (error as { code?: string }).code ?? (error as Error).message;
        found.skipped.push({ entry: `${folder}/${file}`, reason });
      }
    }
    return found;
  }

  /** {@inheritDoc SymbolStore.put} */
  async put(session: SessionSpec, symbol: StoredSymbol): Promise<void> {
    const folder = await folderOf(session);
    const file = await fileOf(symbol.name);
    const path = join(this.#root, folder);
    const unfinished = join(path, unfinishedName(file));
    const handle = await this.#create(path, unfinished);
    try {
      try {
        for (const part of await encodeFile(folder, symbol)) await handle.writeFile(part);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await setAsideDamaged(path, folder, file);
      await rename(unfinished, join(path, file));
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
    await syncFolder(path);
  }

  /** {@inheritDoc SymbolStore.delete} */
  async delete(session: SessionSpec, names: readonly string[]): Promise<void> {
    const path = join(this.#root, await folderOf(session));
    for (const name of names) await rm(join(path, await fileOf(name)), { force: true });
    await ignoring("ENOENT", syncFolder(path));
    this.#folders.delete(path);
    await ignoring(/^(ENOTEMPTY|EEXIST|ENOENT)$/, rmdir(path));
    await ignoring("ENOENT", syncFolder(this.#root));
  }

  /** Opens a new file, in a folder that a deletion may take away while it is empty. */
  async #create(folder: string, path: string) {
    for (let tries = 1;; tries++) {
      let ready = this.#folders.get(folder);
      if (ready === undefined) this.#folders.set(folder, ready = makeFolder(folder));
      try {
        await ready;
        return await open(path, "wx", 0o600);
      } catch (error) {
        if (this.#folders.get(folder) === ready) this.#folders.delete(folder);
        if ((error as { code?: string }).code !== "ENOENT" || tries === MAX_TRIES) throw error;
      }
    }
  }
}

/** The folder of a session in a directory of symbols. */
export interface KeptFolder {
  /** Its name: the session's, and a hash of its name, rank and endpoints. */
  folder: string;
  /** How many symbols there are. */
  symbols: number;
  /** How much they take, in bytes. */
  bytes: number;
}

/**
 * Tells what a directory of symbols holds, also of sessions that nobody creates again.
 *
 * @param directory its path
 * @returns the folders with symbols, by name; none when it is not there
 */
export async function listKept(directory: string): Promise<KeptFolder[]> {
  const kept: KeptFolder[] = [];
  const entries = await ignoring("ENOENT", readdir(directory, { withFileTypes: true })) ?? [];
  for (const { name: folder } of entries.filter((entry) => entry.isDirectory())) {
    const path = join(directory, folder);
    const files = (await readdir(path)).filter(isSymbolFile);
    const sizes = await Promise.all(files.map(async (file) => (await stat(join(path, file))).size));
    const bytes = sizes.reduce((total, size) => total + size, 0);
    if (files.length > 0) kept.push({ folder, symbols: files.length, bytes });
  }
  return kept.sort((one, two) => one.folder < two.folder ? -1 : 1);
}

/** Makes a folder, with those around it, and sees to it that they outlive a crash. */
async function makeFolder(path: string): Promise<void> {
  const missing: string[] = [];
  for (let at = path; !await exists(at); at = dirname(at)) missing.push(at);
  await mkdir(path, { recursive: true, mode: 0o700 });
  // Also when all are there: another call may have made them just now, and not have flushed them.
  for (const around of new Set([path, ...missing].map((made) => dirname(made)))) {
    await syncFolder(around);
  }
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(() => true, () => false);
}

/** A damaged file in the place of a new one is kept, for whoever may mend it. */
async function setAsideDamaged(path: string, folder: string, file: string): Promise<void> {
  const place = join(path, file);
  const damaged = await readFile(place).then((bytes) => decodeFile(bytes, folder, file))
    .then(() => false, (error) => error.code !== "ENOENT");
  if (damaged) await rename(place, join(path, damagedName(file)));
}

/** A new name in a folder outlives a crash once the folder is flushed, too. */
async function syncFolder(path: string): Promise<void> {
  // Windows opens no folders, and keeps names in its journal.
  const handle = await ignoring(/^(EPERM|EISDIR)$/, open(path, "r"));
  try {
    await handle?.sync();
  } finally {
    await handle?.close();
  }
}

/** @returns what the promise resolves with; undefined when it rejects with such a code */
async function ignoring<T>(codes: string | RegExp, promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    const code = (error as { code?: string }).code ?? "";
    if (typeof codes === "string" ? code === codes : codes.test(code)) return undefined;
    throw error;
  }
}
