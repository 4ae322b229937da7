/**
 * What it takes to create a session: the same from a program and over HTTP.
 *
 * @module
 */

import { v } from "../deps.ts";
import { Name, Rank } from "../schema.ts";

/** The most parties that a session may have. */
export const MAX_WORLD_SIZE = 1_024;

/** A party's base URL; a slash at its end is dropped. */
const Endpoint = v.pipe(
  v.string(),
  v.maxLength(2_048),
  v.check(isBaseUrl, "use the http or https URL of a party, without user, query or fragment"),
  v.transform((endpoint) => new URL(endpoint).href.replace(/\/+$/, "")),
);

/** What a {@linkcode SessionSpec} is checked against. */
export const SessionSchema: v.GenericSchema<unknown, SessionSpec> = v.pipe(
  v.strictObject({
    name: Name,
    rank: Rank,
    endpoints: v.pipe(v.array(Endpoint), v.minLength(1), v.maxLength(MAX_WORLD_SIZE)),
  }),
  v.forward(
    v.check(
      ({ rank, endpoints }) => rank < endpoints.length,
      ({ input: { rank, endpoints } }) =>
        `rank ${rank} does not exist as the session has ${endpoints.length} parties`,
    ),
    ["rank"],
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

function isBaseUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, href } = new URL(text);
  // `search` and `hash` are empty for a bare "?" or "#", which would swallow the path after it.
  return ["http:", "https:"].includes(protocol) && username + password === "" &&
    !/[?#]/.test(href);
}
