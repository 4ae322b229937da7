/**
 * How a command ends.
 *
 * @module
 */

/** What the process exits with. */
export const EXIT = {
  /** Done; also a party that served until it was stopped. */
  done: 0,
  /** Failed, with one line that says why. */
  failed: 1,
  /** Used wrongly, with one line that says how. */
  usage: 2,
  /** Stopped by SIGINT or SIGTERM before it was done. */
  stopped: 130,
} as const;

/** The command line was used wrongly. */
export class UsageError extends Error {}
