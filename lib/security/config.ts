/**
 * `parties.json`: who takes part, and who may drive them; the same file at every party.
 *
 * @module
 */

import { v } from "../deps.ts";
import { PartyError } from "../errors.ts";
import { check, Endpoint, MAX_WORLD_SIZE, Name, WORLD_SIZE } from "../schema.ts";
import { parseJson } from "../wire/json_text.ts";
import { fingerprint } from "./fingerprint.ts";
import { holdsPrivateKey, PRIVATE_KEY_SHOWN, PublicKey } from "./keys/keys.ts";

/** What an operator may be allowed. */
export const RIGHTS = ["read", "run", "admin"] as const;
/** One of {@linkcode RIGHTS}. */
export type Right = (typeof RIGHTS)[number];

/** One party of the list; its rank is its place there. */
export interface ConfigParty {
  /** What people call it. */
  id: string;
  /** Its base URL, without a slash at its end. */
  url: string;
  /** Its X25519 key; absent where no keys are in use. */
  publicKey?: string;
}

/** Someone who drives the parties. */
export interface Operator {
  /** What people call them. */
  id: string;
  /** Their Ed25519 key. */
  publicKey: string;
  /** What they may do, in the order of {@linkcode RIGHTS}. */
  allow: readonly Right[];
}

/** What `parties.json` says. */
export interface Config {
  /** By rank. */
  parties: readonly ConfigParty[];
  /** None, where no keys are in use. */
  operators: readonly Operator[];
  /** Whether all parties have keys; otherwise none has. */
  hasKeys: boolean;
  /** What people compare: the same for the same ids, URLs, keys and rights in the same order. */
  fingerprint: string;
}

const MAX_OPERATORS = 1_024;
const ALLOW = `use some of ${RIGHTS.join(", ")}, each once`;

/** An object that has no private key in it, and no field but these. */
function entry<Entries extends v.ObjectEntries>(entries: Entries, shown = PRIVATE_KEY_SHOWN) {
  return v.pipe(
    v.unknown(),
    v.check((value) => !holdsPrivateKey(value), shown),
    v.strictObject(entries),
  );
}

const ConfigFile = entry({
  parties: v.pipe(
    v.array(entry({
      id: Name,
      url: Endpoint,
      public_key: v.optional(PublicKey("party")),
    })),
    v.minLength(1, WORLD_SIZE),
    v.maxLength(MAX_WORLD_SIZE, WORLD_SIZE),
  ),
  operators: v.optional(
    v.pipe(
      v.array(entry({
        id: Name,
        public_key: PublicKey("operator"),
        allow: v.pipe(
          v.array(v.picklist(RIGHTS, ALLOW)),
          v.check((words) => words.length > 0 && new Set(words).size === words.length, ALLOW),
        ),
      })),
      v.maxLength(MAX_OPERATORS, `give at most ${MAX_OPERATORS} of them`),
    ),
    [],
  ),
}, "it is a key file, which nobody else is to see; give the list of the parties");

/**
 * Reads the text of `parties.json`.
 *
 * @param text what it holds
 * @param what names the file in errors
 * @returns what it says
 * @throws {PartyError} `INVALID_REQUEST`, naming the first field that is wrong; no key is shown
 */
export async function parseConfig(text: string, what: string): Promise<Config> {
  const file = check(ConfigFile, parseJson(text, what), what);
  const parties = file.parties.map(({ id, url, public_key }): ConfigParty =>
    public_key === undefined ? { id, url } : { id, url, publicKey: public_key }
  );
  const operators = file.operators.map(({ id, public_key, allow }): Operator => ({
    id,
    publicKey: public_key,
    allow: RIGHTS.filter((right) => allow.includes(right)),
  }));
  const fault = faultOf(parties, operators);
  if (fault !== undefined) {
    throw new PartyError("INVALID_REQUEST", `Cannot take ${what}: ${fault}`);
  }
  const hasKeys = parties[0]!.publicKey !== undefined;
  const content = [
    "partyline parties 1", // whatever else is hashed, or comes later, begins with something else
    parties.map(({ id, url, publicKey = null }) => [id, url, publicKey]),
    operators.map(({ id, publicKey, allow }) => [id, publicKey, allow]),
  ];
  return { parties, operators, hasKeys, fingerprint: await fingerprint(content) };
}

/** What is wrong with a list whose entries are right, each by itself. */
function faultOf(
  parties: readonly ConfigParty[],
  operators: readonly Operator[],
): string | undefined {
  const again = repeated(parties.map(({ url }) => url));
  if (again !== undefined) {
    const [first, second] = again;
    return `parties[${second}].url is that of parties[${first}] again: each party has its own`;
  }
  const all = [...parties, ...operators];
  const place = (at: number) =>
    at < parties.length ? `parties[${at}]` : `operators[${at - parties.length}]`;
  for (const field of ["id", "publicKey"] as const) {
    const found = repeated(all.map((entry) => entry[field]));
    if (found === undefined) continue;
    const [first, second] = found;
    const name = field === "id" ? "id" : "public_key";
    return `${place(second)}.${name} is that of ${place(first)} again: everyone has their own`;
  }
  const bare = all.findIndex(({ publicKey }) => publicKey === undefined);
  if (bare === -1 || all.every(({ publicKey }) => publicKey === undefined)) return undefined;
  return `${
    place(bare)
  }.public_key is missing, though others have one: give every party its key, ` +
    "or take all keys and operators out";
}

/** The first two places of a value that is there again. */
function repeated(values: readonly (string | undefined)[]): [number, number] | undefined {
  const places = new Map<string, number>();
  for (const [at, value] of values.entries()) {
    if (value === undefined) continue;
    const first = places.get(value);
    if (first !== undefined) return [first, at];
    places.set(value, at);
  }
  return undefined;
}
