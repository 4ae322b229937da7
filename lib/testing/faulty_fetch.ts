/**
 * A `fetch` that does to requests what networks, proxies and gateways do, as a seed says.
 *
 * @module
 */

import { sleep } from "../timing.ts";
import { Breakage } from "./breakage.ts";
import { Connection, type Flow } from "./connection.ts";
import { passGateway } from "./gateway.ts";
import type { FaultOptions } from "./options.ts";
import { Dice, drawPlan, FAULT_KINDS, type FaultKind, type Plan } from "./plan.ts";
import { networkError, Outgoing, relayedAnswer } from "./request.ts";

/** What {@linkcode faultyFetch} makes. */
export interface FaultyFetch {
  /** Makes a request, as `fetch` does. */
  (input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  /** How often each fault happened so far. */
  readonly injected: Readonly<Record<FaultKind, number>>;
}

/**
 * Makes a `fetch` on a bad network. Requests whose body is a stream live as long as that: a fault
 * may meet them late, long after their answer has begun, and breaks them for both sides. A request
 * that its signal aborts fails with the signal's reason, and its receiver sees the connection break,
 * whatever makes the requests.
 *
 * @param options which faults, how often, and the seed that says when
 * @returns the function, for `createParty({ fetch })` or instead of `fetch`
 * @throws {RangeError} when a probability is no number from 0 to 1
 *
 * @example
 * ```ts
 * import { createParty, faultyFetch, serve } from "partyline";
 *
 * const fetch = faultyFetch({ seed: 7, drop: 0.2, loseAnswer: 0.2, duplicate: 0.2 });
 * const parties = [createParty({ fetch }), createParty({ fetch })];
 * const servers = await Promise.all(parties.map((party) => serve(party, { port: 0 })));
 * const endpoints = servers.map((server) => server.url);
 * const [alice, bob] = await Promise.all(
 *   parties.map((party, rank) => party.createSession({ name: "demo", rank, endpoints })),
 * );
 * await alice!.communicator.send(1, "k", "delivered once, whatever happens");
 * console.log(await bob!.communicator.recv(0, "k"), fetch.injected);
 * await Promise.all(parties.map((party) => party.close()));
 * await Promise.all(servers.map((server) => server.close()));
 * ```
 */
export function faultyFetch(options: FaultOptions): FaultyFetch {
  for (const kind of FAULT_KINDS) {
    const rate = options[kind] ?? 0;
    if (rate >= 0 && rate <= 1) continue;
    throw new RangeError(
      `Cannot inject ${kind} with probability ${rate}: give a number from 0 to 1`,
    );
  }
  const network = new FaultyNetwork(options);
  const fetch = (input: RequestInfo | URL, init?: RequestInit) => network.fetch(input, init);
  return Object.assign(fetch, { injected: network.injected });
}

/** What all requests of one {@linkcode faultyFetch} have in common. */
class FaultyNetwork {
  readonly injected: Record<FaultKind, number>;
  readonly #options: FaultOptions;
  readonly #dice: Dice;
  readonly #maxDelayMs: number;
  /** How many requests to an origin are still to be answered 503. */
  readonly #bursts: Map<string, number> = new Map();
  /** Those that wait to be overtaken. */
  readonly #held: Set<AbortController> = new Set();

  constructor(options: FaultOptions) {
    this.#options = options;
    this.#dice = new Dice(options.seed);
    this.#maxDelayMs = options.maxDelayMs ?? 5;
    this.injected = Object.fromEntries(
      FAULT_KINDS.map((kind) => [kind, 0]),
    ) as typeof this.injected;
  }

  async fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const { gateway = {}, breakWithin = { bytes: 65_536, ms: 200 } } = this.#options;
    const plan = drawPlan(this.#dice.fork(), this.#options, breakWithin);
    const [request, signal] = Outgoing.from(input, init);
    this.#joinBurst(plan, request.origin);
    const connection = new Connection(signal);
    try {
      const send = (request: Outgoing) => this.#spoil(request, plan, connection);
      return await passGateway(request, gateway, connection, send);
    } catch (error) {
      connection.break(error);
      await request.discard(error);
      throw error;
    }
  }

  #count(kind: FaultKind): void {
    this.injected[kind]++;
  }

