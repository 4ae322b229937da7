/**
 * How a command reaches the parties: where they are, how it signs, and whom it trusts.
 *
 * @module
 */

import type { ClientOptions } from "../../lib/client/options.ts";
import { signRequests } from "../../lib/client/sign.ts";
import type { ConfigParty } from "../../lib/security/config.ts";
import { tlsFetch } from "../../lib/tls/fetch.ts";
import { readList } from "./config.ts";
import { UsageError } from "./exit.ts";
import { type FleetOptions, OPERATOR_KEY_VARIABLE } from "./fleet_options.ts";
import { readKeyFile } from "./key_file.ts";
import { readTls } from "./tls_files.ts";

/** The parties, and how to ask them. */
export interface Reach {
  /** By rank. */
  parties: readonly ConfigParty[];
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
  const { config: path, operatorKey } = options;
  const { parties, operators, hasKeys } = await readList(path);
  const client: Reach["client"] = {};
  const files = await readTls(options);
  if (Object.keys(files).length > 0) client.fetch = tlsFetch(files);
  if (operatorKey !== undefined) {
    const key = await readKeyFile(operatorKey, "operator");
    const operator = operators.find(({ publicKey }) => publicKey === key.publicKey);
    if (operator?.id !== key.id) {
      throw new UsageError(
        `Cannot sign as ${key.id}: ${path} has no operator of that id with the key of ${operatorKey}; ` +
          `put the line that partyline keygen printed there, at every party`,
      );
    }
    client.authorize = signRequests(key);
  } else if (hasKeys) {
    throw new UsageError(
      `${path} has keys, so the parties take only what an operator signed: give yours by ` +
        `--operator-key FILE, or in ${OPERATOR_KEY_VARIABLE}`,
    );
  }
  return { parties, client };
}
