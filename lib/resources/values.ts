/**
 * The named values of a session, as a computation sees them.
 *
 * @module
 */

/** Where values come from and go to. */
export interface Values {
  /** A value by name; undefined when there is none. */
  get(name: string): unknown;
  /** Whether there is one. */
  has(name: string): boolean;
  /** Whether it is the party's own, which nobody reads. */
  isPrivate(name: string): boolean;
  /** Keeps a value. */
  put(name: string, value: unknown): Promise<unknown>;
  /** Drops a value. */
  delete(name: string): Promise<void>;
}
