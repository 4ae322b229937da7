/**
 * A request of a link as HTTP has it.
 *
 * @module
 */

import { readAnswer } from "../answer.ts";
import { BOOT_HEADER, type Endpoint } from "../endpoint.ts";
import { codeOf, refusal } from "../refusal.ts";
import { JsonOnly, type Request, TooLarge } from "./attempt.ts";

/** What the bytes of a link, and its acknowledgements, are. */
export const LINK_MEDIA_TYPE = "application/cbor-seq";

/** The heads of a link's requests. */
export const LINK_HEADERS = {
  /** The sender's rank. */
  from: "partyline-from",
  /** The receiver's rank. */
  to: "partyline-to",
  /** The sender's lifetime. */
  boot: BOOT_HEADER,
  /** The receiver's lifetime, once it is known: a late request is not for its next session. */
  toBoot: "partyline-to-boot",
  /** Where the body begins in the stream. */
  offset: "partyline-offset",
  /** `at-once` when acknowledgements must not wait for what goes the other way. */
  acknowledge: "partyline-acknowledge",
  /** On a sealed link, a hash of the public keys of the session, for errors alone. */
  keys: "partyline-keys",
} as const;

/** The value of that head. */
export const AT_ONCE = "at-once";
/**
 * Deno's fetch leaves Nagle's algorithm on: a small write waits until TCP has acknowledged the one
 * before it. An answer on the same connection does so at once; the system by itself takes 40 ms.
 */
const WRITES_WAIT = "Deno" in globalThis;

/** Answers of a server that knows no links. */
const NO_LINK_STATUSES = [404, 405, 415];

/** Whose link it is, and to whom. */
export interface LinkEnds {
  from: number;
  to: number;
  /** The sender's lifetime. */
  boot: string;
  endpoint: Endpoint;
  /** The receiver's lifetime; undefined while it was never met. */
  toBoot: () => string | undefined;
  /** Hears of the lifetime that answered; throws when it is another than before. */
  onBoot: (boot: string) => void;
  /** Makes the error of a receiver that has not what it had. */
  forgotten: () => Error;
}

/** @returns what the heads of all requests of a link have in common */
export function linkHead(
  { from, to, boot }: Pick<LinkEnds, "from" | "to" | "boot">,
): Record<string, string> {
  return {
    "content-type": LINK_MEDIA_TYPE,
    [LINK_HEADERS.from]: String(from),
    [LINK_HEADERS.to]: String(to),
    [LINK_HEADERS.boot]: boot,
    ...WRITES_WAIT ? { [LINK_HEADERS.acknowledge]: AT_ONCE } : {},
  };
}

/** @returns what makes the requests of a link */
export function linkRequest(ends: LinkEnds): Request {
  const { to, endpoint, toBoot, onBoot, forgotten } = ends;
  const action = "comm/link";
  const head = linkHead(ends);
  return async (place, body, signal) => {
    const headers: Record<string, string> = { ...head, [LINK_HEADERS.offset]: String(place) };
    const known = toBoot();
    if (known !== undefined) headers[LINK_HEADERS.toBoot] = known;
    const response = await endpoint.request({ action, headers, body, signal }).catch((cause) => {
      throw endpoint.broken(action, cause);
    });
    const answered = response.headers.get(BOOT_HEADER);
    if (answered !== null) onBoot(answered);
    if (response.status === 200 && response.headers.get("content-type") === LINK_MEDIA_TYPE) {
      return response;
    }
    const text = await readAnswer(response).catch((cause) => {
      throw endpoint.broken(action, cause);
    });
    const { status } = response;
    const answer = { status, headers: response.headers, text };
    const code = codeOf(answer);
    if (status === 413 && code === undefined) throw new TooLarge();
    if (NO_LINK_STATUSES.includes(status) && code !== "UNKNOWN_SESSION") throw new JsonOnly();
    if (code === "CONFLICT") throw forgotten();
    throw refusal(answer, { rank: to, url: endpoint.urlOf(action) });
  };
}
