/**
 * A request of a sealed link as HTTP has it. Whatever its answer says in the clear, anybody may have
 * said: it is a fault of the way, and the request is made again. Only what a handshake says is
 * believed.
 *
 * @module
 */

import { NetworkError } from "../../../errors.ts";
import { readAnswer } from "../../answer.ts";
import { BOOT_HEADER } from "../../endpoint.ts";
import { codeOf, refusal } from "../../refusal.ts";
import { RetryLater } from "../../retry.ts";
import { type Request, TooLarge } from "../attempt.ts";
import { LINK_HEADERS, LINK_MEDIA_TYPE, type LinkEnds, linkHead } from "../request.ts";
import { isCertain } from "./distrust.ts";
import type { Probe } from "./probe.ts";
import { MAX_FAREWELL_BYTES, readUpTo, SEALED_MEDIA_TYPE } from "./records.ts";

/** What to say when the peer seems to have another list. */
export const KEYS_DIFFER: string =
  "the lists of public keys differ: compare the fingerprints of parties.json at both parties";

/** What a sealed link's requests need besides. */
export interface SealedRequestOptions {
  /** A hash of the session's public keys. */
  keys: string;
  /** Asks the peer for its lifetime. */
  probe: Probe;
  /** Hears of an answer that is a sealed farewell, if it opens. @param boot the peer's, as it claims */
  onSealedAnswer(boot: string, sealed: Uint8Array): Promise<void>;
}

/**
 * @param ends whose link it is, and to whom
 * @returns what makes the requests of a sealed link
 */
export function sealedRequest(
  ends: LinkEnds,
  { keys, probe, onSealedAnswer }: SealedRequestOptions,
): Request {
  const action = "comm/link";
  const { endpoint, to, toBoot } = ends;
  const head = { ...linkHead(ends), [LINK_HEADERS.keys]: keys };
  const broken = (cause: unknown) => endpoint.broken(action, cause);
  return async (place, body, signal) => {
    const headers: Record<string, string> = { ...head, [LINK_HEADERS.offset]: String(place) };
    const known = toBoot();
    if (known !== undefined) headers[LINK_HEADERS.toBoot] = known;
    let response: Response;
    let answer;
    try {
      response = await endpoint.request({ action, headers, body, signal });
      const type = response.headers.get("content-type");
      if (response.status === 200 && type === LINK_MEDIA_TYPE) return response;
      if (type === SEALED_MEDIA_TYPE && response.body !== null) {
        const sealed = await readUpTo(MAX_FAREWELL_BYTES, response.body);
        await onSealedAnswer(response.headers.get(LINK_HEADERS.boot) ?? "", sealed);
      }
      const text = response.bodyUsed ? "" : await readAnswer(response);
      answer = { status: response.status, headers: response.headers, text };
    } catch (cause) {
      throw broken(cause);
    }
    const { status } = answer;
    if (status === 413 && codeOf(answer) === undefined) throw new TooLarge();
    // It may be there anew; it will say so itself.
    const answered = response.headers.get(BOOT_HEADER);
    const isInDoubt = status === 409 || answered !== null && answered !== known;
    if (known !== undefined && isInDoubt) {
      await probe.ask(signal).catch((error) => {
        if (isCertain(error)) throw error;
      });
    }
    const theirs = response.headers.get(LINK_HEADERS.keys);
    const hint = theirs === null || theirs === keys ? "" : ` (perhaps ${KEYS_DIFFER})`;
    const refused = refusal(answer, { rank: to, url: endpoint.urlOf(action) });
    const afterMs = refused instanceof RetryLater ? refused.afterMs : 0;
    throw new RetryLater(new NetworkError(refused.message + hint, { rank: to }), afterMs);
  };
}
