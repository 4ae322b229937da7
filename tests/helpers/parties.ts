/**
 * Several parties in one process, each with a server of its own.
 *
 * @module
 */

import { createParty, type Party, type PartyOptions } from "../../lib/party.ts";
import type { Session } from "../../lib/resources/session.ts";
import { serve, type Server } from "../../lib/serve/serve.ts";

/** Parties that listen, and have no session yet. */
export interface Parties {
  /** One party a rank. */
  parties: Party[];
  /** Their servers, in the order of the ranks. */
  servers: Server[];
  /** Where they listen. */
  endpoints: string[];
  /** Creates a session at each of them. */
  createSession(name: string): Promise<Session[]>;
  /** Ends all of it. */
  close(): Promise<void>;
}

/**
 * @param size how many parties
 * @param options of every party, or of each by its rank
 * @returns the parties, listening
 */
export async function startParties(
  size: number,
  options: PartyOptions | ((rank: number) => PartyOptions) = {},
): Promise<Parties> {
  const parties = Array.from(
    { length: size },
    (_, rank) => createParty(typeof options === "function" ? options(rank) : options),
  );
  const servers = await Promise.all(
    parties.map((party) => serve(party, { port: 0, graceMs: 500 })),
  );
  const endpoints = servers.map((server) => server.url);
  return {
    parties,
    servers,
    endpoints,
    createSession: (name) =>
      Promise.all(parties.map((party, rank) => party.createSession({ name, rank, endpoints }))),
    close: async () => {
      await Promise.all(parties.map((party) => party.close()));
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}
