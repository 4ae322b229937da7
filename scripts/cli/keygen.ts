/**
 * What `partyline keygen` does.
 *
 * @module
 */

import { describeError } from "../../lib/errors.ts";
import { check, Endpoint } from "../../lib/schema.ts";
import { writeKeyFile } from "../../lib/security/keys/key_file.ts";
import { generateKey } from "../../lib/security/keys/keys.ts";
import { UsageError } from "./exit.ts";
import { DEFAULT_CONFIG } from "./fleet_options.ts";
import { createKeyFile } from "./key_file.ts";
import { shellWord } from "./printable.ts";

/** What the command may be told. */
export interface KeygenOptions {
  id: string;
  out: string;
  kind: "party" | "operator";
  url?: string;
  json?: boolean;
}

/**
 * @param options what the command line says, checked
 * @throws {UsageError} when the URL is none
 * @throws {Error} when the file cannot be written
 */
export async function makeKey({ id, out, kind, url: given, json }: KeygenOptions): Promise<void> {
  const url = given === undefined ? undefined : checkUrl(given);
  const keys = await generateKey(kind);
  await createKeyFile(out, writeKeyFile(id, kind, keys));
  const { publicKey: public_key } = keys;
  const entry = kind === "party"
    ? { id, url, public_key }
    : { id, public_key, allow: ["read", "run"] };
  console.log(JSON.stringify(entry));
  if (json) return;
  const where = kind === "party" ? "parties" : "operators";
  const then = kind === "party" && url === undefined ? `, with the party's "url"` : "";
  const use = kind === "party"
    ? `partyline serve --config ${DEFAULT_CONFIG} --key ${shellWord(out)}`
    : `partyline status --config ${DEFAULT_CONFIG} --operator-key ${shellWord(out)}`;
  console.error(
    `Wrote ${out}, which nobody else is to see. The line is for ${where} in ${DEFAULT_CONFIG}${then}\n` +
      `Once all have the same list, see partyline config check, use the key by\n` +
      `  ${use}`,
  );
}

function checkUrl(url: string): string {
  try {
    return check(Endpoint, url, `--url`);
  } catch (error) {
    throw new UsageError(describeError(error));
  }
}
