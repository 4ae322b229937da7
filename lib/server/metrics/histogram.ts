/**
 * How long things take, counted in buckets.
 *
 * @module
 */

/** Values, as Prometheus counts them. */
export class Histogram {
  /** The upper bound of each bucket, in rising order; one more bucket takes what is above. */
  readonly bounds: readonly number[];
  /** How many values are in each bucket. */
  readonly counts: number[];
  /** All values together. */
  sum = 0;

  /** @param bounds the upper bound of each bucket, in rising order */
  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  /** Counts a value. */
  observe(value: number): void {
    const at = this.bounds.findIndex((bound) => value <= bound);
    this.counts[at === -1 ? this.bounds.length : at]!++;
    this.sum += value;
  }
}

/** Histograms or counts, one for each set of labels. */
export class ByLabels<Value> {
  readonly #entries: Map<string, { labels: Record<string, string>; value: Value }> = new Map();
  readonly #create: () => Value;

  /** @param create makes the value of a set of labels that was not there before */
  constructor(create: () => Value) {
    this.#create = create;
  }

  /** The value of a set of labels, always given in the same order. */
  of(labels: Record<string, string>): Value {
    const key = JSON.stringify(Object.values(labels));
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { labels, value: this.#create() };
      this.#entries.set(key, entry);
    }
    return entry.value;
  }

  /** All of them, in the order in which they came. */
  all(): { labels: Record<string, string>; value: Value }[] {
    return [...this.#entries.values()];
  }
}
