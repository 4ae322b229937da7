/**
 * Asking a peer for its lifetime, so that it is known to answer itself, and now: a handshake of which
 * nothing but its second message is used.
 *
 * @module
 */

import { LINK_HEADERS, type LinkEnds, linkHead } from "../request.ts";
import type { Opened, SessionCover } from "./cover.ts";
import { byteString, MAX_HANDSHAKE_BYTES, readByteString, readUpTo } from "./records.ts";

/** Asks one peer. */
export class Probe {
  readonly #ends: Pick<LinkEnds, "from" | "to" | "boot" | "endpoint">;
  readonly #cover: SessionCover;
  readonly #onOpened: (opened: Opened) => void;

  /** @param onOpened hears what it says; throws when that is the end of the link */
  constructor(
    ends: Pick<LinkEnds, "from" | "to" | "boot" | "endpoint">,
    cover: SessionCover,
    onOpened: (opened: Opened) => void,
  ) {
    this.#ends = ends;
    this.#cover = cover;
    this.#onOpened = onOpened;
  }

  /**
   * Asks once.
   *
   * @returns the peer's lifetime, undefined when nothing came that it sealed; and the answer's status
   * @throws {PartyError} when its answer is the end of the link
   * @throws whatever `fetch` does
   */
  async ask(signal: AbortSignal): Promise<{ boot: string | undefined; status: number }> {
    const { to, boot, endpoint } = this.#ends;
    const opening = await this.#cover.begin(to, boot, true);
    const response = await endpoint.request({
      action: "comm/link",
      headers: {
        ...linkHead(this.#ends),
        [LINK_HEADERS.offset]: "0",
        [LINK_HEADERS.keys]: this.#cover.keys,
      },
      body: byteString(opening.message),
      signal,
    });
    const { status, body } = response;
    const answer = body === null ? NOTHING : await readUpTo(2 * MAX_HANDSHAKE_BYTES, body);
    const item = readByteString(answer, 0, MAX_HANDSHAKE_BYTES);
    if (!item || item[1] > answer.byteLength) return { boot: undefined, status };
    const opened = await opening.finish(answer.slice(...item)).catch(() => undefined);
    if (opened !== undefined) this.#onOpened(opened);
    return { boot: opened?.boot, status };
  }
}

const NOTHING = new Uint8Array();
