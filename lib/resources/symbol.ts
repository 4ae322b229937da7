/**
 * A symbol: a value with a name.
 *
 * @module
 */

import { v } from "../deps.ts";
import { SerializationError } from "../errors.ts";
import { check, Name } from "../schema.ts";
import { decodeCbor, encodeCbor } from "../wire/cbor.ts";
import { asciiJson, decodeJson } from "../wire/json.ts";
import { shapeOf } from "./shape.ts";
import type { StoredSymbol } from "./store/store.ts";

/** How long an mptype may be, as JSON: it goes into a header. */
const MAX_MPTYPE_LENGTH = 4_096;

const NameSpec = v.object({ name: Name });

/** A named value, kept encoded so that nobody changes it in place. */
export class SessionSymbol {
  /** The symbol's name. */
  readonly name: string;
  /** Whether it is the party's own, which programs may use and nobody may read over HTTP. */
  readonly isPrivate: boolean;
  /** How many bytes the value has, as CBOR. */
  readonly bytes: number;
  /**
   * The lengths along the dimensions of an array, or of arrays in arrays; of a table (an object of
   * columns) how many columns and rows; empty for a single value, undefined for anything else.
   */
  readonly shape: readonly number[] | undefined;
  /** What type the parties say the value has, as JSON in ASCII. */
  readonly mptypeJson: string;
  readonly #value: Uint8Array;

  private constructor(name: string, value: unknown, encoded: Uint8Array, mptypeJson: string, {
    isPrivate,
  }: { isPrivate: boolean }) {
    this.name = name;
    this.isPrivate = isPrivate;
    this.bytes = encoded.byteLength;
    this.shape = shapeOf(value);
    this.mptypeJson = mptypeJson;
    this.#value = encoded;
  }

  /**
   * Encodes a value; `SymbolTable.put` does so.
   *
   * @throws {PartyError} `INVALID_REQUEST` when the name is none
   * @throws {SerializationError} when the value cannot be sent, or the type is not plain JSON
   */
  static encode(
    name: string,
    value: unknown,
    mptype: unknown = null,
    { isPrivate = false }: { isPrivate?: boolean } = {},
  ): SessionSymbol {
    check(NameSpec, { name }, "a symbol");
    const json = encodeMptype(name, mptype);
    return new SessionSymbol(name, value, encodeCbor(value), json, { isPrivate });
  }

  /** Takes a symbol back from a store. @throws {SerializationError} when its value is none */
  static restore({ name, mptype, value }: StoredSymbol): SessionSymbol {
    const json = encodeMptype(name, decodeJson(mptype));
    return new SessionSymbol(name, decodeCbor(value), value, json, { isPrivate: false });
  }

  /** What type the parties say the value has: a copy of any JSON value. */
  get mptype(): unknown {
    return decodeJson(this.mptypeJson);
  }

  /** A copy of the value. */
  get value(): unknown {
    return decodeCbor(this.#value);
  }

  /** The value as CBOR: a copy. */
  get cbor(): Uint8Array<ArrayBuffer> {
    return this.#value.slice() as Uint8Array<ArrayBuffer>;
  }

  /** Whether the other symbol has the same value and type. */
  equals(other: SessionSymbol): boolean {
    const [one, two] = [this.#value, other.#value];
    return this.mptypeJson === other.mptypeJson && one.byteLength === two.byteLength &&
      one.every((byte, at) => byte === two[at]);
  }

  /** The symbol as a store keeps it. @param order its place in the session */
  toStored(order: number): StoredSymbol {
    return { name: this.name, mptype: this.mptypeJson, value: this.#value, order };
  }
}

/**
 * @param data what the party's operator gives it, by name
 * @returns the symbols that all its sessions have
 * @throws {PartyError} `INVALID_REQUEST` for what is no name; `SERIALIZATION` for what is no plain
 * data
 */
export function privateSymbols(
  data: Readonly<Record<string, unknown>>,
): ReadonlyMap<string, SessionSymbol> {
  return new Map(
    Object.entries(data).map(([name, value]) => [
      name,
      SessionSymbol.encode(name, value, null, { isPrivate: true }),
    ]),
  );
}

function encodeMptype(name: string, mptype: unknown): string {
  const json = asciiJson(mptype);
  if (json.includes('"$partyline":')) {
    throw new SerializationError(`Cannot keep symbol ${name}: give its mptype as plain JSON`);
  }
  if (json.length <= MAX_MPTYPE_LENGTH) return json;
  throw new SerializationError(
    `Cannot keep symbol ${name}: its mptype has ${json.length} characters of JSON in ASCII; give ` +
      `at most ${MAX_MPTYPE_LENGTH}`,
  );
}
