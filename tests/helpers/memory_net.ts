/**
 * Parties that reach each other without sockets, so that a world of them is made in a moment.
 *
 * @module
 */

import { createParty, type Party, type PartyOptions } from "../../lib/party.ts";
import type { Session } from "../../lib/resources/session.ts";
import type { Identity } from "../../lib/security/sealing/covers.ts";
import { faultyFetch } from "../../lib/testing/faulty_fetch.ts";

/** Parties on a network of their own, which have no session yet. */
export interface MemoryNet {
  /** One party a rank. */
  parties: Party[];
  /** Where they are, for each other. */
  endpoints: string[];
  /** Reaches them. */
  fetch: typeof fetch;
  /** How many requests came to them, copies and all. */
  requests(): number;
  /** Creates a session at each of them. */
  createSession(name: string): Promise<Session[]>;
  /** Ends all of them. */
  close(): Promise<void>;
}

/** What a party's requests go through, given what reaches the others. */
export type Transport = (fetch: typeof globalThis.fetch, rank: number) => typeof globalThis.fetch;

/**
 * @param size how many parties
 * @param options of every party
 * @param transport what a party's requests go through; by default they just arrive
 * @param identities who they are; by default they have no keys
 * @returns the parties
 */
export function startMemoryNet(
  size: number,
  options: PartyOptions = {},
  transport: Transport = (fetch) => fetch,
  identities: readonly Identity[] = [],
): MemoryNet {
  let requests = 0;
  const endpoints = memoryEndpoints(size);
  const route: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, copied(init));
    const party = parties[endpoints.indexOf(new URL(request.url).origin)];
    if (party === undefined) throw new TypeError("fetch failed", { cause: nobody(request.url) });
    requests++;
    return await party.fetch(request);
  };
  // Without a fault, it makes an abort break the connection, as a real fetch does.
  const fetch: typeof globalThis.fetch = faultyFetch({ seed: 0, fetch: route });
  const parties: Party[] = endpoints.map((_, rank) =>
    createParty({
      ...options,
      fetch: transport(fetch, rank),
      ...identities[rank] === undefined ? {} : { identity: identities[rank] },
    })
  );
  return {
    parties,
    endpoints,
    fetch,
    requests: () => requests,
    createSession: (name) =>
      Promise.all(parties.map((party, rank) => party.createSession({ name, rank, endpoints }))),
    close: async () => {
      await Promise.all(parties.map((party) => party.close()));
    },
  };
}

/** Where so many parties are. */
export function memoryEndpoints(size: number): string[] {
  return Array.from({ length: size }, (_, rank) => `http://party-${rank}.test`);
}

function nobody(url: string): Error {
  return Object.assign(new Error(`nobody listens at ${url}`), { code: "ECONNREFUSED" });
}

/** No memory is shared over a network: what the sender does to a chunk that it sent is its own. */
function copied(init?: RequestInit): RequestInit | undefined {
  if (!(init?.body instanceof ReadableStream)) return init;
  const reader = (init.body as ReadableStream<Uint8Array<ArrayBuffer>>).getReader();
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: async (controller) => {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value.slice());
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
  return { ...init, body };
}
