/**
 * Symbols: the named values of a session.
 *
 * @module
 */

import { v } from "../deps.ts";
import { PartyError, SerializationError } from "../errors.ts";
import { check, Name } from "../schema.ts";
import { decodeJson, encodeJson } from "../wire/json.ts";
import { decodePayload, encodePayload, type Payload } from "../wire/message.ts";

/** A named value, kept encoded so that nobody changes it in place. */
export class SessionSymbol {
  /** The symbol's name. */
  readonly name: string;
  /** The encoded value. */
  readonly payload: Payload;

  readonly #mptype: string;

  /**
   * Encodes a value; `SymbolTable.put` does so.
   *
   * @throws {SerializationError} when the value has no JSON form, or the type is not plain JSON
   */
  constructor(name: string, value: unknown, mptype: unknown) {
    this.name = name;
    this.#mptype = encodeJson(mptype);
    if (this.#mptype.includes('"$partyline":')) {
      throw new SerializationError(`Cannot keep symbol ${name}: give its mptype as plain JSON`);
    }
    this.payload = encodePayload(value);
  }

  /** What type the parties say the value has: a copy of any JSON value. */
  get mptype(): unknown {
    return decodeJson(this.#mptype);
  }

  /** A copy of the value. */
  get value(): unknown {
    return decodePayload(this.payload.data).value;
  }

  /** Whether the other symbol has the same value and type. */
  equals(other: SessionSymbol): boolean {
    return this.payload.data === other.payload.data && this.#mptype === other.#mptype;
  }
}

/** The symbols of one session. */
export class SymbolTable {
  readonly #session: string;
  readonly #symbols: Map<string, SessionSymbol> = new Map();
  #closed = false;

  /** Makes a table without symbols. @param session the session's name, for errors */
  constructor(session: string) {
    this.#session = session;
  }

  /**
   * Creates a symbol; the same again is the same symbol.
   *
   * @param name 1 to 128 letters, digits, `.`, `_` or `-`
   * @param value plain data
   * @param mptype what type the parties say it has; plain JSON
   * @throws {PartyError} `CONFLICT` when the name has another value or type already;
   * `UNKNOWN_SESSION` once the session is closed
   * @throws {SerializationError} when the value cannot be kept
   */
  put(name: string, value: unknown, mptype: unknown = null): SessionSymbol {
    if (this.#closed) {
      throw new PartyError(
        "UNKNOWN_SESSION",
        `Cannot create a symbol in session ${this.#session}: it is closed; create it again first`,
        { session: this.#session },
      );
    }
    check(NameSpec, { name }, "a symbol");
    const symbol = new SessionSymbol(name, value, mptype);
    const existing = this.#symbols.get(name);
    if (existing === undefined) {
      this.#symbols.set(name, symbol);
      return symbol;
    }
    if (existing.equals(symbol)) return existing;
    throw new PartyError(
      "CONFLICT",
      `Cannot create symbol ${name} in session ${this.#session}: it exists with another value or ` +
        `type; delete it first`,
      { session: this.#session },
    );
  }

  /** The symbol of that name. @throws {PartyError} `UNKNOWN_SYMBOL` */
  get(name: string): SessionSymbol {
    const symbol = this.#symbols.get(name);
    if (symbol === undefined) throw this.#unknown(name);
    return symbol;
  }

  /** All symbols, in the order in which they were created. */
  list(): SessionSymbol[] {
    return [...this.#symbols.values()];
  }

  /** Deletes the symbol of that name. @throws {PartyError} `UNKNOWN_SYMBOL` */
  delete(name: string): void {
    if (!this.#symbols.delete(name)) throw this.#unknown(name);
  }

  /** Deletes all of them, and takes no more: the session is closed. */
  close(): void {
    this.#closed = true;
    this.#symbols.clear();
  }

  #unknown(name: string): PartyError {
    return new PartyError(
      "UNKNOWN_SYMBOL",
      `Session ${this.#session} has no symbol ${name.slice(0, 128)}`,
      { session: this.#session },
    );
  }
}

const NameSpec = v.object({ name: Name });
