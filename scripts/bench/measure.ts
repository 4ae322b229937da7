/**
 * Times and their medians.
 *
 * @module
 */

/** How often each thing is measured. */
export const REPETITIONS = 7;
/** What travels in the small measurements: 64 bytes of JSON. */
export const SMALL = "x".repeat(62);
/** The same, as a body of a bare POST. */
export const SMALL_JSON: string = JSON.stringify(SMALL);
/** The same, for a bare connection. */
export const SMALL_BYTES: Uint8Array = new TextEncoder().encode(SMALL_JSON);

/** One measurement: a figure, such as a time in milliseconds. */
export type Measure = () => Promise<number>;

/**
 * Medians of several things, measured in turns, so that all meet the same noise; the first turn
 * warms up.
 *
 * @returns the medians, in the order of the measures
 */
export async function inTurns(measures: Measure[], repetitions = REPETITIONS): Promise<number[]> {
  const figures = measures.map((): number[] => []);
  for (let turn = 0; turn <= repetitions; turn++) {
    for (const [at, measure] of measures.entries()) {
      const figure = await measure();
      if (turn > 0) figures[at]!.push(figure);
    }
  }
  return figures.map(median);
}

/** How long one call takes, in milliseconds. */
export async function time(run: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await run();
  return performance.now() - begin;
}

/** The median of the times of many calls, one after another, in milliseconds. */
export async function medianTime(count: number, run: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let at = 0; at < count; at++) times.push(await time(run));
  return median(times);
}

/** The same of as many calls as fit into a time, of one at least. */
export async function medianTimeWithin(
  budgetMs: number,
  run: () => Promise<unknown>,
): Promise<number> {
  const end = performance.now() + budgetMs;
  const times: number[] = [];
  do times.push(await time(run)); while (performance.now() < end);
  return median(times);
}

/** How many a second there are of what one call does `count` times. */
export async function perSecond(count: number, run: () => Promise<unknown>): Promise<number> {
  return count / (await time(run) / 1_000);
}

/** The middle one; of an even number, the upper of the two. */
export function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
