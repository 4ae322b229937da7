/**
 * What a key file holds: who it is, and both keys. It never leaves the machine that uses it.
 *
 * @module
 */

import { v } from "../../deps.ts";
import { PartyError } from "../../errors.ts";
import { check, Name } from "../../schema.ts";
import { parseJson } from "../../wire/json_text.ts";
import {
  belong,
  decodeKey,
  importPrivateKey,
  KEY_KINDS,
  type KeyKind,
  type KeyText,
  PublicKey,
} from "./keys.ts";

/** A key that is ready for use. */
export interface OwnKey {
  /** Who has it. */
  id: string;
  /** Whose key it is. */
  kind: KeyKind;
  /** What the others know of it, as `parties.json` has it. */
  publicKey: string;
  /** The private key: for `deriveBits` at a party, for `sign` of an operator; it cannot be read. */
  privateKey: CryptoKey;
}

const PrivateKey = v.pipe(
  v.string(),
  v.check(
    (text) => decodeKey(text) !== undefined,
    "it is not as partyline keygen wrote it; restore the file, or make a new key",
  ),
);

const entries = { id: Name, private_key: PrivateKey };
const KeyFile = v.pipe(
  v.looseObject({ kind: v.picklist(KEY_KINDS, `use one of ${KEY_KINDS.join(", ")}`) }),
  v.variant("kind", [
    v.strictObject({ ...entries, kind: v.literal("party"), public_key: PublicKey("party") }),
    v.strictObject({ ...entries, kind: v.literal("operator"), public_key: PublicKey("operator") }),
  ]),
);

/**
 * Lays out a key file.
 *
 * @param id who has the key
 * @param kind whose key it is
 * @param keys both keys
 * @returns the file's text
 */
export function writeKeyFile(id: string, kind: KeyKind, keys: KeyText): string {
  const { publicKey: public_key, privateKey: private_key } = keys;
  return `${JSON.stringify({ id, kind, public_key, private_key }, null, 2)}\n`;
}

/**
 * Reads a key file's text. Who read the file has seen to it that nobody but its owner may.
 *
 * @param text what it holds
 * @param kind whose key is needed
 * @param what names the file in errors
 * @returns the key
 * @throws {PartyError} `INVALID_REQUEST` when it is none, one of the other kind, or two keys that
 * are no pair; the message holds no part of a key
 */
export async function parseKeyFile(text: string, kind: KeyKind, what: string): Promise<OwnKey> {
  const refuse = (why: string) => new PartyError("INVALID_REQUEST", `Cannot take ${what}: ${why}`);
  const file = check(KeyFile, parseJson(text, what), what);
  if (file.kind !== kind) {
    const [has, needs] = [file.kind, kind].map((word) =>
      word === "party" ? "a party" : "an operator"
    );
    throw refuse(
      `it is the key of ${has}, and that of ${needs} is needed: make one with ` +
        `partyline keygen --kind ${kind}`,
    );
  }
  const { id, public_key: publicKey } = file;
  const privateKey = await importPrivateKey(kind, decodeKey(file.private_key)!);
  if (await belong(kind, privateKey, decodeKey(publicKey)!)) {
    return { id, kind, publicKey, privateKey };
  }
  throw refuse(
    "its public_key does not belong to its private_key: restore the file as partyline keygen " +
      "wrote it, or make a new key",
  );
}
