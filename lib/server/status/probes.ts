/**
 * Asking other parties whether they answer, while somebody wants to know.
 *
 * @module
 */

import { VERSION_HEADER } from "../ready.ts";

/** How often a party is asked at most. */
const INTERVAL_MS = 2_000;
/** How long an answer may take. */
const TIMEOUT_MS = 1_000;
/** How many are asked: whoever creates sessions could name any number, of any host. */
const MAX_ASKED = 100;
/** What was heard longer ago is not told any more. */
const STALE_MS = 6_000;

/** What is known of one party. */
export interface Sighting {
  /** Its base URL. */
  url: string;
  /** Whether it answered. */
  answers: boolean;
  /** How long that took, in milliseconds; null when it did not. */
  latencyMs: number | null;
  /** Its version; null when it does not tell. */
  version: string | null;
}

interface Probe {
  startedAt: number;
  /** Under way, or done. */
  next: Promise<Sighting>;
  last: Sighting | undefined;
  seenAt: number;
}

/** The parties that somebody has asked for, and what is known of them. */
export class Probes {
  readonly #fetch: typeof fetch;
  #probes: Map<string, Probe> = new Map();

  /** @param fetch makes the requests */
  constructor(fetch: typeof globalThis.fetch) {
    this.#fetch = fetch;
  }

  /**
   * Tells of parties, and asks them where that was not done lately.
   *
   * @param urls their base URLs; all others are forgotten
   * @returns one sighting for each of the first 100
   */
  async see(urls: Iterable<string>): Promise<Sighting[]> {
    const first = [...new Set(urls)].slice(0, MAX_ASKED);
    const asked = new Map(first.map((url) => [url, this.#probe(url)]));
    this.#probes = asked;
    return await Promise.all(
      [...asked.values()].map(({ last, seenAt, next }) =>
        last !== undefined && performance.now() - seenAt < STALE_MS ? last : next
      ),
    );
  }

  #probe(url: string): Probe {
    const known = this.#probes.get(url);
    const now = performance.now();
    if (known !== undefined && now - known.startedAt < INTERVAL_MS) return known;
    const { last, seenAt = 0 } = known ?? {};
    const probe: Probe = { startedAt: now, next: this.#ask(url), last, seenAt };
    void probe.next.then((sighting) => {
      probe.last = sighting;
      probe.seenAt = performance.now();
    });
    return probe;
  }

  async #ask(url: string): Promise<Sighting> {
    const startedAt = performance.now();
    try {
      const response = await this.#fetch(`${url}/health`, {
        redirect: "manual",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      response.body?.cancel().catch(() => {}); // the status says it all
      const latencyMs = Math.round((performance.now() - startedAt) * 100) / 100;
      if (response.status === 200) {
        return { url, answers: true, latencyMs, version: response.headers.get(VERSION_HEADER) };
      }
    } catch {
      // Nobody answered in time.
    }
    return { url, answers: false, latencyMs: null, version: null };
  }
}
