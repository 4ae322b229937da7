/**
 * The parties of this process, by the world that they belong to: parties that share a session. Both
 * processes of the benchmark have these commands.
 *
 * @module
 */

import {
  createParty,
  type HttpCommunicator,
  type Party,
  type PartyOptions,
  serve,
  type Server,
} from "../../mod.ts";
import { parseConfig } from "../../lib/security/config.ts";
import { parseKeyFile, writeKeyFile } from "../../lib/security/keys/key_file.ts";
import type { KeyText } from "../../lib/security/keys/keys.ts";
import { bufferingFetch } from "./gateway.ts";
import { PROGRAMS } from "./programs.ts";

/** What a value of 64 MiB takes as a request of its own, and some more. */
const MAX_REQUEST_BYTES = 65 * 1024 * 1024;
/** How many computations that have ended a session keeps. */
const MAX_ENDED = 100;

interface Member {
  party: Party;
  server: Server;
  options: PartyOptions;
}

/** A key as another process can be given it. */
export interface KeyGiven {
  id: string;
  keys: KeyText;
}

const members = new Map<string, Map<number, Member>>();

/** Creates and closes parties; every command names the world. */
export const partyCommands = {
  /**
   * Starts one party for each rank.
   *
   * @returns their URLs, in the order of the ranks that were given
   */
  async listen(
    { world, ranks, gateway }: { world: string; ranks: number[]; gateway: boolean },
  ): Promise<string[]> {
    const options: PartyOptions = {
      maxRequestBytes: MAX_REQUEST_BYTES,
      maxEndedComputations: MAX_ENDED,
      programs: PROGRAMS,
    };
    if (gateway) options.fetch = bufferingFetch;
    const own = new Map<number, Member>();
    members.set(world, own);
    for (const rank of ranks) {
      const party = createParty(options);
      const server = await serve({
        fetch: (request, context) => own.get(rank)!.party.fetch(request, context),
      }, { port: 0 });
      own.set(rank, { party, server, options });
    }
    return [...own.values()].map(({ server }) => server.url);
  },

  /** Gives these parties keys, before their first session. */
  async identify(
    { world, endpoints, given }: { world: string; endpoints: string[]; given: KeyGiven[] },
  ): Promise<void> {
    const parties = given.map(({ id, keys: { publicKey } }, rank) => ({
      id,
      url: endpoints[rank],
      public_key: publicKey,
    }));
    const config = await parseConfig(JSON.stringify({ parties }), "the list");
    for (const [rank, member] of members.get(world)!) {
      const { id, keys } = given[rank]!;
      const key = await parseKeyFile(writeKeyFile(id, "party", keys), "party", "a key");
      member.party = createParty({ ...member.options, identity: { key, config } });
    }
  },

  /** Creates sessions at all of these parties. */
  async join(
    { world, endpoints, sessions = [world] }: {
      world: string;
      endpoints: string[];
      sessions?: string[];
    },
  ): Promise<void> {
    for (const [rank, { party }] of members.get(world)!) {
      for (const name of sessions) await party.createSession({ name, rank, endpoints });
    }
  },

  /** Closes some of the sessions of these parties. */
  async leave({ world, sessions }: { world: string; sessions: string[] }): Promise<void> {
    const own = [...members.get(world)!.values()];
    await Promise.all(
      own.flatMap(({ party }) => sessions.map((name) => party.session(name).close())),
    );
  },

  /** Closes the parties. */
  async close({ world }: { world: string }): Promise<void> {
    const own = [...members.get(world)?.values() ?? []];
    members.delete(world);
    await Promise.all(own.map(({ party }) => party.close()));
    await Promise.all(own.map(({ server }) => server.close()));
  },
};

/** The end of a session that this process has. @param session the world's own by default */
export function communicatorOf(world: string, rank: number, session = world): HttpCommunicator {
  return members.get(world)!.get(rank)!.party.session(session).communicator;
}

/** The ranks of a world that are in this process. */
export function ranksHere(world: string): number[] {
  return [...members.get(world)!.keys()];
}
