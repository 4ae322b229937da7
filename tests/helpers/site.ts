/**
 * Two parties, each behind gateways.
 *
 * @module
 */

import type { HttpCommunicator } from "../../lib/comm/http.ts";
import { createParty, type Party, type PartyOptions } from "../../lib/party.ts";
import type { LinkView } from "../../lib/comm/peer.ts";
import { serve, type Server } from "../../lib/serve/serve.ts";
import { type GatewayMode, startGateway, type TestGateway } from "./gateway.ts";
import { startTcpProxy, type TcpProxy } from "./tcp_proxy.ts";
import { identitiesOf } from "./identities.ts";
import { moment } from "./waiting.ts";

/** What is before each of two parties: gateways, the outermost first, behind one TCP proxy. */
export class Site {
  /** What they listen with, behind the gateways. */
  readonly servers: Server[] = [];
  /** The parties. */
  readonly ranks: HttpCommunicator[] = [];
  /** What is before the gateways of each rank. */
  readonly proxies: TcpProxy[] = [];
  readonly #gateways: TestGateway[][] = [];

  readonly #parties: Party[] = [];

  /**
   * @param modes of the gateways before each of the parties, the outermost first
   * @param isSealed whether they have keys
   */
  static async start(
    modes: GatewayMode[],
    options: PartyOptions = {},
    graceMs = 1_000,
    isSealed = false,
  ): Promise<Site> {
    const site = new Site();
    const parties = site.#parties;
    for (const rank of [0, 1]) {
      const fetch: Party["fetch"] = (request, context) => parties[rank]!.fetch(request, context);
      const server = await serve({ fetch }, { port: 0, graceMs });
      site.servers.push(server);
      await site.#build(rank, modes);
      site.proxies.push(await startTcpProxy(() => site.#gateways[rank]![0]?.url ?? server.url));
    }
    const endpoints = site.proxies.map(({ url }) => url);
    const identities = isSealed ? await identitiesOf(endpoints) : [];
    for (const rank of [0, 1]) {
      const identity = identities[rank];
      parties.push(createParty(identity === undefined ? options : { ...options, identity }));
    }
    for (const [rank, party] of parties.entries()) {
      const { communicator } = await party.createSession({ name: "s", rank, endpoints });
      site.ranks.push(communicator);
    }
    return site;
  }

  /** Ends the gateways before a rank, and has new ones take their place a while later. */
  async restart(rank: number, modes: GatewayMode[]): Promise<void> {
    for (const gateway of this.#gateways[rank]!) await gateway.close();
    await moment(300);
    await this.#build(rank, modes);
  }

  /** Ends all of it. */
  async close(): Promise<void> {
    await Promise.all(this.#parties.map((party) => party.close()));
    await Promise.all(this.servers.map((server) => server.close()));
    for (const proxy of this.proxies) await proxy.close();
    for (const gateway of this.#gateways.flat()) await gateway.close();
  }

  async #build(rank: number, modes: GatewayMode[]): Promise<void> {
    const gateways: TestGateway[] = [];
    for (const mode of modes.toReversed()) {
      const target = gateways[0]?.url ?? this.servers[rank]!.url;
      gateways.unshift(await startGateway(() => target, mode));
    }
    this.#gateways[rank] = gateways;
  }
}

/** How messages travel from one party of a site to the other. */
export function linkOf(sender: HttpCommunicator): LinkView {
  return sender.describe()[0]!.link;
}
