/**
 * What is wrong with a request that anybody may have made: it ends that request, and nothing else.
 *
 * @module
 */

import { type ErrorCode, PartyError } from "../../../errors.ts";

/** Bytes came that the peer did not seal, here and in this order. */
export class LinkFault extends PartyError {
  /** The name of the class. */
  override name = "LinkFault";

  /** @param code how it is answered @param message what is wrong */
  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(code, message, { cause });
  }
}
