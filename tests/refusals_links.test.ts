/**
 * What a party with keys, in a process of its own, refuses of those who can reach it or have the way
 * to it in their hands, but not the key that they would need. After each the process lives, nothing
 * of it was delivered, and good traffic flows in the same session.
 *
 * @module
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { LINK_HEADERS } from "../lib/comm/link/request.ts";
import { SEALED_MEDIA_TYPE } from "../lib/comm/link/sealed/records.ts";
import { frameWith } from "./helpers/hand_frames.ts";
import { listOf } from "./helpers/identities.ts";
import { coverOf, headOf, post, postLink } from "./helpers/refusals/forge.ts";
import {
  begin,
  identityWith,
  type LinkRow,
  placeOf,
  postJson,
  REFUSED,
  refusesOnLinks,
  toBootOf,
} from "./helpers/refusals/links.ts";
import type { Scene } from "./helpers/refusals/net.ts";
import { outcomeOf } from "./helpers/refusals/table.ts";
import { BOB } from "./helpers/refusals/victim.ts";
import { dataOf } from "./helpers/served.ts";

const MESSAGE = frameWith(["forged", 1]);

/** Lets the first party's next message come twice: changed, and then as it is. */
async function sendChanged(
  scene: Scene,
  change: (bytes: Uint8Array) => Uint8Array,
): Promise<string> {
  const { stolen, resend } = await scene.steal();
  const outcome = await postLink(scene, stolen.headers, change(stolen.bytes.slice()));
  await resend();
  return outcome;
}

function flip(bytes: Uint8Array, at: number): Uint8Array {
  bytes[at]! ^= 0x80;
  return bytes;
}

