/**
 * A store in a directory, for parties whose symbols are to outlive their process.
 *
 * @module
 */

import type { SymbolStore } from "./store.ts";

/**
 * Keeps each symbol in a file of its own, in a folder for each session. A file is whole or not there:
 * it is written beside its place, flushed to the disk and then renamed, and has a checksum. One that
 * was damaged nevertheless is told to the party's log by its name, and left where it is. Files can be
 * read by their owner alone, and are not encrypted. On Deno it needs `--allow-read` and
 * `--allow-write` for the directory.
 *
 * @param directory its path; made when it is not there
 * @returns the store; nothing is read or written before a session is created
 *
 * @example
 * ```ts
 * import { createParty, directoryStore } from "partyline";
 *
 * const party = createParty({ store: directoryStore("/tmp/partyline-example") });
 * const session = await party.createSession({
 *   name: "demo",
 *   rank: 0,
 *   endpoints: ["http://127.0.0.1:8000"],
 * });
 * await session.symbols.put("weights", [1, 2]); // there again after a restart
 * await session.close(); // deletes them
 * await party.close();
 * ```
 */
export function directoryStore(directory: string): SymbolStore {
  let loading: Promise<SymbolStore> | undefined;
  // Only here, so that what has no files, such as a browser, can import the rest.
  const files = () =>
    loading ??= import("./files.ts").then(({ SymbolFiles }) => new SymbolFiles(directory));
  return {
    load: async (session) => await (await files()).load(session),
    put: async (session, symbol) => await (await files()).put(session, symbol),
    delete: async (session, names) => await (await files()).delete(session, names),
  };
}
