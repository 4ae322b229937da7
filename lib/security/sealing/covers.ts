/**
 * Whose keys a session is sealed with: those of the parties that its endpoints are, and no others.
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

/** Who a party is, and who the others are. */
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
 * @returns what makes the cover of a session. It rejects with a {@linkcode PartyError}: `FORBIDDEN` for
 * an endpoint that is no party of the list, `INVALID_REQUEST` when the session's rank for this party is
 * another party's, or one party is there twice
 * @throws {TypeError} when the key is not that of a party of the list
 */
export function coversOf(
  identity: Identity,
  programs: readonly NamedVersion[],
): (session: CoveredSession) => Promise<SessionCover> {
  const { key, config: { parties } } = identity;
  const self = ownParty(identity);
  const own = { publicKey: decodeKey(key.publicKey)!, privateKey: key.privateKey };
  return async ({ name, rank, endpoints }) => {
    const members = endpoints.map((url, at) => partyAt(parties, url, at, name));
    const twice = members.findIndex((party, at) => members.indexOf(party) < at);
    if (twice !== -1) {
      throw refused("INVALID_REQUEST", name, `party ${members[twice]!.id} is there twice`);
    }
    const given = members[rank]!;
    if (given !== self) {
      throw refused(
        "INVALID_REQUEST",
        name,
        `rank ${rank} is party ${given.id}, and this is party ${self.id}`,
      );
    }
    const keys = members.map(({ publicKey }) => publicKey!);
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

function partyAt(
  parties: readonly ConfigParty[],
  url: string,
  rank: number,
  session: string,
): ConfigParty {
  const party = parties.find((one) => one.url === url);
  if (party !== undefined) return party;
  throw refused("FORBIDDEN", session, `endpoint ${rank}, ${url}, is no party of parties.json here`);
}

function refused(
  code: "FORBIDDEN" | "INVALID_REQUEST",
  session: string,
  why: string,
): PartyError {
  return new PartyError(code, `Cannot create session ${session}: ${why}`, { session });
}
