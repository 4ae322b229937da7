/**
 * What a test may ask of a party in a process of its own.
 *
 * @module
 */

import { existsSync, readFileSync } from "node:fs";
import process from "node:process";
import {
  createParty,
  type Party,
  PartyError,
  type PartyOptions,
  type PeerView,
  serve,
  type ServeLimits,
  type Server,
  type Session,
  type WaitOptions,
} from "../../mod.ts";
import { DRIVEN_PROGRAMS } from "./driven.ts";
import { type GatewayMode, startGateway } from "./gateway.ts";
import { isPattern, patternBytes, sumBytes } from "./pattern.ts";
import { program } from "./programs.ts";
import { moment } from "./waiting.ts";

/** How a computation is made to end by one party, for which the others wait. */
export type Ending = "throws" | "refuses" | "is cancelled" | "waits";

/** What every party runs: each goes to its end as its own process was told. */
const endings = new Map<string, { ending: Ending; reason: string; waitsFor: number }>();
const ends = program("ends", async ({ communicator, params, signal }) => {
  const { ending, reason, waitsFor } = endings.get(params as string)!;
  await communicator.barrier();
  if (ending !== "waits") await moment(100); // so that the others wait by then
  if (ending === "throws") throw new TypeError(reason);
  if (ending === "refuses") throw new PartyError("AGREEMENT_MISMATCH", reason);
  if (ending === "waits") return await communicator.recv(waitsFor, "never");
  await new Promise((_, reject) => signal.addEventListener("abort", reject));
});

/** Where Linux tells of the process. */
const STATUS = "/proc/self/status";

let party: Party | undefined;
let server: Server | undefined;

/** Which session is meant. */
interface InSession {
  /** The test's present one unless told. */
  session?: string;
}

function find({ session }: InSession): Session {
  return party!.session(session!);
}

function waitOf({ timeoutMs }: { timeoutMs?: number }): WaitOptions {
  return timeoutMs === undefined ? {} : { timeoutMs };
}

