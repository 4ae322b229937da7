/**
 * A world: parties that share a session, spread over the processes of the benchmark.
 *
 * @module
 */

import type { HttpCommunicator } from "../../mod.ts";
import { generateKey } from "../../lib/security/keys/keys.ts";
import { communicatorOf } from "./parties.ts";
import { time } from "./measure.ts";
import { here, type Site } from "./site.ts";

/** How a world differs from two parties that reach each other. */
export interface WorldOptions {
  /** Whether a gateway reads each request whole before it passes it on. */
  gateway?: boolean;
  /** Whether the parties have keys, so that their links are sealed. */
  sealed?: boolean;
  /** Puts something before each party. @returns the URLs that lead to these, in their order */
  before?: (urls: string[]) => Promise<string[]>;
}

/** Where the ranks of a world are: each once, and in order when they are put together. */
export type Places = [site: Site, ranks: number[]][];

let count = 0;

/** A running world; its parties are closed when it is disposed of. */
export class World {
  /** Its name in the commands. */
  readonly name: string;
  /** How its parties are reached, in the order of their ranks. */
  readonly endpoints: readonly string[];
  readonly #sites: Site[];

  private constructor(name: string, endpoints: string[], sites: Site[]) {
    this.name = name;
    this.endpoints = endpoints;
    this.#sites = sites;
  }

  /** Starts the parties and their session. */
  static async open(places: Places, options: WorldOptions = {}): Promise<World> {
    const { gateway = false, sealed = false, before = (urls) => Promise.resolve(urls) } = options;
    const world = `world-${++count}`;
    const urls: string[] = [];
    for (const [site, ranks] of places) {
      const own = await site.call("listen", { world, ranks, gateway });
      for (const [at, rank] of ranks.entries()) urls[rank] = own[at]!;
    }
    const endpoints = await before(urls);
    const sites = places.map(([site]) => site);
    if (sealed) {
      const given = await Promise.all(endpoints.map(async (_, rank) => ({
        id: `party-${rank}`,
        keys: await generateKey("party"),
      })));
      await Promise.all(sites.map((site) => site.call("identify", { world, endpoints, given })));
    }
    await Promise.all(sites.map((site) => site.call("join", { world, endpoints })));
    return new World(world, endpoints, sites);
  }

  /** Two parties: rank 0 in this process, rank 1 in the other. */
  static pair(peer: Site, options: WorldOptions = {}): Promise<World> {
    return World.open([[here, [0]], [peer, [1]]], options);
  }

  /** What rank 0 sends and receives with, when it is in this process. */
  get communicator(): HttpCommunicator {
    return communicatorOf(this.name, 0);
  }

  /** Closes the parties, wherever they are. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#sites.map((site) => site.call("close", { world: this.name })));
  }
}

/** A send that takes less has found its way. */
const FAST_MS = 20;
const FAST_IN_A_ROW = 20;
const MAX_WARM_UP_MS = 10_000;

/**
 * Sends until sending is fast: a link that a gateway holds up takes seconds to find another way.
 *
 * @param send sends one message, until it is acknowledged
 */
export async function warmUp(send: () => Promise<unknown>): Promise<void> {
  const end = performance.now() + MAX_WARM_UP_MS;
  for (let fast = 0; fast < FAST_IN_A_ROW && performance.now() < end;) {
    fast = await time(send) < FAST_MS ? fast + 1 : 0;
  }
}
