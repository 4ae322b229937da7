/**
 * Symbols: the named values of a session, and those that its party's operator gave the party.
 *
 * @module
 */

import { PartyError } from "../errors.ts";
import type { Logger } from "../log.ts";
import type { SessionSpec } from "./spec.ts";
import type { SymbolStore } from "./store/store.ts";
import { SessionSymbol } from "./symbol.ts";

/** How many symbols a session may have, by their size. */
export interface SymbolLimits {
  /**
   * How many bytes the symbols of a session may take together: each takes its value's as CBOR, its
   * mptype's as JSON, and 256 more. Private data do not count.
   *
   * @default {268_435_456}
   */
  maxSymbolBytes?: number;
}

/** How many bytes they may take unless told otherwise. */
export const MAX_SYMBOL_BYTES: number = 256 * 1024 * 1024;

/** What a session's symbols need of the party. */
export interface SymbolHost {
  /** Where they are kept. */
  store: SymbolStore;
  /** What the party's operator gave it. */
  data: ReadonlyMap<string, SessionSymbol>;
  /** How many there may be. */
  limits: SymbolLimits;
  /** The session's log. */
  log: Logger;
}

/** What a symbol counts besides its value: about what it takes, so that tiny ones end, too. */
const EXTRA_BYTES = 256;

/** The symbols of one session. */
export class SymbolTable {
  readonly #session: SessionSpec;
  readonly #host: SymbolHost;
  readonly #symbols: Map<string, SessionSymbol> = new Map();
  /** Stored symbols whose names are now those of private ones. */
  readonly #hidden: string[] = [];
  /** What is under way for each name: one after the other. */
  readonly #turns: Map<string, Promise<unknown>> = new Map();
  #bytes = 0;
  #nextOrder = 0;
  #ended: Promise<void> | undefined;

  private constructor(session: SessionSpec, host: SymbolHost) {
    this.#session = session;
    this.#host = host;
  }

  /**
   * Takes back what the store has of a session; a session that is created does so.
   *
   * @param session whose symbols they are
   * @param host what they need of the party
   * @throws {PartyError} `INTERNAL` when the store cannot be read
   */
  static async open(session: SessionSpec, host: SymbolHost): Promise<SymbolTable> {
    const table = new SymbolTable(session, host);
    await table.#load();
    return table;
  }

