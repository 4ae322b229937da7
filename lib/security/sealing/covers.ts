/**
 * Whose keys a session is sealed with: those of all parties of the list, and no others.
 *
 * @module
 */

import type { SessionCover } from "../../comm/link/sealed/cover.ts";
import { PartyError } from "../../errors.ts";
import type { Config, ConfigParty } from "../config.ts";
import type { OwnKey } from "../keys/key_file.ts";
import { decodeKey } from "../keys/keys.ts";
import { agreementOf, type NamedVersion } from "./agreement.ts";
import { KeyCover } from "./key_cover.ts";

/**
 * Who a party is, and who the others are.
 *
 * @example
 * ```ts
 * import { readFile } from "node:fs/promises";
 * import { createParty, parseConfig, parseKeyFile } from "partyline";
 *
 * export async function partyWithKeys(keyFile: string, listFile: string) {
 *   const key = await parseKeyFile(await readFile(keyFile, "utf8"), "party", keyFile);
 *   const config = await parseConfig(await readFile(listFile, "utf8"), listFile);
 *   return createParty({ identity: { key, config } });
 * }
 * ```
 */
export interface Identity {
  /** Its own key, as `parseKeyFile()` read it. */
  key: OwnKey;
  /** The list of all parties, as `parseConfig()` read it: the same at each of them. */
  config: Config;
}

/** A session, as far as it says whose keys it takes. */
export interface CoveredSession {
  /** The session's name. */
  name: string;
  /** This party's rank. */
  rank: number;
  /** The base URL of every party, in the order of the ranks. */
  endpoints: readonly string[];
}

/**
 * Makes covers of sessions.
 *
 * @param identity who this party is
 * @param programs what it runs, which all have to have alike
 * @returns what makes the cover of a session. It rejects with a {@linkcode PartyError}: `FORBIDDEN`
 * unless the endpoints are all of the list, in its order, `INVALID_REQUEST` when the session's rank for
 * this party is another party's
 * @throws {TypeError} when the key is not that of a party of the list
 */
export function coversOf(
  identity: Identity,
  programs: readonly NamedVersion[],
): (session: CoveredSession) => Promise<SessionCover> {
  const { key, config: { parties } } = identity;
  const self = ownParty(identity);
  const own = { publicKey: decodeKey(key.publicKey)!, privateKey: key.privateKey };
  const keys = parties.map(({ publicKey }) => publicKey!);
  return async ({ name, rank, endpoints }) => {
    checkEndpoints(parties, endpoints, name);
    if (parties[rank] !== self) {
      const given = parties[rank]!.id;
      const why = `rank ${rank} is party ${given}, and this is party ${self.id}`;
      throw refused("INVALID_REQUEST", name, why);
    }
    return new KeyCover({
      own,
      peers: keys.map((text) => decodeKey(text)!),
      rank,
      session: name,
      agreement: await agreementOf(endpoints, keys, programs),
    });
  };
}

/**
 * Finds a party in its list.
 *
 * @returns what the list says of it
 * @throws {TypeError} when the key is not that of a party of the list
 */
export function ownParty({ key, config }: Identity): ConfigParty {
  const self = config.parties.find(({ publicKey }) => publicKey === key.publicKey);
  if (self !== undefined && key.kind === "party") return self;
  throw new TypeError(
    `Cannot be party ${key.id}: no party of the list has its key; put its public key there, at ` +
      `every party`,
  );
}

/** A part of the parties would do for a result that, beside that of all, gives another one away. */
function checkEndpoints(
  parties: readonly ConfigParty[],
  endpoints: readonly string[],
  session: string,
): void {
  const stray = endpoints.findIndex((url, rank) => url !== parties[rank]?.url);
  if (stray === -1 && endpoints.length === parties.length) return;
  const found = stray === -1
    ? `${endpoints.length} are given`
    : `${endpoints[stray]} is rank ${stray}`;
  const why =
    `its endpoints have to be those of all ${parties.length} parties of parties.json here, in ` +
    `their order, and ${found}`;
  throw refused("FORBIDDEN", session, why);
}

function refused(
  code: "FORBIDDEN" | "INVALID_REQUEST",
  session: string,
  why: string,
): PartyError {
  return new PartyError(code, `Cannot create session ${session}: ${why}`, { session });
}
