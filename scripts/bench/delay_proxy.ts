/**
 * A TCP proxy that holds back what passes, for as long as a distant party would: the bytes stay in
 * order, in both directions, and there is no limit to how many are under way.
 *
 * @module
 */

import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** Timers fire late by up to this; the rest of the time is spent turning the event loop. */
const TIMER_SLACK_MS = 2;

/**
 * @param target a port of this machine
 * @param delayMs how long each byte takes, in each direction
 * @returns the port of this machine that leads there
 */
export async function startDelayProxy(target: number, delayMs: number): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ port: target, host: "127.0.0.1", allowHalfOpen: true });
    relay(near, far, delayMs);
    relay(far, near, delayMs);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** Moves what comes from one socket to another, and its end, each when it is due. */
function relay(from: Socket, to: Socket, delayMs: number): void {
  const line = new DelayLine(delayMs);
  from.setNoDelay(true);
  from.on("data", (chunk) => line.add(() => to.write(chunk)));
  from.on("end", () => line.add(() => to.end()));
  // What broke at one side breaks at the other; "close" follows with either outcome.
  from.on("error", () => from.destroy());
  from.on("close", (broken: boolean) => {
    if (broken) line.add(() => to.destroy());
  });
}

/** Actions that each happen a fixed time after they were added, in that order. */
class DelayLine {
  readonly #delayMs: number;
  #queue: { due: number; act: () => void }[] = [];
  #running = false;

  constructor(delayMs: number) {
    this.#delayMs = delayMs;
  }

  add(act: () => void): void {
    this.#queue.push({ due: performance.now() + this.#delayMs, act });
    if (this.#running) return;
    this.#running = true;
    this.#wait();
  }

  #run(): void {
    const now = performance.now();
    const next = this.#queue.findIndex(({ due }) => due > now);
    const ready = this.#queue.splice(0, next === -1 ? this.#queue.length : next);
    for (const { act } of ready) act();
    this.#running = this.#queue.length > 0;
    if (this.#running) this.#wait();
  }

  #wait(): void {
    const leftMs = this.#queue[0]!.due - performance.now();
    if (leftMs > TIMER_SLACK_MS) setTimeout(() => this.#run(), leftMs - TIMER_SLACK_MS);
    else setImmediate(() => this.#run());
  }
}
