/**
 * Making sure that all parties are about to do the same, before anything of their data is used.
 *
 * @module
 */

import type { Communicator, WaitOptions } from "../comm/communicator.ts";
import { PartyError } from "../errors.ts";
import { canonicalJson } from "../wire/json.ts";

/** How much of a value is shown, in UTF-16 code units. */
const MAX_SHOWN_LENGTH = 200;

/** Options of {@linkcode agree}. */
export interface AgreeOptions extends WaitOptions {
  /** What the others are told besides, and need not have the same. @default {null} */
  note?: unknown;
}

/**
 * Compares a value over all parties; in what order the keys of objects are is the same to it. Every
 * party sees every value, so that nothing secret belongs into it.
 *
 * @param communicator reaches the other parties, each of which calls this too
 * @param value plain data, such as the name of a program and its parameters
 * @returns the notes of all parties, in the order of the ranks
 * @throws {PartyError} `AGREEMENT_MISMATCH`, with both values and the lowest rank whose value is not
 * this party's
 */
export async function agree(
  communicator: Communicator,
  value: unknown,
  { note = null, ...wait }: AgreeOptions = {},
): Promise<unknown[]> {
  const own = canonicalJson(value);
  const key = communicator.newId();
  const ranks = Array.from(communicator.stats.keys());
  // Sent first: of a party that cannot be reached, a send tells more than a receive.
  await Promise.all(ranks.map((rank) => communicator.send(rank, key, [value, note], wait)));
  const told = await Promise.all(
    ranks.map((rank) => communicator.recv<[unknown, unknown]>(rank, key, wait)),
  );
  const texts = told.map((one) => canonicalJson(one?.[0]));
  const rank = texts.findIndex((text) => text !== own);
  if (rank === -1) return told.map(([, note]) => note);
  throw new PartyError(
    "AGREEMENT_MISMATCH",
    `Cannot begin, as rank ${communicator.rank} has ${shown(own)} and rank ${rank} has ` +
      `${shown(texts[rank]!)}: start every party with the same`,
    { rank },
  );
}

function shown(text: string): string {
  return text.length > MAX_SHOWN_LENGTH ? `${text.slice(0, MAX_SHOWN_LENGTH)}...` : text;
}
