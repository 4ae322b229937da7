/**
 * Two parties, with a faulty network from the first to the second.
 *
 * @module
 */

import type { HttpCommunicator } from "../../lib/comm/http.ts";
import type { PartyOptions } from "../../lib/party.ts";
import { type Fault, type FaultProxy, type Seen, startFaultProxy } from "./fault_proxy.ts";
import { startParties } from "./parties.ts";

/** The two ends, and what is between them. */
export interface Link {
  /** Rank 0: what it sends goes through the proxy. */
  alice: HttpCommunicator;
  /** Rank 1: what it sends goes straight to rank 0. */
  bob: HttpCommunicator;
  /** The network. */
  proxy: FaultProxy;
}

/**
 * Runs a test between two parties, and ends them.
 *
 * @param choose what happens to each message from rank 0 to rank 1; farewells always pass
 * @param body the test
 * @param options of each party
 */
export async function withLink(
  choose: (request: Seen, attempt: number) => Fault,
  body: (link: Link) => Promise<void>,
  options: PartyOptions = {},
): Promise<void> {
  const { parties, endpoints, close } = await startParties(2, options);
  const attempts = new Map<string, number>();
  const proxy = await startFaultProxy(() => endpoints[1]!, (request) => {
    if (request.path.endsWith("/abort")) return "pass";
    const key = request.body.key!;
    attempts.set(key, (attempts.get(key) ?? 0) + 1);
    return choose(request, attempts.get(key)!);
  });
  try {
    const seen = [[endpoints[0]!, proxy.url], endpoints];
    const [alice, bob] = await Promise.all(
      parties.map((party, rank) =>
        party.createSession({ name: "link", rank, endpoints: seen[rank]! })
      ),
    );
    await body({ alice: alice!.communicator, bob: bob!.communicator, proxy });
  } finally {
    await close();
    await proxy.close();
  }
}
