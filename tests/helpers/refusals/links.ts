/**
 * Tables of what a party refuses on its links, and of what peers tell it besides.
 *
 * @module
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { LINK_HEADERS } from "../../../lib/comm/link/request.ts";
import type { Identity } from "../../../lib/security/sealing/covers.ts";
import { listOf, makeKey } from "../identities.ts";
import { ForgedLink, type Initiator, post } from "./forge.ts";
import { Net, type Scene } from "./net.ts";
import { outcomeOf, refuses, type Row } from "./table.ts";
import type { Victim } from "./victim.ts";

/** A row, and what is to be there after it. */
export interface LinkRow extends Row<Scene> {
  /** How many of the first party's messages it lets through. @default {0} */
  delivers?: number;
  /** Whether the parties have not met when it begins. @default {false} */
  isFirst?: boolean;
  /** Whether the session ends by it, and good traffic flows in the next of its name. */
  ends?: boolean;
}

/** How what is not authentic is refused. */
export const REFUSED = "401 AUTHENTICATION";

/** Makes a test of each row, each in a session of its own. */
export function refusesOnLinks(rows: readonly LinkRow[]): void {
  let net: Net;
  test.before(async () => {
    net = await Net.start();
  });
  test.after(() => net.close());
  refuses<Scene, LinkRow>(rows, {
    open: async ({ isFirst = false }) => {
      const scene = await net.open();
      if (!isFirst) await scene.hello();
      return scene;
    },
    assertUnharmed,
  });
}

async function assertUnharmed(scene: Scene, { delivers = 0, ends }: LinkRow): Promise<void> {
  await scene.net.victim.assertAlive();
  const expected = { state: ends ? "failed" : "open", unread: delivers, delivered: delivers };
  assert.equal(await scene.view(), expected);
  if (ends) await scene.reopen();
  await scene.hello();
  assert.equal(await scene.view(), { ...expected, state: "open" });
  await scene.close();
}

/** Posts JSON to a route of peers. */
export async function postJson(scene: Scene, action: string, body: unknown): Promise<string> {
  const json = { "content-type": "application/json" };
  return outcomeOf(await post(scene.url(action), json, JSON.stringify(body)));
}

/** The first party's key and list, but for the key of one rank in it, which is a stranger's. */
export async function identityWith(victim: Victim, rank: number): Promise<Identity> {
  const keys = victim.identities.map(({ key }) => key);
  const urls = victim.config.parties.map(({ url }) => url);
  const stranger = await makeKey("stranger");
  const config = await listOf(keys.map((key, at) => at === rank ? stranger : key), urls);
  return { key: rank === 0 ? stranger : keys[0]!, config };
}

/** Makes a handshake. @returns what came of it */
export async function begin(scene: Scene, initiator: Initiator): Promise<string> {
  return (await ForgedLink.begin(scene, initiator)).outcome;
}

/** The place up to which the first party's link has come. */
export function placeOf(scene: Scene): number {
  const last = scene.sent().at(-1)!;
  return Number(last.headers[LINK_HEADERS.offset]) + last.body.byteLength;
}

/** The attacked party's lifetime, as the first one knows it. */
export function toBootOf(scene: Scene): string {
  return scene.sent().at(-1)!.headers[LINK_HEADERS.toBoot]!;
}
