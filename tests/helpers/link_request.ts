/**
 * Requests of a link by hand: as another language makes them, or as no party does.
 *
 * @module
 */

import { LINK_HEADERS, LINK_MEDIA_TYPE } from "../../lib/comm/link/request.ts";
import { encodeCbor } from "../../lib/wire/cbor.ts";

/** The head of a request, as rank 1 of a session of two makes it; a field that is null is left out. */
export function linkHead(
  fields: Partial<Record<"from" | "to" | "boot" | "offset" | "type", string | null>> = {},
): Record<string, string> {
  const { type = LINK_MEDIA_TYPE, from = "1", to = "0", boot = "boot-1", offset = "0" } = fields;
  const head = {
    "content-type": type,
    [LINK_HEADERS.from]: from,
    [LINK_HEADERS.to]: to,
    [LINK_HEADERS.boot]: boot,
    [LINK_HEADERS.offset]: offset,
  };
  return Object.fromEntries(
    Object.entries(head).filter((field): field is [string, string] => field[1] !== null),
  );
}

/** What came of a request. */
export interface LinkAnswer {
  status: number;
  headers: Headers;
  /** As Latin-1, so that bytes are characters. */
  text: string;
  /** The members of a problem. */
  problem: Record<string, unknown>;
}

/** Makes a finite request. */
export async function postLink(
  url: string,
  body: Uint8Array | string = "",
  head: Record<string, string> = linkHead(),
): Promise<LinkAnswer> {
  const init = { method: "POST", headers: head, body: body as BodyInit };
  const response = await fetch(url, init);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const isProblem = response.headers.get("content-type") === "application/problem+json";
  return {
    status: response.status,
    headers: response.headers,
    text: new TextDecoder("latin1").decode(bytes),
    problem: isProblem ? JSON.parse(new TextDecoder().decode(bytes)) : {},
  };
}

/** @returns the acknowledgement of a place, as the text of an answer */
export function ackText(place: number): string {
  return new TextDecoder("latin1").decode(encodeCbor(place));
}
