/**
 * The nonces of signatures that were seen, so that none is taken twice.
 *
 * @module
 */

/** How many requests an operator may sign within the time of a signature. */
const MAX_PER_OPERATOR = 100_000;

/** What became of a nonce; only one that was `taken` is good. */
export type NonceFate = "taken" | "replayed" | "late" | "full";

/** Options of {@linkcode NonceStore}. */
export interface NonceStoreOptions {
  /**
   * Since when nonces are remembered, in milliseconds since 1970.
   *
   * @default {Date.now()}
   */
  since?: number;
  /**
   * How many it holds of one operator at a time; further ones are refused, and none is forgotten.
   *
   * @default {100_000}
   */
  maxPerOperator?: number;
}

/** The nonces of one party: each is remembered until its signature has expired. */
export class NonceStore {
  /** Since when nonces are remembered, in milliseconds since 1970. */
  readonly since: number;
  readonly #maxPerOperator: number;
  readonly #operators: Map<string, Set<string>> = new Map();
  /** By the second in which they expire. */
  readonly #expiring: Map<number, [operator: string, nonce: string][]> = new Map();
  /** What expired by then is forgotten: a clock that is set back must not revive it. */
  #forgottenUntil = -Infinity;

  /** Makes an empty store. */
  constructor({ since = Date.now(), maxPerOperator = MAX_PER_OPERATOR }: NonceStoreOptions = {}) {
    this.since = since;
    this.#maxPerOperator = maxPerOperator;
  }

  /** How many it holds. */
  get size(): number {
    return [...this.#operators.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /**
   * Takes a nonce, once. To be called with what a signature proves: strangers must not fill it.
   *
   * @param operator whose it is
   * @param nonce the nonce
   * @param expires the second at which its signature expires
   * @param now the second that it is
   * @returns `taken`; or `replayed`, `late` when it has expired, `full`
   */
  take(operator: string, nonce: string, expires: number, now: number): NonceFate {
    this.#forget(now);
    if (expires <= this.#forgottenUntil) return "late";
    const nonces = this.#operators.get(operator) ?? new Set();
    if (nonces.has(nonce)) return "replayed";
    if (nonces.size >= this.#maxPerOperator) return "full";
    this.#operators.set(operator, nonces.add(nonce));
    const expiring = this.#expiring.get(expires) ?? [];
    expiring.push([operator, nonce]);
    this.#expiring.set(expires, expiring);
    return "taken";
  }

  #forget(now: number): void {
    if (now <= this.#forgottenUntil) return;
    this.#forgottenUntil = now;
    for (const [second, expired] of this.#expiring) {
      if (second > now) continue;
      for (const [operator, nonce] of expired) this.#operators.get(operator)?.delete(nonce);
      this.#expiring.delete(second);
    }
  }
}
