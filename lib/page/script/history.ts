/**
 * The status page's script: what passed between the parties, second by second, from counters.
 *
 * @module
 */

/** Plain JavaScript, a part of the page's script. */
export const HISTORY = `
const KEEP_MS = 5 * 60_000;
/** Without news for longer than this the charts have a gap, in milliseconds. */
const GAP_MS = 5_000;
const COUNTERS = ["messages_sent", "bytes_sent", "messages_received", "bytes_received"];

/**
 * @typedef {{ at: number, rates: number[] | null }} Sample no rates where the time before is unknown
 * @typedef {{ url: string, totals: number[], samples: Sample[] }} Peer both as in COUNTERS
 */

/** What went to and came from each other party, by its endpoint. */
class Traffic {
  /** The end of the time that the charts show. */
  now = 0;
  /** @type {Map<string, Peer>} */
  peers = new Map();
  /** @type {Map<string, number[]> | undefined} */
  #last;

  add(status) {
    const at = Date.parse(status.time);
    if (at <= this.now) this.#forget();
    const seconds = (at - this.now) / 1000;
    const [counters, moved] = this.#read(status);
    for (const [url, { totals, deltas }] of moved) {
      /** @type {Peer} */
      const peer = this.peers.get(url) ?? { url, totals, samples: [] };
      this.peers.set(url, peer);
      peer.totals = totals;
      const rates = this.#last && seconds * 1000 <= GAP_MS ? deltas.map((delta) => delta / seconds) : null;
      peer.samples.push({ at, rates });
    }
    for (const [url, { samples }] of this.peers) {
      while (samples.length > 0 && samples[0].at < at - KEEP_MS) samples.shift();
      if (samples.length === 0) this.peers.delete(url);
    }
    this.#last = counters;
    this.now = at;
  }

  /** The counters of a session begin again when it is created again. */
  #read(status) {
    const counters = new Map();
    const moved = new Map();
    for (const session of status.sessions) {
      for (const peer of session.peers) {
        const url = session.endpoints[peer.rank];
        const key = session.name + "/" + peer.rank;
        const now = COUNTERS.map((name) => peer.traffic[name]);
        const before = this.#last?.get(key);
        const isSame = before !== undefined && now.every((count, at) => count >= before[at]);
        counters.set(key, now);
        const entry = moved.get(url) ?? { totals: [0, 0, 0, 0], deltas: [0, 0, 0, 0] };
        moved.set(url, entry);
        now.forEach((count, at) => {
          entry.totals[at] += count;
          entry.deltas[at] += isSame ? count - before[at] : count;
        });
      }
    }
    return [counters, moved];
  }

  /** The party's clock went back: what was kept has no place in time any more. */
  #forget() {
    this.peers.clear();
    this.#last = undefined;
  }
}
`;
