/**
 * Requests of sealed links by hand: with keys that somebody has, or has not.
 *
 * @module
 */

import { LINK_HEADERS, LINK_MEDIA_TYPE } from "../../../lib/comm/link/request.ts";
import type { Opening } from "../../../lib/comm/link/sealed/cover.ts";
import {
  byteString,
  readByteString,
  SEALED_MEDIA_TYPE,
} from "../../../lib/comm/link/sealed/records.ts";
import type { NamedVersion } from "../../../lib/security/sealing/agreement.ts";
import { coversOf, type Identity } from "../../../lib/security/sealing/covers.ts";
import { PROGRAMS, type Scene } from "./net.ts";
import { outcomeOf } from "./table.ts";
import { type Answer, BOB, exchange } from "./victim.ts";

/** The head of a link's request. */
export function headOf(from: number, boot: string, place = 0): Record<string, string> {
  return {
    "content-type": LINK_MEDIA_TYPE,
    [LINK_HEADERS.from]: String(from),
    [LINK_HEADERS.to]: String(BOB),
    [LINK_HEADERS.boot]: boot,
    [LINK_HEADERS.offset]: String(place),
    [LINK_HEADERS.keys]: "whatever",
  };
}

/** Posts bytes. */
export function post(
  url: string,
  headers: Record<string, string>,
  body: Uint8Array | string,
  via: typeof fetch = fetch,
): Promise<Answer> {
  return exchange(new Request(url, { method: "POST", headers, body: body as BodyInit }), via);
}

/** Posts bytes to a session's link. @returns what came of it */
export async function postLink(
  scene: Scene,
  headers: Record<string, string>,
  body: Uint8Array,
): Promise<string> {
  return outcomeOf(await post(scene.url(), headers, body));
}

/** Who begins a handshake, as whom. */
export interface Initiator {
  /** The keys, and the list, that it has. */
  identity: Identity;
  /** The rank that these have for it. @default {0} */
  rank?: number;
  /** The rank that it says to have. @default {rank} */
  from?: number;
  /** The name of its lifetime. @default {"another"} */
  boot?: string;
  /** What it runs. @default {what the others run} */
  programs?: readonly NamedVersion[];
  /** Makes its requests. @default {fetch} */
  via?: typeof fetch;
}

/** A link by hand, from its handshake on. */
export class ForgedLink {
  /** What came of the handshake. */
  readonly outcome: string;
  readonly #scene: Scene;
  readonly #initiator: Initiator;
  readonly #opening: Opening;
  readonly #message: Uint8Array;
  readonly #answer: Answer;

  private constructor(
    scene: Scene,
    initiator: Initiator,
    opening: Opening,
    message: Uint8Array,
    answer: Answer,
  ) {
    this.#scene = scene;
    this.#initiator = initiator;
    this.#opening = opening;
    this.#message = message;
    this.#answer = answer;
    this.outcome = outcomeOf(answer);
  }

  /** Makes a handshake with the attacked party. */
  static async begin(scene: Scene, initiator: Initiator): Promise<ForgedLink> {
    const { rank = 0, from = rank, boot = "another" } = initiator;
    const opening = await (await coverOf(scene.name, initiator)).begin(BOB, boot, false);
    const message = byteString(opening.message);
    const answer = await post(scene.url(), headOf(from, boot), message, initiator.via);
    return new ForgedLink(scene, initiator, opening, message, answer);
  }

  /** Where its first record belongs. */
  get place(): number {
    return this.#message.byteLength;
  }

  /** Sends a first record. @returns what came of it, and the message of a sealed answer */
  async sendRecord(frame: Uint8Array): Promise<[outcome: string, says: string]> {
    const { bytes } = this.#answer;
    const [start, end] = readByteString(bytes, 0, bytes.byteLength)!;
    const opened = await this.#opening.finish(bytes.slice(start, end));
    const record = byteString(await opened.seal(0, frame));
    const { rank = 0, from = rank, boot = "another" } = this.#initiator;
    const head = headOf(from, boot, this.place);
    const answer = await post(this.#scene.url(), head, record, this.#initiator.via);
    if (answer.headers.get("content-type") !== SEALED_MEDIA_TYPE) return [outcomeOf(answer), ""];
    const theirs = answer.headers.get(LINK_HEADERS.boot)!;
    const cover = await coverOf(this.#scene.name, this.#initiator);
    const lifetimes = { boot: theirs, toBoot: boot };
    const { code, reason } = JSON.parse(await cover.openFarewell(BOB, lifetimes, answer.bytes));
    return [`${answer.status} sealed ${code}`, reason];
  }
}

/** Makes what a party seals a session with. @param name the session's */
export async function coverOf(name: string, initiator: Initiator) {
  const { identity, rank = 0, programs = PROGRAMS } = initiator;
  const endpoints = identity.config.parties.map(({ url }) => url);
  return await coversOf(identity, programs)({ name, rank, endpoints });
}
