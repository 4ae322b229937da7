/**
 * The file that lists the parties, by rank; the same file at every party.
 *
 * @module
 */

import { describeError } from "../../lib/errors.ts";
import { SessionSchema, type SessionSpec } from "../../lib/resources/spec.ts";
import { check } from "../../lib/schema.ts";
import { type Config, parseConfig } from "../../lib/security/config.ts";
import type { OwnKey } from "../../lib/security/keys/key_file.ts";
import { UsageError } from "./exit.ts";
import { readText } from "./text.ts";

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
 * The same, for a command that cannot go on without it.
 *
 * @param path the file
 * @returns what it says
 * @throws {UsageError} when there is no such file, or it holds something else
 */
export async function readList(path: string): Promise<Config> {
  try {
    return await readConfig(path);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${describeError(error)}; partyline config --help tells what it holds`);
  }
}

/**
 * Finds who has a key.
 *
 * @param entries the parties or the operators of the list
 * @param key the key
 * @param config the list's file
 * @param keyFile the key's file
 * @returns what the list says of them
 * @throws {UsageError} when the key is not there, or is another's there
 */
export function ownEntry<Entry extends { id: string; publicKey?: string }>(
  entries: readonly Entry[],
  { id, kind, publicKey }: OwnKey,
  config: string,
  keyFile: string,
): Entry {
  const own = entries.find((entry) => entry.publicKey === publicKey);
  if (own?.id === id) return own;
  const who = `${kind} ${id}`;
  throw new UsageError(
    own === undefined
      ? `Cannot be ${who}: no ${kind} in ${config} has the key of ${keyFile}; put the line that ` +
        `partyline keygen printed there, at every party`
      : `Cannot be ${who}: ${config} gives the key of ${keyFile} to ${own.id}; correct the id there`,
  );
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
