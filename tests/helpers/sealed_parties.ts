/**
 * Several parties with keys in one process, each with a server of its own.
 *
 * @module
 */

import { createParty, type Party, type PartyOptions } from "../../lib/party.ts";
import type { Session } from "../../lib/resources/session.ts";
import type { Identity } from "../../lib/security/sealing/covers.ts";
import { serve, type Server } from "../../lib/serve/serve.ts";
import { identitiesOf } from "./identities.ts";

/** Parties with keys that listen, and have no session yet. */
export interface SealedParties {
  parties: Party[];
  servers: Server[];
  /** Where they are for each other: themselves, or what is before them. */
  endpoints: string[];
  identities: Identity[];
  createSession(name: string): Promise<Session[]>;
  /** Puts a new party in the place of one, as a restart does. */
  restart(rank: number): void;
  close(): Promise<void>;
}

/** What may differ from parties that reach each other. */
export interface SealedOptions {
  /** Of each party, by rank. */
  options?: (rank: number) => PartyOptions;
  /** Puts something before the parties. @returns the URLs that lead to these, in their order */
  before?: (urls: string[]) => Promise<string[]>;
  /** Changes who they are. */
  identities?: (urls: string[]) => Promise<Identity[]>;
}

/** Starts parties. @param size how many */
export async function startSealed(
  size: number,
  { options = () => ({}), before, identities: makeIdentities = identitiesOf }: SealedOptions = {},
): Promise<SealedParties> {
  const parties: Party[] = [];
  const servers = await Promise.all(
    Array.from(
      { length: size },
      (_, rank) =>
        serve({ fetch: (request, context) => parties[rank]!.fetch(request, context) }, {
          port: 0,
          graceMs: 500,
        }),
    ),
  );
  const urls = servers.map((server) => server.url);
  const endpoints = before === undefined ? urls : await before(urls);
  const identities = await makeIdentities(endpoints);
  const start = (rank: number) => {
    parties[rank] = createParty({ ...options(rank), identity: identities[rank]! });
  };
  for (let rank = 0; rank < size; rank++) start(rank);
  return {
    parties,
    servers,
    endpoints,
    identities,
    restart: start,
    createSession: (name) =>
      Promise.all(parties.map((party, rank) => party.createSession({ name, rank, endpoints }))),
    close: async () => {
      await Promise.all(parties.map((party) => party.close()));
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}
