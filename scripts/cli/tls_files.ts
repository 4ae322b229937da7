/**
 * Certificates and keys of TLS, as the command line names them.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { describeError } from "../../lib/errors.ts";
import type { TlsFetchOptions } from "../../lib/tls/options.ts";
import { checkCertificate, checkIdentity } from "../../lib/tls/pem.ts";
import type { Command } from "./commander.ts";
import { UsageError } from "./exit.ts";
import { checkKeyPath } from "./key_path.ts";

/** What to do when a party with TLS does not answer. */
export const TLS_ADVICE =
  "give --tls-ca for its certificate, and --tls-cert with --tls-key where it asks for yours";

/** The options. */
export interface TlsFileOptions {
  tlsCert?: string;
  tlsKey?: string;
  tlsCa?: string;
}

/** Adds the options of {@linkcode TlsFileOptions}. @param shown to whom the certificate is shown */
export function withTls(command: Command, shown: string): Command {
  return command
    .option("--tls-cert <file>", `a certificate in PEM, ${shown}; needs --tls-key`)
    .option("--tls-key <file>", "its private key, in PEM without a password")
    .option("--tls-ca <file>", "trust certificates of this authority, too, in PEM");
}

/**
 * Reads the files that are named.
 *
 * @returns their texts; nothing of what is not named
 * @throws {UsageError} when a certificate is without its key, or a key without its certificate
 * @throws {Error} when one cannot be read, or does not belong to the other
 */
export async function readTls(
  { tlsCert, tlsKey, tlsCa }: TlsFileOptions,
): Promise<TlsFetchOptions> {
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new UsageError("--tls-cert and --tls-key need each other");
  }
  const files = Object.entries({ cert: tlsCert, key: tlsKey, ca: tlsCa });
  const texts = await Promise.all(
    files.map(async ([name, path]) => path === undefined ? [] : [[name, await readPem(path)]]),
  );
  const found: TlsFetchOptions = Object.fromEntries(texts.flat());
  const { ca, cert, key } = found;
  if (ca !== undefined) naming(tlsCa!, () => checkCertificate("certificate of an authority", ca));
  if (cert !== undefined && key !== undefined) {
    naming(`${tlsCert} with ${tlsKey}`, () => checkIdentity({ cert, key }));
  }
  return found;
}

/** The library knows what is wrong, and not in which file. */
function naming(files: string, check: () => void): void {
  try {
    check();
  } catch (cause) {
    throw new Error(`Cannot use ${files}: ${describeError(cause)}`);
  }
}

async function readPem(path: string): Promise<string> {
  checkKeyPath(path);
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new Error(`Cannot read ${path}: ${describeError(cause)}; give a file in PEM`);
  }
}
