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

import { type Right, RIGHTS } from "../config.ts";

/**
 * Whether what an operator is allowed is enough.
 *
 * @param allow what the operator is allowed
 * @param need what the request takes
 */
export function covers(allow: readonly Right[], need: Right): boolean {
  return allow.some((right) => RIGHTS.indexOf(right) >= RIGHTS.indexOf(need));
}
