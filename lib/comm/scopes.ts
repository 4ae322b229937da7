/**
 * Scopes: parts of a session that begin, are counted and fail by themselves, such as computations.
 * What belongs to one is told by its keys, so that a message says no more than its key.
 *
 * @module
 */

import { Context } from "./collectives.ts";
import type {
  CollectiveOptions,
  Communicator,
  PeerStats,
  RootedOptions,
  WaitOptions,
} from "./communicator.ts";
import type { Farewell } from "./ending.ts";
import { prefixOf } from "./rank_box.ts";
import { emptyStats } from "./traffic.ts";

/** How many scopes that have ended are remembered, so that what comes late for them is dropped. */
const MAX_ENDED = 4_096;

/** Who hears of what happens in a scope. */
export interface ScopeEvents {
  /**
   * What was sent could not be, whether anybody awaits it or not, or what came could not be taken:
   * the scope cannot go on.
   */
  onFailure(error: Error): void;
}

/** How a scope ends. */
export interface ScopeEnd {
  /** What sends and receives in it reject with from now on. */
  error: Error;
  /** What the other parties are told, when it ends before its time. */
  farewell?: Farewell | undefined;
  /** Whether they know that already; who sends something for it later is told all the same. */
  isKnown?: boolean;
}

/** One scope, at one party. */
export class Scope {
  /** What was sent and received in it; retries and duplicates are counted for the session alone. */
  readonly stats: PeerStats[];
  /** Reaches the same scope at the other parties. */
  readonly communicator: Communicator;
  readonly #events: ScopeEvents;
  readonly #waiting: Set<(error: Error) => void> = new Set();
  #ended: Error | undefined;

  /**
   * Begins it.
   *
   * @param parent the session's communicator
   * @param name the same at every party; it has no colon
   * @param events who hears of what happens in it
   */
  constructor(parent: Communicator, name: string, events: ScopeEvents) {
    this.stats = emptyStats(parent.worldSize);
    this.communicator = new ScopeContext(parent, name, this);
    this.#events = events;
  }

  /** Why nothing can be sent or received in it any more; undefined while it goes on. */
  get ended(): Error | undefined {
    return this.#ended;
  }

  /** Says that it cannot go on; of no account once it has ended. */
  fail(error: Error): void {
    if (this.#ended === undefined) this.#events.onFailure(error);
  }

  /** Ends it: who waits for a send is let go, and what was sent goes its way. @param error why */
  end(error: Error): void {
    this.#ended ??= error;
    for (const reject of this.#waiting) reject(this.#ended);
    this.#waiting.clear();
  }

  /** Settles as the promise does, or rejects when the scope ends before. */
  whileOpen(sent: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject);
      sent.then(() => {
        this.#waiting.delete(reject);
        resolve();
      }, (error) => {
        this.#waiting.delete(reject);
        reject(error);
      });
    });
  }
}

/** A context that counts what it sends and receives, and whose promises need not be awaited. */
class ScopeContext extends Context {
  readonly #scope: Scope;

  constructor(parent: Communicator, name: string, scope: Scope) {
    super(parent, name);
    this.#scope = scope;
  }

  override get stats(): readonly Readonly<PeerStats>[] {
    return this.#scope.stats;
  }

  protected override child(name: string): Communicator {
    return new ScopeContext(this, name, this.#scope);
  }

  override send(to: number, key: string, data: unknown, options?: WaitOptions): Promise<void> {
    const { ended } = this.#scope;
    return ended ? quiet(Promise.reject(ended)) : super.send(to, key, data, options);
  }

  override recv<T = unknown>(from: number, key: string, options?: WaitOptions): Promise<T> {
    const { ended } = this.#scope;
    return ended ? quiet(Promise.reject(ended)) : super.recv<T>(from, key, options);
  }

  override broadcast<T>(value: T, options?: RootedOptions): Promise<T> {
    return quiet(super.broadcast(value, options));
  }

  override gather<T>(value: T, options?: RootedOptions): Promise<T[] | undefined> {
    return quiet(super.gather(value, options));
  }

  override scatter<T>(values: readonly T[] | undefined, options?: RootedOptions): Promise<T> {
    return quiet(super.scatter(values, options));
  }

  override allgather<T>(value: T, options?: CollectiveOptions): Promise<T[]> {
    return quiet(super.allgather(value, options));
  }

  override reduce<T>(
    value: T,
    combine: (a: T, b: T) => T,
    options?: RootedOptions,
  ): Promise<T | undefined> {
    return quiet(super.reduce(value, combine, options));
  }

  override allreduce<T>(
    value: T,
    combine: (a: T, b: T) => T,
    options?: CollectiveOptions,
  ): Promise<T> {
    return quiet(super.allreduce(value, combine, options));
  }

  override barrier(options?: CollectiveOptions): Promise<void> {
    return quiet(super.barrier(options));
  }
}

/** A program that fails may leave what it began behind, which must not end the whole process. */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

/** What is left of a scope that has ended: nothing of its program, or of what that had. */
interface EndedScope {
  readonly farewell: Farewell | undefined;
  /** Who was told again, having sent something for it after its end. */
  readonly told: Set<number>;
}

/** The scopes of one session. */
export class Scopes {
  readonly #open: Map<string, Scope> = new Map();
  /** In the order in which they ended. */
  readonly #ended: Map<string, EndedScope> = new Map();

  /** The open scope of a key; undefined for a key of none. */
  of(key: string): Scope | undefined {
    return this.#open.size === 0 ? undefined : this.#open.get(prefixOf(key));
  }

  /** Whether a key is of a scope that has ended. */
  hasEnded(key: string): boolean {
    return this.#ended.size > 0 && this.#ended.has(prefixOf(key));
  }

  /**
   * A message came for a scope that has ended.
   *
   * @returns what its sender is to be told, who may go on in vain; undefined when it was, or need not
   */
  late(from: number, key: string): Farewell | undefined {
    const { farewell, told } = this.#ended.get(prefixOf(key))!;
    if (farewell === undefined || told.has(from)) return undefined;
    told.add(from);
    return farewell;
  }

  /** Adds a scope; one of the same name that has ended is forgotten. */
  add(prefix: string, scope: Scope): void {
    this.#ended.delete(prefix);
    this.#open.set(prefix, scope);
  }

  /** Ends a scope, whether it was begun here or not. */
  end(prefix: string, { error, farewell }: ScopeEnd): void {
    this.#open.get(prefix)?.end(error);
    this.#open.delete(prefix);
    this.#ended.delete(prefix);
    this.#ended.set(prefix, { farewell, told: new Set() });
    if (this.#ended.size <= MAX_ENDED) return;
    const [oldest] = this.#ended.keys();
    this.#ended.delete(oldest!);
  }
}
