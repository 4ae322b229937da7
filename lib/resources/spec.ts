/**
 * What it takes to create a session: the same from a program and over HTTP.
 *
 * @module
 */

import { v } from "../deps.ts";
import { Endpoint, MAX_WORLD_SIZE, Name, Rank, WORLD_SIZE } from "../schema.ts";

/** What a {@linkcode SessionSpec} is checked against. */
export const SessionSchema: v.GenericSchema<unknown, SessionSpec> = v.pipe(
  v.strictObject({
    name: Name,
    rank: Rank,
    endpoints: v.pipe(
      v.array(Endpoint),
      v.minLength(1, WORLD_SIZE),
      v.maxLength(MAX_WORLD_SIZE, WORLD_SIZE),
    ),
  }),
  v.check(
    ({ rank, endpoints }) => rank < endpoints.length,
    ({ input: { rank, endpoints } }) =>
      `rank ${rank} does not exist among the endpoints of ${countParties(endpoints.length)}`,
  ),
);

/** A session as one party is told of it. */
export interface SessionSpec {
  /** 1 to 128 letters, digits, `.`, `_` or `-`; the same at every party. */
  name: string;
  /** This party's rank. */
  rank: number;
  /** The base URL of every party, in the order of the ranks; the same at every party. */
  endpoints: readonly string[];
}

/** @returns a number of parties, for errors: `1 party`, `2 parties` */
export function countParties(count: number): string {
  return count === 1 ? "1 party" : `${count} parties`;
}
