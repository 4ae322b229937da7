/**
 * What parties do in rounds, at one party; a round does not wait for the acknowledgements of its
 * messages, as no protocol does.
 *
 * @module
 */

import type { Communicator } from "../../mod.ts";
import { SMALL } from "./measure.ts";

/** Names every round anew, in each communicator, so that no key is used twice. */
const rounds = new WeakMap<Communicator, number>();

function nextRound(communicator: Communicator): number {
  const round = (rounds.get(communicator) ?? 0) + 1;
  rounds.set(communicator, round);
  return round;
}

/**
 * Sends to rank 1, which answers, again and again.
 *
 * @returns how long each round took until the answer was there, in milliseconds
 */
export async function pingPong(communicator: Communicator, count: number): Promise<number[]> {
  const sends = new Sends();
  const times: number[] = [];
  for (let done = 0; done < count; done++) {
    const begin = performance.now();
    sends.add(communicator.send(1, "ping", SMALL));
    await communicator.recv(1, "pong");
    times.push(performance.now() - begin);
  }
  await sends.finished();
  return times;
}

/** Answers rank 0, until the session ends. */
export async function answer(communicator: Communicator): Promise<void> {
  while (true) {
    const value = await communicator.recv(0, "ping", { timeoutMs: 600_000 });
    communicator.send(0, "pong", value).catch(() => {});
  }
}

/**
 * Sends to all others and receives from all, again and again. Every party has to call it.
 *
 * @returns how long it took from the second round on, in milliseconds: the first one brings the
 * parties together
 */
export async function exchange(communicator: Communicator, count: number): Promise<number> {
  const sends = new Sends();
  const others = communicator.stats.map((_, rank) => rank)
    .filter((rank) => rank !== communicator.rank);
  let begin = 0;
  for (let done = 0; done <= count; done++) {
    const key = `exchange-${nextRound(communicator)}`;
    for (const rank of others) sends.add(communicator.send(rank, key, SMALL));
    await Promise.all(others.map((rank) => communicator.recv(rank, key)));
    if (done === 0) begin = performance.now();
  }
  const elapsed = performance.now() - begin;
  await sends.finished();
  return elapsed;
}

/** The same with `allgather` of a value of so many bytes. */
export async function gather(
  communicator: Communicator,
  count: number,
  bytes: number,
): Promise<number> {
  const value = "x".repeat(bytes - 2);
  let begin = 0;
  for (let done = 0; done <= count; done++) {
    await communicator.allgather(value);
    if (done === 0) begin = performance.now();
  }
  return performance.now() - begin;
}

/** Sends under way, whose failures wait until somebody asks. */
class Sends {
  #all: Promise<void>[] = [];

  add(sent: Promise<void>): void {
    sent.catch(() => {});
    this.#all.push(sent);
  }

  async finished(): Promise<void> {
    await Promise.all(this.#all);
  }
}