/** What the process can do, each by its name. */
export const commands = {
  /** Does nothing. */
  async ready(): Promise<void> {},

  /** Makes the party, and listens. @returns its URL */
  async start({ options = {}, port = 0, graceMs = 5_000, limits, version }: {
    options?: PartyOptions;
    port?: number;
    graceMs?: number;
    limits?: ServeLimits;
    /** Of its programs, instead of their own. */
    version?: string;
  }): Promise<string> {
    const others = DRIVEN_PROGRAMS.map((one) => ({ ...one, version: version ?? one.version }));
    party = createParty({ programs: [ends, ...others], ...options });
    server = await serve(party, { port, graceMs, ...limits && { limits } });
    return server.url;
  },

  async create({ session: name, rank, endpoints }: InSession & {
    rank: number;
    endpoints: string[];
  }): Promise<void> {
    await party!.createSession({ name: name!, rank, endpoints });
  },

  /** Sends a value, or that many bytes of a pattern. */
  async send(
    args: InSession & {
      to: number;
      key: string;
      value?: unknown;
      bytes?: number;
      timeoutMs?: number;
    },
  ): Promise<void> {
    const { to, key, value, bytes } = args;
    const data = () => bytes === undefined ? value : patternBytes(bytes);
    await find(args).communicator.send(to, key, data(), waitOf(args));
  },

  /** Sends, and does not care what comes of it. */
  // deno-lint-ignore require-await
  async sendUnawaited(
    args: InSession & {
      to: number;
      key: string;
      timeoutMs: number;
    },
  ): Promise<void> {
    void find(args).communicator.send(args.to, args.key, "unawaited", waitOf(args));
  },

  /** Receives; of bytes it tells how many, and their sum. */
  async recv(
    args: InSession & {
      from: number;
      key: string;
      timeoutMs?: number;
    },
  ): Promise<unknown> {
    const value = await find(args).communicator.recv(args.from, args.key, waitOf(args));
    return value instanceof Uint8Array ? sumBytes(value) : value;
  },

  /** Sends numbers, or bytes of a pattern, without waiting, and then waits for all of them. */
  async sendMany({ to, count, bytes = 0, ...args }: InSession & {
    to: number;
    count: number;
    bytes?: number;
  }): Promise<void> {
    const { communicator } = find(args);
    const sent = Array.from(
      { length: count },
      (_, at) => communicator.send(to, `k${at}`, bytes === 0 ? at : patternBytes(bytes, at)),
    );
    await Promise.all(sent);
  },

  /**
   * Receives what `sendMany` sent, in its order.
   *
   * @returns how many messages were as they should be
   */
  async recvMany({ from, count, bytes = 0, pauseMs, ...args }: InSession & {
    from: number;
    count: number;
    bytes?: number;
    /** A rest before each. */
    pauseMs?: number;
  }): Promise<number> {
    const { communicator } = find(args);
    let good = 0;
    for (let at = 0; at < count; at++) {
      if (pauseMs !== undefined) await moment(pauseMs);
      const value = await communicator.recv(from, `k${at}`);
      good += Number(bytes === 0 ? value === at : isPattern(value, bytes, at));
    }
    return good;
  },

  /** Sends back what comes, one after the other. */
  async echo({ from, count, ...args }: InSession & { from: number; count: number }): Promise<void> {
    const { communicator } = find(args);
    for (let at = 0; at < count; at++) {
      await communicator.send(from, `back${at}`, await communicator.recv(from, `there${at}`));
    }
  },

  /** @returns how long each exchange with one that echoes took, in milliseconds */
  async exchange({ to, count, ...args }: InSession & {
    to: number;
    count: number;
  }): Promise<number[]> {
    const { communicator } = find(args);
    const times: number[] = [];
    for (let at = 0; at < count; at++) {
      const startedAt = performance.now();
      await communicator.send(to, `there${at}`, at);
      await communicator.recv(to, `back${at}`);
      times.push(performance.now() - startedAt);
    }
    return times;
  },

  /** Takes part in a computation that ends as it is told to. */
  async compute({ ending, reason = "", waitsFor = 0, ...args }: InSession & {
    ending: Ending;
    reason?: string;
    waitsFor?: number;
  }): Promise<void> {
    endings.set(args.session!, { ending, reason, waitsFor });
    await find(args).compute({ id: "c", program: "ends", params: args.session }).result;
  },

  /** Cancels it. */
  // deno-lint-ignore require-await
  async cancel({ reason, ...args }: InSession & { reason: string }): Promise<void> {
    find(args).computation("c").cancel(new PartyError("CANCELLED", reason));
  },

  /** @returns where the session and its computation are in their lives */
  // deno-lint-ignore require-await
  async states(args: InSession): Promise<{ session: string; computation?: string }> {
    const { state, computations } = find(args);
    return { session: state, computation: computations[0]?.state };
  },

  /** Gives the session up. */
  async abort({ reason, ...args }: InSession & { reason: string }): Promise<void> {
    await find(args).communicator.abort(new PartyError("CONFLICT", reason));
  },

  async closeSession(args: InSession & { reason?: string }): Promise<void> {
    await find(args).close(args.reason);
  },

  /** Puts gateways before a server, the outermost first. @returns the URL to go through them */
  async startGateways({ modes, url }: { modes: GatewayMode[]; url: string }): Promise<string> {
    let outer = url;
    for (const mode of modes.toReversed()) {
      const target = outer;
      outer = (await startGateway(() => target, mode)).url;
    }
    return outer;
  },

  async closeParty(): Promise<void> {
    await party!.close();
  },

  async closeServer(): Promise<void> {
    await server!.close();
  },

  /** Keeps the process busy, so that nothing else happens in it. */
  // deno-lint-ignore require-await
  async block({ ms }: { ms: number }): Promise<void> {
    const until = performance.now() + ms;
    while (performance.now() < until);
  },

  // deno-lint-ignore require-await
  async describe(args: InSession): Promise<PeerView[]> {
    return find(args).describe();
  },

  /** The most memory that the process ever had, in bytes. */
  // deno-lint-ignore require-await
  async peakMemory(): Promise<number> {
    if (!existsSync(STATUS)) return process.memoryUsage().rss; // the least that it can have been
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(STATUS, "utf8"))![1]) * 1024;
  },

  /** What the heap holds, and what hangs off it outside, in bytes, once the garbage is gone. */
  async heldMemory(): Promise<number> {
    const { gc } = globalThis as { gc?: () => void };
    for (let round = 0; round < 3; round++) {
      gc!();
      await moment(20); // what finalizers let go is garbage only then
    }
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  },

  /** What keeps the process from ending, but for its standard streams; Node alone tells. */
  // deno-lint-ignore require-await
  async resources(): Promise<string[]> {
    return process.getActiveResourcesInfo().filter((kind) => !/^(PipeWrap|TTYWrap)$/.test(kind));
  },
};

/** The types of {@linkcode commands}. */
export type Commands = typeof commands;
