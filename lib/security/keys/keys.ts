/**
 * Keys: a party's for X25519, an operator's for Ed25519. As text they are Base64url without padding,
 * 43 characters, as in a JSON Web Key (RFC 8037): no character of it means anything to a shell, in a
 * URL or in JSON.
 *
 * @module
 */

import { base64urlnopad, v } from "../../deps.ts";
import { keyFault } from "./point.ts";

/** Whose keys there are. */
export const KEY_KINDS = ["party", "operator"] as const;
/** Whose a key is: a party's opens links, an operator's signs requests. */
export type KeyKind = (typeof KEY_KINDS)[number];

/** What the keys of each kind are for. */
export const KEY_ALGORITHMS = { party: "X25519", operator: "Ed25519" } as const;

/** A key pair as text. */
export interface KeyText {
  /** For `parties.json`. */
  publicKey: string;
  /** For the key file, and nothing else. */
  privateKey: string;
}

const KEY_BYTES = 32;
const KEY_USES: Record<KeyKind, KeyUsage[]> = { party: ["deriveBits"], operator: ["sign"] };
/** What stands before the key in PKCS #8, up to the last byte of the algorithm: RFC 8410. */
const PKCS8_HEADS: Record<KeyKind, number[]> = {
  party: [48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 110, 4, 34, 4, 32],
  operator: [48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32],
};
/** The base point, whose multiple every public key is: RFC 7748, section 4.1. */
const BASE_POINT = Uint8Array.of(9, ...new Uint8Array(KEY_BYTES - 1));

/**
 * Makes a key pair of the runtime's own randomness.
 *
 * @param kind whose it is to be
 * @returns both keys
 */
export async function generateKey(kind: KeyKind): Promise<KeyText> {
  const name = KEY_ALGORITHMS[kind];
  const uses: KeyUsage[] = kind === "party" ? ["deriveBits"] : ["sign", "verify"];
  const pair = await crypto.subtle.generateKey({ name }, true, uses) as CryptoKeyPair;
  const { x, d } = await crypto.subtle.exportKey("jwk", pair.privateKey);
  return { publicKey: x!, privateKey: d! };
}

/**
 * Reads a key's text.
 *
 * @param text a key
 * @returns its 32 bytes; undefined when it is no canonical text of as many
 */
export function decodeKey(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    const bytes = base64urlnopad.decode(text);
    return bytes.length === KEY_BYTES ? new Uint8Array(bytes) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Writes a key as text.
 *
 * @param bytes 32 of them
 * @returns the key as text
 */
export function encodeKey(bytes: Uint8Array): string {
  return base64urlnopad.encode(bytes);
}

/**
 * Takes a private key for use.
 *
 * @param kind whose it is
 * @param bytes 32 of them
 * @returns the key, which cannot be read again
 */
export async function importPrivateKey(kind: KeyKind, bytes: Uint8Array): Promise<CryptoKey> {
  const pkcs8 = Uint8Array.of(...PKCS8_HEADS[kind], ...bytes);
  const name = KEY_ALGORITHMS[kind];
  return await crypto.subtle.importKey("pkcs8", pkcs8, { name }, false, KEY_USES[kind]);
}

/**
 * Whether two keys are a pair.
 *
 * @param kind whose they are
 * @param privateKey of {@linkcode importPrivateKey}
 * @param publicKey its bytes
 */
export async function belong(
  kind: KeyKind,
  privateKey: CryptoKey,
  publicKey: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const { subtle } = crypto;
  const name = KEY_ALGORITHMS[kind];
  if (kind === "party") {
    const base = await subtle.importKey("raw", BASE_POINT, { name }, true, []);
    const made = await subtle.deriveBits({ name, public: base }, privateKey, 8 * KEY_BYTES);
    return encodeKey(new Uint8Array(made)) === encodeKey(publicKey);
  }
  const key = await subtle.importKey("raw", publicKey, { name }, true, ["verify"]);
  return await subtle.verify(name, key, await subtle.sign(name, privateKey, publicKey), publicKey);
}

/** Whether a value, where a public key or an entry with one belongs, holds a private one. */
export function holdsPrivateKey(value: unknown): boolean {
  if (typeof value === "object" && value !== null) {
    return "private_key" in value || "privateKey" in value || "d" in value; // of a JSON Web Key
  }
  // PKCS #8, as PEM or the bytes in it.
  return typeof value === "string" && /PRIVATE KEY|^MC4CAQAwBQYDK2V/.test(value);
}

const COPY = "copy public_key from what partyline keygen printed";
/** What to say when someone gave a private key away. */
export const PRIVATE_KEY_SHOWN: string =
  `it holds a private key, which belongs in its owner's key file only: take it out, make a new ` +
  `key, as others may have seen this one, and ${COPY}`;

/** A public key as text, of one kind. */
export function PublicKey(kind: KeyKind): v.GenericSchema<unknown, string> {
  return v.pipe(
    v.unknown(),
    v.check((value) => !holdsPrivateKey(value), PRIVATE_KEY_SHOWN),
    v.string(),
    v.check(
      (text) => decodeKey(text) !== undefined,
      `it is not 43 letters, digits, '-' and '_' that are Base64url of ${KEY_BYTES} bytes; ${COPY}`,
    ),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      const fault = keyFault(KEY_ALGORITHMS[kind], decodeKey(dataset.value)!);
      if (fault !== undefined) addIssue({ message: sayFault(kind, fault) });
    }),
  );
}

function sayFault(kind: KeyKind, fault: ReturnType<typeof keyFault>): string {
  const [own, other] = kind === "party" ? ["a party", "an operator"] : ["an operator", "a party"];
  switch (fault) {
    case "of low order":
      return `it is a point of low order, with which nothing stays secret; ${COPY}`;
    case "not canonical":
      return `it is no canonical point; ${COPY}`;
    default:
      return `it is no public key of ${own}; perhaps it is a private key, which nobody is to see, ` +
        `or that of ${other}; ${COPY}`;
  }
}
