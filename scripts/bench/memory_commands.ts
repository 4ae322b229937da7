/**
 * Commands that look at the memory of this process, and those that fill it.
 *
 * @module
 */

import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { barePost } from "./bare_server.ts";
import { SMALL } from "./measure.ts";
import { communicatorOf } from "./parties.ts";

/** What a process takes, in bytes. */
export interface Memory {
  /** All that it has of the machine's memory. */
  rss: number;
  /** What the engine's heap holds, and what hangs off it outside: buffers above all. */
  held: number;
}

const SAMPLE_MS = 3;
/** Sessions that are used at a time. */
const BATCH = 50;

let peak: Memory = { rss: 0, held: 0 };
let sampling: ReturnType<typeof setInterval> | undefined;

function look(): Memory {
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, held: heapUsed + external };
}

async function collect(): Promise<void> {
  const { gc } = globalThis as { gc?: () => void };
  // Twice, with a pause: what finalizers and closed sockets let go is only then garbage.
  for (let round = 0; round < 2; round++) {
    gc?.();
    await sleep(50);
  }
}

/** Bytes that are not all the same, made without taking more memory than they have. */
function someBytes(count: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(count);
  for (let at = 0; at < count; at++) bytes[at] = at * 31 + (at >> 8);
  return bytes;
}

/** Commands about memory. */
export const memoryCommands = {
  /** @returns the memory after some idle time and a garbage collection, if this process may */
  async settle({ idleMs }: { idleMs: number }): Promise<Memory> {
    await sleep(idleMs);
    await collect();
    return look();
  },

  /** Begins to look every few milliseconds. @returns the memory before that */
  async sample(_: object): Promise<Memory> {
    await collect();
    const idle = peak = look();
    sampling = setInterval(() => {
      const { rss, held } = look();
      peak = { rss: Math.max(peak.rss, rss), held: Math.max(peak.held, held) };
    }, SAMPLE_MS);
    return idle;
  },

  /** Ends that. @returns the highest figures */
  async sampled(_: object): Promise<Memory> {
    await sleep(SAMPLE_MS); // one more look
    clearInterval(sampling);
    return peak;
  },

  /** Sends numbered messages to rank 1, one after another. */
  async sendBulk(
    { world, key, count, bytes }: { world: string; key: string; count: number; bytes: number },
  ): Promise<void> {
    const communicator = communicatorOf(world, 0);
    const value = someBytes(bytes);
    for (let sent = 0; sent < count; sent++) await communicator.send(1, `${key}-${sent}`, value);
  },

  /** The same with bare POSTs. */
  async postBulk({ url, count, bytes }: { url: string; count: number; bytes: number }) {
    const body = someBytes(bytes);
    for (let sent = 0; sent < count; sent++) await barePost(url, body);
  },

  /** Uses each of these sessions once: one message to the other rank, and one from there. */
  async use({ world, rank, sessions }: { world: string; rank: number; sessions: string[] }) {
    for (let first = 0; first < sessions.length; first += BATCH) {
      await Promise.all(
        sessions.slice(first, first + BATCH).map(async (name) => {
          const communicator = communicatorOf(world, rank, name);
          const sent = communicator.send(1 - rank, "use", SMALL);
          await Promise.all([sent, communicator.recv(1 - rank, "use")]);
        }),
      );
    }
  },
};