  /**
   * Creates a symbol; the same again is the same symbol.
   *
   * @param name 1 to 128 letters, digits, `.`, `_` or `-`
   * @param value plain data; it is taken as it is now
   * @param mptype what type the parties say it has; plain JSON, up to 4096 characters of it
   * @returns the symbol, once it is stored
   * @throws {PartyError} `CONFLICT` when the name has another value or type already, or is that of
   * private data; `PAYLOAD_TOO_LARGE` beyond `maxSymbolBytes`; `UNKNOWN_SESSION` once the session is
   * closed; `INTERNAL` when it cannot be stored
   * @throws {SerializationError} when the value cannot be kept
   */
  async put(name: string, value: unknown, mptype: unknown = null): Promise<SessionSymbol> {
    this.#checkOpen();
    const symbol = SessionSymbol.encode(name, value, mptype);
    if (this.#host.data.has(name)) {
      throw this.#error("CONFLICT", `Cannot create symbol ${name}`, "private data has that name");
    }
    return await this.#inTurn(name, async () => {
      const existing = this.#symbols.get(name);
      if (existing?.equals(symbol)) return existing;
      if (existing !== undefined) {
        const why = "it exists with another value or type; delete it first";
        throw this.#error("CONFLICT", `Cannot create symbol ${name}`, why);
      }
      this.#take(symbol);
      try {
        const stored = symbol.toStored(this.#nextOrder++);
        await this.#reach(`store symbol ${name}`, (store) => store.put(this.#session, stored));
      } catch (error) {
        this.#free(symbol);
        throw error;
      }
      this.#symbols.set(name, symbol);
      return symbol;
    });
  }

  /** Whether there is a symbol of that name. */
  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  /** The symbol of that name. @throws {PartyError} `UNKNOWN_SYMBOL` */
  get(name: string): SessionSymbol {
    const symbol = this.#find(name);
    if (symbol === undefined) throw this.#unknown(name);
    return symbol;
  }

  /** All symbols: the private ones, and then those of the session as they were created. */
  list(): SessionSymbol[] {
    return this.#ended ? [] : [...this.#host.data.values(), ...this.#symbols.values()];
  }

  /**
   * Deletes the symbol of that name.
   *
   * @returns resolves once the store has forgotten it
   * @throws {PartyError} `UNKNOWN_SYMBOL`; `FORBIDDEN` for private data; `INTERNAL` when the store
   * cannot be reached
   */
  async delete(name: string): Promise<void> {
    if (this.#ended) throw this.#unknown(name);
    if (this.#host.data.has(name)) {
      throw this.#error("FORBIDDEN", `Cannot delete symbol ${name}`, "it is private data");
    }
    await this.#inTurn(name, async () => {
      const symbol = this.#symbols.get(name);
      if (symbol === undefined) throw this.#unknown(name);
      const forget = (store: SymbolStore) => store.delete(this.#session, [name]);
      await this.#reach(`delete symbol ${name}`, forget);
      this.#symbols.delete(name);
      this.#free(symbol);
    });
  }

  /** Deletes all symbols of the session, and takes no more: the session is closed. */
  close(): Promise<void> {
    return this.#ended ??= this.#end(async (names) => {
      const forget = (store: SymbolStore) => store.delete(this.#session, names);
      if (names.length > 0) await this.#reach("delete the symbols", forget);
    });
  }

  /** Takes no more, but leaves what is stored for when the party is back. */
  suspend(): Promise<void> {
    return this.#ended ??= this.#end(async () => {});
  }

  async #load(): Promise<void> {
    const { data, log } = this.#host;
    const load = (store: SymbolStore) => store.load(this.#session);
    const { symbols, skipped } = await this.#reach("load the symbols", load);
    for (const { entry, reason } of skipped) {
      log.warn(`Cannot load ${entry} of the store: ${reason}`, { entry, reason });
    }
    for (const stored of symbols.toSorted((a, b) => a.order - b.order)) {
      const { name, order } = stored;
      this.#nextOrder = order + 1;
      if (data.has(name)) {
        this.#hidden.push(name);
        log.warn(`Symbol ${name} of the store is left out: private data has that name`, { name });
        continue;
      }
      try {
        const symbol = SessionSymbol.restore(stored);
        this.#symbols.set(name, symbol);
        this.#bytes += costOf(symbol); // also beyond a limit that was higher before
      } catch (error) {
        log.warn(`Cannot load symbol ${name} of the store`, { name }, error);
      }
    }
  }

  async #end(finish: (stored: string[]) => Promise<void>): Promise<void> {
    await Promise.all(this.#turns.values()); // what was asked for before is done
    const names = [...this.#symbols.keys(), ...this.#hidden];
    this.#symbols.clear();
    await finish(names);
  }

  /** Does one thing after the other to each name. */
  async #inTurn<T>(name: string, action: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(name) ?? Promise.resolve();
    const turn = before.then(action);
    const over = turn.then(() => {}, () => {}).then(() => {
      if (this.#turns.get(name) === over) this.#turns.delete(name);
    });
    this.#turns.set(name, over);
    return await turn;
  }

  /** What the store throws may name its place, which is for the log alone. */
  async #reach<T>(what: string, action: (store: SymbolStore) => Promise<T>): Promise<T> {
    const { store, log } = this.#host;
    try {
      return await action(store);
    } catch (cause) {
      log.error(`Cannot ${what}: the store failed`, {}, cause);
      throw this.#error(
        "INTERNAL",
        `Cannot ${what}`,
        "the store failed; the log tells more",
        cause,
      );
    }
  }

  #find(name: string): SessionSymbol | undefined {
    if (this.#ended) return undefined;
    return this.#host.data.get(name) ?? this.#symbols.get(name);
  }

  #take(symbol: SessionSymbol): void {
    const { maxSymbolBytes = MAX_SYMBOL_BYTES } = this.#host.limits;
    const cost = costOf(symbol);
    if (this.#bytes + cost > maxSymbolBytes) {
      throw this.#error(
        "PAYLOAD_TOO_LARGE",
        `Cannot keep symbol ${symbol.name} of ${symbol.bytes} bytes`,
        `${this.#bytes} of ${maxSymbolBytes} bytes are taken, and it takes ${cost}; delete other ` +
          `symbols, or raise the party's maxSymbolBytes`,
      );
    }
    this.#bytes += cost;
  }

  #free(symbol: SessionSymbol): void {
    this.#bytes -= costOf(symbol);
  }

  #checkOpen(): void {
    if (!this.#ended) return;
    const why = "it is closed; create it again first";
    throw this.#error("UNKNOWN_SESSION", "Cannot create a symbol", why);
  }

  #unknown(name: string): PartyError {
    const { name: session } = this.#session;
    const message = `Session ${session} has no symbol ${name.slice(0, 128)}`;
    return new PartyError("UNKNOWN_SYMBOL", message, { session });
  }

  #error(code: PartyError["code"], what: string, why: string, cause?: unknown): PartyError {
    const { name: session } = this.#session;
    return new PartyError(code, `${what} in session ${session}: ${why}`, { session, cause });
  }
}

function costOf({ bytes, mptypeJson }: SessionSymbol): number {
  return bytes + mptypeJson.length + EXTRA_BYTES;
}
