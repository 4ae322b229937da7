/**
 * How long acknowledgements take: the last few hundred of them.
 *
 * @module
 */

const KEPT = 256;

/** The latest times, of which quantiles are told. */
export class AckTimes {
  #times: Float64Array = NONE;
  #count = 0;

  /** Adds a time. @param ms how long it took, in milliseconds */
  add(ms: number): void {
    if (this.#times.length === 0) this.#times = new Float64Array(KEPT);
    this.#times[this.#count++ % KEPT] = ms;
  }

  /**
   * @param share from 0 to 1: 0.5 for the median
   * @returns the time in milliseconds that this share of the latest ones keeps below; undefined when
   * there is none
   */
  quantile(share: number): number | undefined {
    const sorted = this.#times.slice(0, this.#count).sort();
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  }
}

const NONE = new Float64Array();
