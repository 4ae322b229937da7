/**
 * What `partyline serve` makes of the options about keys and TLS.
 *
 * @module
 */

import type { Identity } from "../../lib/security/sealing/covers.ts";
import { isLoopback } from "../../lib/serve/loopback.ts";
import type { ServeTlsOptions } from "../../lib/serve/tls.ts";
import { tlsFetch } from "../../lib/tls/fetch.ts";
import type { TlsFetchOptions } from "../../lib/tls/options.ts";
import { ownEntry, readList } from "./config.ts";
import { UsageError } from "./exit.ts";
import { readKeyFile } from "./key_file.ts";
import { readTls } from "./tls_files.ts";
import type { ServeOptions } from "./serve_options.ts";

/** Whom a party believes, and what it shows. */
export interface Security {
  /** Who it is; without it, anyone is believed. */
  identity: Identity | undefined;
  /** What it serves HTTPS with. */
  tls: ServeTlsOptions | undefined;
  /** What reaches the other parties. */
  fetch: typeof fetch | undefined;
  /** What the operator has to know at each start. */
  warnings: string[];
}

/**
 * Reads keys and certificates before anything listens.
 *
 * @param options what the command line says
 * @returns what the party is made of
 * @throws {UsageError} when they do not go together, or leave a party open to the network
 * @throws {Error} when a file cannot be read, or is not what it has to be
 */
export async function readSecurity(options: ServeOptions): Promise<Security> {
  const { host, insecure = false } = options;
  const identity = await readIdentity(options);
  if (insecure && identity !== undefined) {
    throw new UsageError("--insecure is for a party without keys: leave it out, as this one has");
  }
  const isLocal = isLoopback(host);
  if (!isLocal && identity === undefined && !insecure) {
    throw new UsageError(
      `Cannot listen on ${host} without keys, as whoever reaches the party could drive it and speak ` +
        `for the others: give --key and a --config that has everyone's (partyline keygen makes them), ` +
        `or --insecure on a network where everyone may`,
    );
  }
  const files = await readTls(options);
  const tls = serverTls(files, options.mutualTls);
  const warnings: string[] = [];
  if (insecure) {
    warnings.push(
      "This party is insecure: whoever reaches it can drive it, read its values and speak for the " +
        "other parties",
    );
  }
  if (!isLocal && tls === undefined) {
    warnings.push(
      `No TLS on ${host}: what operators send and read can be read on the way, unless a gateway ` +
        `adds it; give --tls-cert and --tls-key`,
    );
  }
  const fetch = Object.keys(files).length === 0 ? undefined : tlsFetch(files);
  return { identity, tls, fetch, warnings };
}

function serverTls(
  { ca, cert, key }: TlsFetchOptions,
  mutualTls = false,
): ServeTlsOptions | undefined {
  if (mutualTls && (ca === undefined || cert === undefined)) {
    throw new UsageError("--mutual-tls needs --tls-cert, --tls-key and --tls-ca");
  }
  if (cert === undefined || key === undefined) return undefined;
  return mutualTls ? { cert, key, clientCa: ca! } : { cert, key };
}

async function readIdentity({ key: path, config }: ServeOptions): Promise<Identity | undefined> {
  if (config === undefined) {
    if (path === undefined) return undefined;
    throw new UsageError("--key needs --config, which has the keys of all parties");
  }
  const list = await readList(config);
  if (path === undefined) {
    if (!list.hasKeys) return undefined;
    throw new UsageError(`${config} has keys: give this party's own by --key FILE`);
  }
  if (!list.hasKeys) {
    throw new UsageError(
      `Cannot use ${path}, as ${config} has no keys: give every party its line of partyline keygen ` +
        `there, or leave --key out`,
    );
  }
  const key = await readKeyFile(path, "party");
  ownEntry(list.parties, key, config, path);
  return { key, config: list };
}
