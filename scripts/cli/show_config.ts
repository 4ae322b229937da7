/**
 * What `partyline config check` prints.
 *
 * @module
 */

import { countParties } from "../../lib/resources/spec.ts";
import { readConfig } from "./config.ts";
import { layOut, print } from "./print.ts";
import { shellWord } from "./printable.ts";

/**
 * @param path the list of the parties
 * @param json whether a machine reads what is printed
 * @throws {UsageError} when there is no such file
 * @throws {PartyError} when something is wrong with it
 */
export async function showConfig(path: string, json: boolean | undefined): Promise<void> {
  const { parties, operators, hasKeys, fingerprint } = await readConfig(path);
  const event = {
    fingerprint,
    keys: hasKeys,
    parties: parties.map(({ id, url, publicKey }, rank) => ({
      rank,
      id,
      url,
      public_key: publicKey ?? null,
    })),
    operators: operators.map(({ id, publicKey, allow }) => ({
      id,
      public_key: publicKey,
      allow: [...allow],
    })),
  };
  const lines = layOut(
    ["rank", "party", "url"],
    parties.map(({ id, url }, rank) => [String(rank), id, url]),
  );
  if (operators.length > 0) {
    const rows = operators.map(({ id, allow }) => [id, allow.join(", ")]);
    lines.push("", ...layOut(["operator", "may"], rows));
  }
  const count = operators.length === 1 ? "1 operator" : `${operators.length} operators`;
  const keys = hasKeys ? `with keys, and ${count}` : "without keys: for one machine only";
  lines.push("", `${countParties(parties.length)} ${keys}`, `Fingerprint ${fingerprint}`, "");
  const list = `--config ${shellWord(path)}`;
  if (hasKeys) {
    lines.push(
      "Once everyone has compared the fingerprint, each party starts with its own key:",
      `  partyline serve ${list} --key ITS.key.json`,
    );
  } else lines.push("Start each party by its rank:", `  partyline serve ${list} --rank 0`);
  if (operators.length > 0) {
    lines.push(
      "and operators sign with theirs:",
      `  partyline status ${list} --operator-key THEIR.key.json`,
    );
  }
  print(json, event, lines.join("\n"));
}
