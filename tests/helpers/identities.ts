/**
 * Keys of parties, and the list that names them, for tests.
 *
 * @module
 */

import { type Config, type Operator, parseConfig } from "../../lib/security/config.ts";
import { type OwnKey, parseKeyFile, writeKeyFile } from "../../lib/security/keys/key_file.ts";
import { generateKey } from "../../lib/security/keys/keys.ts";
import type { Identity } from "../../lib/security/sealing/covers.ts";

/** Makes a party's key. */
export async function makeKey(id: string): Promise<OwnKey> {
  return await parseKeyFile(writeKeyFile(id, "party", await generateKey("party")), "party", id);
}

/** Lists parties, each at its place, and who may drive them. */
export async function listOf(
  keys: readonly OwnKey[],
  urls: readonly string[],
  operators: readonly Operator[] = [],
): Promise<Config> {
  const parties = keys.map(({ id, publicKey }, at) => ({
    id,
    url: urls[at]!,
    public_key: publicKey,
  }));
  const list = {
    parties,
    operators: operators.map(({ id, publicKey, allow }) => ({ id, public_key: publicKey, allow })),
  };
  return await parseConfig(JSON.stringify(list), "parties.json");
}

/** Makes a key for each URL, and one list for all. */
export async function identitiesOf(
  urls: readonly string[],
  operators: readonly Operator[] = [],
): Promise<Identity[]> {
  const keys = await Promise.all(urls.map((_, at) => makeKey(`party-${at}`)));
  const config = await listOf(keys, urls, operators);
  return keys.map((key) => ({ key, config }));
}
