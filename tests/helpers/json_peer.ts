/**
 * Two parties, where the second has no links: what the first sends it goes in the JSON form, one
 * `comm/send` a message, through a faulty network.
 *
 * @module
 */

import type { HttpCommunicator } from "../../lib/comm/http.ts";
import type { PartyOptions } from "../../lib/party.ts";
import { type Fault, type Seen, startFaultProxy } from "./fault_proxy.ts";
import { startParties } from "./parties.ts";

/** The two ends, and what is between them. */
export interface JsonPair {
  /** Rank 0: what it sends goes through the network, in the JSON form. */
  alice: HttpCommunicator;
  /** Rank 1: what it sends goes straight to rank 0, over a link. */
  bob: HttpCommunicator;
  /** The base URL that rank 0 has for rank 1. */
  url: string;
  /** The messages that rank 0 tried to send so far, in the order in which they came. */
  sends(): Seen[];
  /** How many connections rank 0 made to rank 1. */
  connections(): number;
}

/**
 * Runs a test between a party and one without links, and ends them.
 *
 * @param choose what happens to each message from rank 0 to rank 1; farewells always pass
 * @param body the test
 * @param options of every party, or of each by its rank
 * @param noLink how rank 1 answers a link
 */
export async function withJsonPeer(
  choose: (request: Seen, attempt: number) => Fault,
  body: (pair: JsonPair) => Promise<void>,
  options: PartyOptions | ((rank: number) => PartyOptions) = {},
  noLink: Fault = { status: 404 },
): Promise<void> {
  const { parties, endpoints, close } = await startParties(2, options);
  const attempts = new Map<string, number>();
  const proxy = await startFaultProxy(() => endpoints[1]!, (request) => {
    if (request.path.endsWith("/comm/link")) return noLink;
    if (!isSend(request)) return "pass";
    const key = request.body.key!;
    attempts.set(key, (attempts.get(key) ?? 0) + 1);
    return choose(request, attempts.get(key)!);
  });
  try {
    const seen = [[endpoints[0]!, proxy.url], endpoints];
    const [alice, bob] = await Promise.all(
      parties.map((party, rank) =>
        party.createSession({ name: "pair", rank, endpoints: seen[rank]! })
      ),
    );
    await body({
      alice: alice!.communicator,
      bob: bob!.communicator,
      url: proxy.url,
      sends: () => proxy.seen.filter(isSend),
      connections: proxy.connections,
    });
  } finally {
    await close();
    await proxy.close();
  }
}

/** Whether a request is a message in the JSON form. */
export function isSend({ path }: Seen): boolean {
  return path.endsWith("/comm/send");
}
