/**
 * What all parties of a session must have alike, as hashes: each tells the other its own in the
 * handshake, sealed, so that both can say what differs.
 *
 * @module
 */

import { base64urlnopad, v } from "../../deps.ts";
import { PartyError } from "../../errors.ts";

/** A program, as far as parties have to have it alike. */
export interface NamedVersion {
  /** Its name. */
  name: string;
  /** Its version. */
  version: string;
}

const Hash = v.pipe(v.string(), v.maxLength(64));

/** The form of an {@linkcode Agreement}. */
export const AgreementSchema = v.strictObject({ endpoints: Hash, keys: Hash, programs: Hash });

/** Hashes of what must be alike. */
export type Agreement = v.InferOutput<typeof AgreementSchema>;

/** What differs, and what to do about it. */
const DIFFERENCES: Record<keyof Agreement, string> = {
  endpoints: "the endpoints of the session differ: give every party the same, in the same order",
  keys: "the public keys of the parties differ: compare the fingerprints of parties.json",
  programs: "the programs or their versions differ: give every party the same",
};

/**
 * Hashes what must be alike.
 *
 * @param endpoints by rank
 * @param keys the public keys by rank, as text
 * @param programs in any order
 * @returns the hashes
 */
export async function agreementOf(
  endpoints: readonly string[],
  keys: readonly string[],
  programs: readonly NamedVersion[],
): Promise<Agreement> {
  const versions = programs.map(({ name, version }) => [name, version]).sort(([one], [other]) =>
    one! < other! ? -1 : 1
  );
  return {
    endpoints: await hash(["partyline endpoints 1", endpoints]),
    keys: await hash(["partyline public keys 1", keys]),
    programs: await hash(["partyline programs 1", versions]),
  };
}

/**
 * Compares what two parties have.
 *
 * @param own this party's
 * @param theirs the peer's
 * @param peer its rank
 * @param session the session's name
 * @returns `AGREEMENT_MISMATCH`, naming all that differs; undefined when nothing does
 */
export function mismatchOf(
  own: Agreement,
  theirs: Agreement,
  peer: number,
  session: string,
): PartyError | undefined {
  const kinds = Object.keys(DIFFERENCES) as (keyof Agreement)[];
  const differing = kinds.filter((kind) => own[kind] !== theirs[kind]);
  if (differing.length === 0) return undefined;
  const what = differing.map((kind) => DIFFERENCES[kind]).join("; ");
  const message = `Rank ${peer} does not agree with this party in session ${session}: ${what}`;
  return new PartyError("AGREEMENT_MISMATCH", message, { rank: peer, session });
}

async function hash(content: unknown): Promise<string> {
  const text = new TextEncoder().encode(JSON.stringify(content));
  return base64urlnopad.encode(new Uint8Array(await crypto.subtle.digest("SHA-256", text)));
}