  /** Makes a request fail that comes in a burst which an earlier one began. */
  #joinBurst(plan: Plan, origin: string): void {
    const left = this.#bursts.get(origin) ?? (plan.spoiled === "unavailable" ? plan.burst : 0);
    if (left > 0) plan.spoiled = "unavailable";
    if (left > 1) this.#bursts.set(origin, left - 1);
    else this.#bursts.delete(origin);
  }

  /** Makes a request, with whatever spoils it. */
  async #spoil(request: Outgoing, plan: Plan, connection: Connection): Promise<Response> {
    await this.#wait(plan, connection);
    const { spoiled } = plan;
    switch (spoiled) {
      case "unavailable":
        this.#count(spoiled);
        await request.discard();
        connection.end();
        return new Response("Service Unavailable\n", { status: 503 });
      case "resetBefore":
        await sleep(plan.up.upTo(this.#maxDelayMs), connection.signal);
        /* falls through */
      case "drop":
        connection.signal.throwIfAborted();
        this.#count(spoiled);
        throw networkError(spoiled);
      case "duplicate":
        return request.streams
          ? await this.#send(request, plan, connection)
          : await this.#sendTwice(request, plan, connection);
      default:
        return await this.#send(request, plan, connection);
    }
  }

  /** Waits for those that overtake it, and for its delay, as the plan says. */
  async #wait(plan: Plan, connection: Connection): Promise<void> {
    if (plan.reorder) {
      this.#count("reorder");
      const overtaken = new AbortController();
      this.#held.add(overtaken);
      connection.onBreak(() => overtaken.abort());
      await sleep(4 * this.#maxDelayMs, overtaken.signal);
      this.#held.delete(overtaken);
    }
    if (plan.delay) {
      this.#count("delay");
      await sleep(plan.up.upTo(this.#maxDelayMs), connection.signal);
    }
    connection.signal.throwIfAborted();
    for (const overtaken of this.#held) overtaken.abort();
  }

  async #sendTwice(request: Outgoing, plan: Plan, connection: Connection): Promise<Response> {
    this.#count("duplicate");
    const copy = async (): Promise<void> => {
      const other = new Connection();
      connection.onBreak((error) => other.break(error));
      await this.#deliver(request, other).then(({ body }) => other.drain(body)).catch(() => {});
    };
    if (plan.copy === "before") await connection.orBreak(copy());
    if (plan.copy === "beside") void copy();
    const response = await this.#send(request, plan, connection);
    if (plan.copy === "after") void copy();
    return response;
  }

  /** Makes a request whose connection may break on the way. */
  async #send(request: Outgoing, plan: Plan, connection: Connection): Promise<Response> {
    const breakage = await this.#breakage(request, plan, connection);
    if (breakage?.kind === "resetMidway") request = await request.streamed();
    if (plan.split) this.#count("split");
    const up = { ...this.#shape(plan, plan.up, connection), ...breakage?.up };
    const relayed = request.relayed(connection, up);
    const response = await connection.orBreak(this.#deliver(relayed, connection));
    if (plan.delay) await sleep(plan.down.upTo(this.#maxDelayMs), connection.signal);
    connection.signal.throwIfAborted();
    if (breakage?.kind === "resetAfter") return await breakage.lose(response);
    const down = { ...this.#shape(plan, plan.down, connection), ...breakage?.down };
    return relayedAnswer(response, connection, down);
  }

  async #breakage(
    request: Outgoing,
    plan: Plan,
    connection: Connection,
  ): Promise<Breakage | undefined> {
    const kind = plan.spoiled;
    if (kind !== "resetMidway" && kind !== "resetAfter" && kind !== "loseAnswer") return undefined;
    const size = await request.size();
    return new Breakage(kind, plan, connection, size, this.#maxDelayMs, () => this.#count(kind));
  }

  /** How the chunks of one direction wait, and how they are cut. */
  #shape({ delay, split }: Plan, dice: Dice, { signal }: Connection): Flow {
    const cut = (chunk: Uint8Array<ArrayBuffer>) => {
      const at = dice.below(chunk.byteLength + 1);
      return [chunk.subarray(0, at), chunk.subarray(at)].filter(({ length }) => length > 0);
    };
    return {
      ...split ? { split: cut } : {},
      ...delay ? { pause: () => sleep(dice.upTo(this.#maxDelayMs), signal) } : {},
    };
  }

  /** Makes a request; what comes back after the connection broke is dropped. */
  async #deliver(request: Outgoing, { signal }: Connection): Promise<Response> {
    const fetch = this.#options.fetch ?? globalThis.fetch;
    const response = await request.send(fetch, signal);
    if (signal.aborted) {
      await response.body?.cancel(signal.reason).catch(() => {});
      signal.throwIfAborted();
    }
    return response;
  }
}
