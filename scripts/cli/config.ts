/**
 * The file that lists the parties, by rank; the same file at every party.
 *
 * @module
 */

import { describeError } from "../../lib/errors.ts";
import { SessionSchema, type SessionSpec } from "../../lib/resources/spec.ts";
import { check } from "../../lib/schema.ts";
import { type Config, type ConfigParty, parseConfig } from "../../lib/security/config.ts";
import { UsageError } from "./exit.ts";
import { readText } from "./text.ts";

export type { ConfigParty };

/**
 * @param path the file
 * @returns what it says
 * @throws {UsageError} when there is no such file
 * @throws {PartyError} `INVALID_REQUEST` when it holds something else
 */
export async function readConfig(path: string): Promise<Config> {
  let text: string;
  try {
    text = await readText(path);
  } catch (cause) {
    throw new UsageError(
      `${describeError(cause)}; give the list of the parties, or start parties with ` +
        `partyline up, which writes one`,
    );
  }
  return await parseConfig(text, path);
}

/**
 * @param path the file
 * @returns the parties, by rank
 * @throws {UsageError} when there is no such file, or it holds something else
 */
export async function readParties(path: string): Promise<readonly ConfigParty[]> {
  try {
    return (await readConfig(path)).parties;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${describeError(error)}; partyline config --help tells what it holds`);
  }
}

/**
 * Who the parties are and where, for a command that reaches all of them.
 *
 * @throws {UsageError} as `readParties` does
 */
export async function readEndpoints(path: string): Promise<ConfigParty[]> {
  return (await readParties(path)).map(({ id, url }) => ({ id, url }));
}

/**
 * A session of these parties.
 *
 * @param name the session's name
 * @param rank the party's own rank
 * @param endpoints the parties' URLs, as they were given
 * @throws {UsageError} when an endpoint is no URL or there twice, or the rank is not among them
 */
export function sessionSpec(
  name: string,
  rank: number,
  endpoints: readonly string[],
): SessionSpec {
  let spec: SessionSpec;
  try {
    spec = check(SessionSchema, { name, rank, endpoints }, "the endpoints");
  } catch (error) {
    throw new UsageError(describeError(error));
  }
  const again = spec.endpoints.find((url, at) => spec.endpoints.indexOf(url) !== at);
  if (again === undefined) return spec;
  throw new UsageError(`Cannot take the endpoint ${again} twice: each party has its own`);
}
