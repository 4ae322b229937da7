/**
 * What the doctor finds.
 *
 * @module
 */

/** One finding. */
export interface Check {
  /** Of which party; null of all together. */
  rank: number | null;
  /** What was looked at, in a word. */
  check: string;
  /** A warning is something that works, but not as well as it could. */
  state: "ok" | "warn" | "fail";
  /** What was seen. */
  detail: string;
  /** What to do next, where there is something to do. */
  advice?: string;
}

/** A number of bytes for people. */
export function mebibytes(bytes: number): string {
  return bytes < 1_048_576
    ? `${Math.floor(bytes / 1_024)} KiB`
    : `${Math.floor(bytes / 104_857.6) / 10} MiB`;
}
