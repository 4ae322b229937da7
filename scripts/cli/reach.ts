/**
 * How a command reaches the parties: where they are, how it signs, and whom it trusts.
 *
 * @module
 */

import type { ClientOptions } from "../../lib/client/options.ts";
import { signRequests } from "../../lib/client/sign.ts";
import type { Config, ConfigParty, Operator } from "../../lib/security/config.ts";
import type { OwnKey } from "../../lib/security/keys/key_file.ts";
import { tlsFetch } from "../../lib/tls/fetch.ts";
import { ownEntry, readList } from "./config.ts";
import { UsageError } from "./exit.ts";
import { type FleetOptions, OPERATOR_KEY_VARIABLE } from "./fleet_options.ts";
import { readKeyFile } from "./key_file.ts";
import { readTls } from "./tls_files.ts";

/** The parties, and how to ask them. */
export interface Reach {
  /** By rank. */
  parties: readonly ConfigParty[];
  /** Who asks, as the list has them; undefined where it has no keys. */
  operator: Operator | undefined;
  /** That of the list; undefined where it has no keys. */
  fingerprint: string | undefined;
  /** For a `PartyClient` or a `Driver`. */
  client: Pick<ClientOptions, "authorize" | "fetch">;
}

/**
 * Reads all that the options name, before anything is asked.
 *
 * @param options what the command line says
 * @throws {UsageError} when there is no such list, or the key does not go with it
 * @throws {Error} when a file cannot be read, or is not what it has to be
 */
export async function readReach(options: FleetOptions): Promise<Reach> {
  const list = await readList(options.config);
  const { parties, hasKeys } = list;
  const key = await readOperatorKey(options, list);
  const operator = key && ownEntry(list.operators, key, options.config, options.operatorKey!);
  const files = await readTls(options);
  const client: Reach["client"] = {};
  if (key !== undefined) client.authorize = signRequests(key);
  if (Object.keys(files).length > 0) client.fetch = tlsFetch(files);
  return { parties, operator, fingerprint: hasKeys ? list.fingerprint : undefined, client };
}

async function readOperatorKey(
  { config, operatorKey }: FleetOptions,
  { hasKeys }: Config,
): Promise<OwnKey | undefined> {
  if (hasKeys && operatorKey === undefined) {
    throw new UsageError(
      `${config} has keys, so the parties take only what an operator signed: give yours by ` +
        `--operator-key FILE, or in ${OPERATOR_KEY_VARIABLE}`,
    );
  }
  if (operatorKey === undefined) return undefined;
  if (hasKeys) return await readKeyFile(operatorKey, "operator");
  // What is meant to be signed must not go out unsigned, to parties that nobody can tell from others.
  throw new UsageError(
    `Cannot sign with ${operatorKey}, as ${config} has no keys: give the list that has, or leave ` +
      `--operator-key and ${OPERATOR_KEY_VARIABLE} out`,
  );
}