const ROWS: LinkRow[] = [
  {
    name: "an unsealed message",
    send: async (scene) => {
      const { boot } = scene.alice.communicator;
      const message = { from_rank: 0, to_rank: BOB, key: "k", data: dataOf("hi") };
      const { [LINK_HEADERS.keys]: _, ...unsealed } = headOf(0, boot);
      return [
        await postJson(scene, "comm/send", message),
        await postJson(scene, "comm/send", { ...message, boot, seq: 1 }),
        await postLink(scene, unsealed, MESSAGE),
        await postLink(scene, headOf(0, boot), MESSAGE),
        await postLink(scene, headOf(0, boot, placeOf(scene)), MESSAGE),
      ];
    },
    expected: ["403 FORBIDDEN", "403 FORBIDDEN", "403 FORBIDDEN", REFUSED, REFUSED],
  },
  {
    name: "an unknown key",
    send: async (scene) =>
      await begin(scene, { identity: await identityWith(scene.net.victim, 0) }),
    expected: REFUSED,
  },
  {
    name: "a rank other than the key's",
    send: async (scene) => {
      const [alice] = scene.net.victim.identities;
      return [
        await begin(scene, { identity: alice!, from: 2 }),
        await begin(scene, { identity: alice!, from: BOB }),
        await begin(scene, { identity: alice!, from: 3 }),
      ];
    },
    expected: [REFUSED, "400 WRONG_RANK", "400 WRONG_RANK"],
  },
  {
    name: "a party that speaks as another one",
    send: async (scene) => {
      const { identities, config } = scene.net.victim;
      const [, , carol] = identities;
      // By its own list it is where the first party is.
      const keys = identities.map(({ key }) => key).toReversed();
      const urls = config.parties.map(({ url }) => url).toReversed();
      const swapped = { key: carol!.key, config: await listOf(keys, urls) };
      return [
        await begin(scene, { identity: carol!, rank: 2, from: 0 }),
        await begin(scene, { identity: swapped }),
        await begin(scene, { identity: swapped, from: 2 }),
      ];
    },
    expected: [REFUSED, REFUSED, REFUSED],
  },
  ...([["its head", 0], ["its first byte", 3], ["its tag", -1]] as const).map(([what, at]) => ({
    name: `one bit flipped in ${what}, before the record comes as it was`,
    send: (scene: Scene) =>
      sendChanged(scene, (bytes) => flip(bytes, at < 0 ? bytes.length + at : at)),
    expected: REFUSED,
    delivers: 1,
  })),
  {
    name: "a record that is cut off, before it comes whole",
    send: (scene) => sendChanged(scene, (bytes) => bytes.slice(0, -5)),
    expected: "200",
    delivers: 1,
  },
  {
    name: "another record in the place of one that is cut off, before it comes whole",
    send: async (scene) => {
      const { stolen: { headers, bytes }, resend } = await scene.steal();
      const outcomes = [
        await postLink(scene, headers, flip(bytes.slice(0, -5), 4)),
        await postLink(scene, headers, Uint8Array.of(0x59, 0x01)),
        await postLink(scene, headers, Uint8Array.of(0x5a, 0xff, 0xff, 0xff, 0xff)),
      ];
      await resend();
      return outcomes;
    },
    expected: ["200", "200", REFUSED],
    delivers: 1,
  },
  {
    name: "what was sealed for another session",
    send: async (scene) => {
      const other = await scene.net.open();
      await other.hello();
      const { stolen, resend } = await other.steal();
      const headers = {
        ...stolen.headers,
        [LINK_HEADERS.boot]: scene.alice.communicator.boot,
        [LINK_HEADERS.offset]: String(placeOf(scene)),
        [LINK_HEADERS.toBoot]: toBootOf(scene),
      };
      const [first] = other.sent();
      const outcomes = [
        await postLink(scene, headers, stolen.bytes),
        await postLink(scene, headOf(0, other.alice.communicator.boot), first!.body),
      ];
      await resend();
      await other.close();
      return outcomes;
    },
    expected: [REFUSED, REFUSED],
  },
  {
    name: "what it sent itself, sent back to it",
    send: async (scene) => {
      const own = scene.net.tap.requests().filter(({ path }) =>
        path.endsWith(`${scene.name}/comm/link`)
      )
        .filter(({ headers }) => headers.get(LINK_HEADERS.from) === String(BOB));
      const [handshake, ...records] = own.map(({ body }) => body);
      assert.ok(records.length > 0);
      const { boot } = scene.alice.communicator;
      const place = placeOf(scene);
      const [record] = records;
      return [
        await postLink(scene, headOf(0, toBootOf(scene)), handshake!),
        await postLink(scene, headOf(0, boot), handshake!),
        await postLink(scene, headOf(0, boot, place), record!),
      ];
    },
    expected: [REFUSED, REFUSED, REFUSED],
  },
  {
    name: "a forged abort",
    send: async (scene) => {
      const [alice, , carol] = scene.net.victim.identities;
      const { boot } = scene.alice.communicator;
      const toBoot = toBootOf(scene);
      const said = { from_rank: 0, code: "INTERNAL", reason: "forged" };
      const head = {
        "content-type": SEALED_MEDIA_TYPE,
        [LINK_HEADERS.from]: "0",
        [LINK_HEADERS.boot]: boot,
      };
      const own = await coverOf(scene.name, { identity: alice! });
      const carols = await coverOf(scene.name, { identity: carol!, rank: 2 });
      const others = await coverOf("another", { identity: alice! });
      const text = JSON.stringify(said);
      const flipped = await own.sealFarewell(BOB, { boot, toBoot }, text);
      flipped[30]! ^= 1;
      const outcomes = [
        await postJson(scene, "abort", said),
        await postJson(scene, "abort", { ...said, code: "SESSION_CLOSED", boot, to_boot: toBoot }),
      ];
      for (
        const body of [
          new Uint8Array(),
          crypto.getRandomValues(new Uint8Array(100)),
          await carols.sealFarewell(BOB, { boot, toBoot }, text),
          await others.sealFarewell(BOB, { boot, toBoot }, text),
          await own.sealFarewell(BOB, { boot, toBoot: "an earlier one" }, text),
          flipped,
        ]
      ) outcomes.push(outcomeOf(await post(scene.url("abort"), head, body)));
      return outcomes;
    },
    expected: ["403 FORBIDDEN", "403 FORBIDDEN", ...new Array(6).fill(REFUSED)],
  },
  {
    name: "forged answers that the session has ended are faults of the way",
    send: async (scene) => {
      const { net } = scene;
      const forged: [number, string][] = [
        [410, "SESSION_CLOSED"],
        [409, "PEER_ABORTED"],
        [404, "UNKNOWN_SESSION"],
        [409, "PEER_RESTARTED"],
      ];
      const given: string[] = [];
      net.forge = ({ url }) => {
        const next = url.endsWith(`${scene.name}/comm/link`) ? forged.shift() : undefined;
        if (next === undefined) return undefined;
        const [status, code] = next;
        given.push(`${status} ${code}`);
        return new Response(JSON.stringify({ status, code, detail: "forged" }), {
          status,
          headers: { "content-type": "application/problem+json", "partyline-boot": "another" },
        });
      };
      await scene.hello(); // its answers go over a link that has yet to begin
      net.forge = undefined;
      return given;
    },
    expected: [
      "410 SESSION_CLOSED",
      "409 PEER_ABORTED",
      "404 UNKNOWN_SESSION",
      "409 PEER_RESTARTED",
    ],
    isFirst: true,
  },
];

refusesOnLinks(ROWS);

test.run();
