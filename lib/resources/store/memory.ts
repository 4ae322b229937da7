/**
 * A store in memory.
 *
 * @module
 */

import type { StoredSymbol, SymbolStore } from "./store.ts";

/**
 * Keeps symbols as long as somebody holds the store: those of a party that uses it alone are gone
 * with the party, those of two that share it outlive the first.
 *
 * @returns a store without symbols
 *
 * @example
 * ```ts
 * import { createParty, memoryStore } from "partyline";
 *
 * const store = memoryStore();
 * const spec = { name: "demo", rank: 0, endpoints: ["http://127.0.0.1:8000"] };
 *
 * const party = createParty({ store });
 * await (await party.createSession(spec)).symbols.put("weights", [1, 2]);
 * await party.close();
 *
 * const restarted = createParty({ store });
 * const { symbols } = await restarted.createSession(spec);
 * console.log(symbols.get("weights").value); // [1, 2]
 * await restarted.close();
 * ```
 */
export function memoryStore(): SymbolStore {
  const sessions = new Map<string, Map<string, StoredSymbol>>();
  const keyOf = ({ name, rank, endpoints }: Parameters<SymbolStore["load"]>[0]) =>
    JSON.stringify([name, rank, endpoints]);
  return {
    load: (session) => {
      const symbols = [...sessions.get(keyOf(session))?.values() ?? []];
      return Promise.resolve({ symbols, skipped: [] });
    },
    put: (session, symbol) => {
      const key = keyOf(session);
      const symbols = sessions.get(key) ?? new Map<string, StoredSymbol>();
      sessions.set(key, symbols.set(symbol.name, symbol));
      return Promise.resolve();
    },
    delete: (session, names) => {
      const symbols = sessions.get(keyOf(session));
      for (const name of names) symbols?.delete(name);
      if (symbols?.size === 0) sessions.delete(keyOf(session));
      return Promise.resolve();
    },
  };
}
