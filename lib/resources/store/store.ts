/**
 * Where the symbols of a party's sessions are kept, so that they are there again when its process is.
 *
 * @module
 */

import type { SessionSpec } from "../spec.ts";

/** A symbol as a store keeps it. */
export interface StoredSymbol {
  /** The symbol's name. */
  name: string;
  /** What type the parties say the value has, as the text of plain JSON. */
  mptype: string;
  /** The value, as one CBOR item; not to be changed in place. */
  value: Uint8Array;
  /** Its place in the session: a symbol that was created later has a higher number. */
  order: number;
}

/** What a store has under a session's name, and cannot make a symbol of. */
export interface SkippedEntry {
  /** What it is called there, such as the name of a file. */
  entry: string;
  /** What is wrong with it; nothing of what it holds. */
  reason: string;
}

/** What a store has of a session. */
export interface StoredSymbols {
  /** The symbols, in any order. */
  symbols: StoredSymbol[];
  /** What was left where it is, as it is no symbol, or a damaged one. */
  skipped: SkippedEntry[];
}

/**
 * Keeps symbols: {@linkcode memoryStore}, {@linkcode directoryStore}, or one of your own. A session
 * is meant by its name, rank and endpoints together. For each symbol, and for `load`, a party makes
 * one call after another; calls for different symbols may overlap.
 */
export interface SymbolStore {
  /** What is kept of a session; nothing when it is unknown. Damaged entries are told, not thrown. */
  load(session: SessionSpec): Promise<StoredSymbols>;
  /**
   * Keeps a symbol, in place of one of that name.
   *
   * @returns resolves when it outlives what the store is to outlive, whole
   */
  put(session: SessionSpec, symbol: StoredSymbol): Promise<void>;
  /** Deletes symbols; names that it does not have are no error, and damaged entries stay. */
  delete(session: SessionSpec, names: readonly string[]): Promise<void>;
}
