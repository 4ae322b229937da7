/**
 * Parties that share a process: for tests, for simulations, and to try a protocol out.
 *
 * @module
 */

import { PartyError } from "../errors.ts";
import { decodePayload, encodePayload } from "../wire/message.ts";
import { CommunicatorBase, type CommunicatorOptions } from "./base.ts";
import type { WaitOptions } from "./communicator.ts";
import type { Farewell } from "./ending.ts";
import { Outbox, type Outgoing } from "./outbox.ts";
import { RetryLater } from "./retry.ts";

/**
 * A communicator to others in the same process. Values are encoded on the way as they are for the
 * network, so what works here works there.
 *
 * @example
 * ```ts
 * import { MemoryCommunicator } from "partyline";
 *
 * const [alice, bob] = MemoryCommunicator.connect(2);
 * await alice!.send(1, "greeting", "Hello");
 * console.log(await bob!.recv(0, "greeting")); // "Hello"
 * ```
 */
export class MemoryCommunicator extends CommunicatorBase {
  readonly #world: readonly MemoryCommunicator[];
  readonly #outboxes: Outbox[];

  private constructor(world: MemoryCommunicator[], size: number, options: CommunicatorOptions) {
    super(size, options);
    this.#world = world;
    this.#outboxes = this.stats.map((stats, rank) =>
      new Outbox({
        rank,
        deadlines: this.deadlines,
        attempt: (message) => this.#attempt(rank, message),
        onRetry: () => stats.retries++,
      })
    );
  }

  /**
   * Makes a world of parties in this process.
   *
   * @param worldSize the number of parties
   * @param options as for every communicator
   * @returns one communicator for each rank, connected to each other
   */
  static connect(
    worldSize: number,
    options: Omit<CommunicatorOptions, "rank" | "session"> = {},
  ): MemoryCommunicator[] {
    const world: MemoryCommunicator[] = [];
    for (let rank = 0; rank < worldSize; rank++) {
      world.push(new MemoryCommunicator(world, worldSize, { ...options, rank, session: "memory" }));
    }
    return world;
  }

  /** {@inheritDoc CommunicatorBase.transmit} */
  protected override transmit(
    to: number,
    key: string,
    data: unknown,
    options: WaitOptions & { timeoutMs: number },
  ): Promise<number> {
    return this.#outboxes[to]!.send(key, encodePayload(data), options);
  }

  // deno-lint-ignore require-await -- an attempt is asynchronous for other communicators
  async #attempt(to: number, { key, data, bytes }: Outgoing): Promise<void> {
    try {
      this.#world[to]!.onSent(this.rank, key, decodePayload(data).value, bytes);
    } catch (error) {
      if (error instanceof PartyError && error.code === "MAILBOX_FULL") throw new RetryLater(error);
      throw error;
    }
  }

  /** {@inheritDoc CommunicatorBase.disconnect} */
  protected override disconnect(error: Error): void {
    for (const outbox of this.#outboxes) outbox.close(error);
  }

  /** {@inheritDoc CommunicatorBase.finishSending} */
  protected override finishSending(rank: number, error: Error): void {
    this.#outboxes[rank]!.finish(error);
  }

  /** {@inheritDoc CommunicatorBase.sendFarewell} */
  protected override sendFarewell(farewell: Farewell, ranks: readonly number[]): Promise<void> {
    for (const rank of ranks) this.#world[rank]!.onFarewell(this.rank, farewell);
    return Promise.resolve();
  }
}
