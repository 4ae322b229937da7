/**
 * Contexts and collectives over `send` and `recv` alone. Every collective is one round in which
 * members write to each other directly; its key holds the operation, the members and a counter of
 * the context, so that two of them never meet.
 *
 * @module
 */

import { NAME_PATTERN } from "../names.ts";
import { checkKey, isRank } from "./checks.ts";
import type {
  CollectiveOptions,
  Communicator,
  PeerStats,
  RootedOptions,
  WaitOptions,
} from "./communicator.ts";

/** All of a {@linkcode Communicator} but `send` and `recv`. */
export abstract class CollectiveCommunicator implements Communicator {
  abstract readonly rank: number;
  abstract readonly worldSize: number;
  abstract readonly stats: readonly Readonly<PeerStats>[];
  abstract send(to: number, key: string, data: unknown, options?: WaitOptions): Promise<void>;
  abstract recv<T = unknown>(from: number, key: string, options?: WaitOptions): Promise<T>;

  readonly #spawned = new Set<string>();
  /** How many collectives each group of ranks has begun. */
  readonly #rounds = new Map<string, number>();
  #ids = 0;

  /** {@inheritDoc Communicator.newId} */
  newId(): string {
    return `@id.${++this.#ids}`;
  }

  /** {@inheritDoc Communicator.spawn} */
  spawn(name: string): Communicator {
    if (typeof name !== "string" || !NAME_PATTERN.test(name)) {
      const given = typeof name === "string" ? JSON.stringify(name.slice(0, 130)) : typeof name;
      throw new TypeError(`Cannot spawn context ${given}: use ${NAME_PATTERN}`);
    }
    if (this.#spawned.has(name)) {
      throw new TypeError(`Cannot spawn context "${name}" twice: its messages would meet`);
    }
    this.#spawned.add(name);
    return this.child(name);
  }

  /** Makes what `spawn` gives. @param name checked */
  protected child(name: string): Communicator {
    return new Context(this, name);
  }

  /** {@inheritDoc Communicator.broadcast} */
  async broadcast<T>(value: T, options: RootedOptions = {}): Promise<T> {
    const { key, root, others } = this.#begin("broadcast", options);
    if (this.rank !== root) return await this.recv<T>(root, key, options);
    await Promise.all(others.map((rank) => this.send(rank, key, value, options)));
    return value;
  }

  /** {@inheritDoc Communicator.gather} */
  async gather<T>(value: T, options: RootedOptions = {}): Promise<T[] | undefined> {
    const { key, root, members } = this.#begin("gather", options);
    if (this.rank === root) return await this.#collect(members, key, value, options);
    await this.send(root, key, value, options);
    return undefined;
  }

  /** {@inheritDoc Communicator.scatter} */
  async scatter<T>(values: readonly T[] | undefined, options: RootedOptions = {}): Promise<T> {
    const { key, root, members } = this.#begin("scatter", options);
    if (this.rank !== root) return await this.recv<T>(root, key, options);
    if (values?.length !== members.length) {
      throw new RangeError(
        `Cannot scatter ${values?.length ?? "no"} values to ${members.length} ranks: give one each`,
      );
    }
    await Promise.all(
      members.map((rank, at) =>
        rank === root ? undefined : this.send(rank, key, values[at], options)
      ),
    );
    return values[members.indexOf(root)]!;
  }

  /** {@inheritDoc Communicator.allgather} */
  async allgather<T>(value: T, options: CollectiveOptions = {}): Promise<T[]> {
    const { key, members } = this.#begin("allgather", options);
    return await this.#exchange(members, key, value, options);
  }

