/**
 * What the files of a directory store are called, and what is in them.
 *
 * A session's folder is `NAME-HASH`, of its name and of a hash of its name, rank and endpoints; a
 * symbol's file is `NAME-HASH.symbol`. Names are in lower case and hashed as they are, so that no two
 * meet on a file system that takes `A` for `a`. A file holds a line that says what it is, the SHA-256
 * of all that follows, and the CBOR of `[folder, name, mptype, order, value]`.
 *
 * @module
 */

import { v } from "../../deps.ts";
import { hex, randomHex } from "../../random.ts";
import { Name } from "../../schema.ts";
import { decodeCbor, encodeCbor } from "../../wire/cbor.ts";
import type { SessionSpec } from "../spec.ts";
import type { StoredSymbol } from "./store.ts";

const SUFFIX = ".symbol";
const MAGIC = new TextEncoder().encode("partyline symbol 1\n");
const HASH_BYTES = 32;
const HEAD_BYTES = MAGIC.byteLength + HASH_BYTES;
/** How much of a name is shown in a file's, for people. */
const SHOWN_LENGTH = 40;

const Content = v.strictTuple([
  v.string(),
  Name,
  v.string(),
  v.pipe(v.number(), v.safeInteger()),
  v.instance(Uint8Array),
]);

/** The name of a session's folder. */
export async function folderOf({ name, rank, endpoints }: SessionSpec): Promise<string> {
  return await safeName(name, JSON.stringify([name, rank, endpoints]));
}

/** The name of a symbol's file. */
export async function fileOf(symbol: string): Promise<string> {
  return await safeName(symbol, symbol) + SUFFIX;
}

/** Whether a file may be a symbol's, by its name. */
export function isSymbolFile(file: string): boolean {
  return file.endsWith(SUFFIX);
}

/** A name beside a file's for what is being written, which a crash may leave there. */
export function unfinishedName(file: string): string {
  return `${file}.${randomHex(8)}.unfinished`;
}

/** Whether a file was being written when its process ended. */
export function isUnfinished(file: string): boolean {
  return /^[a-z0-9_-]+\.symbol\.[0-9a-f]{16}\.unfinished$/.test(file);
}

/** A name beside a file's for a damaged one that makes room. */
export function damagedName(file: string): string {
  return `${file}.${randomHex(8)}.damaged`;
}

/** What a symbol's file holds. */
export async function encodeFile(folder: string, symbol: StoredSymbol): Promise<Uint8Array[]> {
  const { name, mptype, order, value } = symbol;
  const content = encodeCbor([folder, name, mptype, order, value]);
  return [MAGIC, await sha256(content), content];
}

/**
 * @param bytes what a file holds
 * @param folder the name of the folder in which it is
 * @param file its name
 * @returns the symbol
 * @throws {Error} saying what is wrong with the file, and nothing of what it holds
 */
export async function decodeFile(
  bytes: Uint8Array,
  folder: string,
  file: string,
): Promise<StoredSymbol> {
  if (MAGIC.some((byte, at) => bytes[at] !== byte)) throw new Error("it is no symbol's file");
  const content = bytes.subarray(HEAD_BYTES);
  const hash = await sha256(content);
  if (hash.some((byte, at) => bytes[MAGIC.byteLength + at] !== byte)) {
    throw new Error("it is damaged or cut short: its checksum differs");
  }
  const [home, name, mptype, order, value] = contentOf(content);
  if (home !== folder) throw new Error("it belongs to another session");
  if (await fileOf(name) !== file) throw new Error("it has the name of another symbol's file");
  return { name, mptype, order, value };
}

function contentOf(bytes: Uint8Array): v.InferOutput<typeof Content> {
  try {
    return v.parse(Content, decodeCbor(bytes));
  } catch {
    throw new Error("it holds no symbol"); // what was thrown may show what it holds
  }
}

/** No dots, which make device names of some on Windows. */
async function safeName(shown: string, whole: string): Promise<string> {
  const hash = hex(await sha256(new TextEncoder().encode(whole)));
  const safe = shown.toLowerCase().replaceAll(/[^a-z0-9_-]/g, "_").slice(0, SHOWN_LENGTH);
  return `${safe}-${hash.slice(0, 32)}`;
}

async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
}
