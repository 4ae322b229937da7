/**
 * What an operator may do at a party. Each right holds those before it:
 *
 * | right   | is enough for                                                                       |
 * | ------- | ----------------------------------------------------------------------------------- |
 * | `read`  | every `GET` and `HEAD`, so also the values of symbols that are not private          |
 * | `run`   | every other method: a whole job, from creating its session to closing it            |
 * | `admin` | closing a session that someone else created                                         |
 *
 * @module
 */

import { PartyError } from "../../errors.ts";
import { type Operator, type Right, RIGHTS } from "../config.ts";

/**
 * Whether what an operator is allowed is enough.
 *
 * @param allow what the operator is allowed
 * @param need what the request takes
 */
export function covers(allow: readonly Right[], need: Right): boolean {
  return allow.some((right) => RIGHTS.indexOf(right) >= RIGHTS.indexOf(need));
}

/**
 * Checks that what an operator is allowed is enough.
 *
 * @param operator who made the request
 * @param need what it takes
 * @throws {PartyError} `FORBIDDEN`
 */
export function checkRight({ id, allow }: Operator, need: Right): void {
  if (covers(allow, need)) return;
  throw new PartyError(
    "FORBIDDEN",
    `Operator ${id} may ${
      allow.join(" and ")
    } at this party, and this takes ${need}: ask whoever ` +
      "keeps its list of operators",
  );
}