  /** {@inheritDoc Communicator.reduce} */
  async reduce<T>(
    value: T,
    combine: (a: T, b: T) => T,
    options: RootedOptions = {},
  ): Promise<T | undefined> {
    const { key, root, members } = this.#begin("reduce", options);
    if (this.rank === root) {
      return fold(await this.#collect(members, key, value, options), combine);
    }
    await this.send(root, key, value, options);
    return undefined;
  }

  /** {@inheritDoc Communicator.allreduce} */
  async allreduce<T>(
    value: T,
    combine: (a: T, b: T) => T,
    options: CollectiveOptions = {},
  ): Promise<T> {
    const { key, members } = this.#begin("allreduce", options);
    return fold(await this.#exchange(members, key, value, options), combine);
  }

  /** {@inheritDoc Communicator.barrier} */
  async barrier(options: CollectiveOptions = {}): Promise<void> {
    const { key, members } = this.#begin("barrier", options);
    await this.#exchange(members, key, null, options);
  }

  /** Sends this rank's part to all other members while it collects theirs. */
  async #exchange<T>(members: number[], key: string, own: T, options: WaitOptions): Promise<T[]> {
    const others = members.filter((rank) => rank !== this.rank);
    // First, so that it goes out with the first request to a peer, which a `recv` makes as well.
    const sent = others.map((rank) => this.send(rank, key, own, options));
    const [values] = await Promise.all([this.#collect(members, key, own, options), ...sent]);
    return values;
  }

  /** The members' values, in the order of the ranks. */
  #collect<T>(members: number[], key: string, own: T, options: WaitOptions): Promise<T[]> {
    return Promise.all(
      members.map((rank) => rank === this.rank ? own : this.recv<T>(rank, key, options)),
    );
  }

  #begin(operation: string, options: RootedOptions) {
    const members = this.#members(operation, options.ranks);
    const root = options.root ?? members[0]!;
    if (!members.includes(root)) {
      throw new RangeError(
        `Cannot ${operation} from or to rank ${root}: it is not among ${members}`,
      );
    }
    const group = members.length === this.worldSize ? "" : `[${members}]`;
    const round = (this.#rounds.get(group) ?? 0) + 1;
    this.#rounds.set(group, round);
    const others = members.filter((rank) => rank !== this.rank);
    return { key: `@:${operation}${group}.${round}`, members, root, others };
  }

  #members(operation: string, ranks: readonly number[] | undefined): number[] {
    if (ranks === undefined) return Array.from({ length: this.worldSize }, (_, rank) => rank);
    const members = [...new Set(ranks)].sort((a, b) => a - b);
    const stranger = members.find((rank) => !isRank(rank, this.worldSize));
    if (stranger !== undefined || !members.includes(this.rank)) {
      throw new RangeError(
        `Cannot ${operation} among ranks [${ranks}] as rank ${this.rank} of a session with ` +
          `${this.worldSize} parties: name existing ranks, this one among them`,
      );
    }
    return members;
  }
}

/** @returns what the keys of a context begin with @param name its name, without a colon */
export function contextPrefix(name: string): string {
  return `@${name}:`;
}

/** A key space inside another communicator: every key gets the prefix `@name:`. */
export class Context extends CollectiveCommunicator {
  readonly #parent: Communicator;
  readonly #prefix: string;

  /**
   * @param parent where the messages go
   * @param name the same at every party, and used once in the parent; it has no colon
   */
  constructor(parent: Communicator, name: string) {
    super();
    this.#parent = parent;
    this.#prefix = contextPrefix(name);
  }

  /** {@inheritDoc Communicator.rank} */
  get rank(): number {
    return this.#parent.rank;
  }

  /** {@inheritDoc Communicator.worldSize} */
  get worldSize(): number {
    return this.#parent.worldSize;
  }

  /** {@inheritDoc Communicator.stats} */
  get stats(): readonly Readonly<PeerStats>[] {
    return this.#parent.stats;
  }

  /** {@inheritDoc Communicator.send} */
  send(to: number, key: string, data: unknown, options?: WaitOptions): Promise<void> {
    try {
      checkKey("send", key);
    } catch (error) {
      return Promise.reject(error);
    }
    // The parent's own promise: one that nobody awaits must not end the process.
    return this.#parent.send(to, this.#prefix + key, data, options);
  }

  /** {@inheritDoc Communicator.recv} */
  recv<T = unknown>(from: number, key: string, options?: WaitOptions): Promise<T> {
    try {
      checkKey("receive", key);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#parent.recv<T>(from, this.#prefix + key, options);
  }
}

/** Folds with two arguments a step, where `Array.reduce` passes four: `Math.max` takes them all. */
function fold<T>(values: T[], combine: (a: T, b: T) => T): T {
  return values.reduce((result, value) => combine(result, value));
}
