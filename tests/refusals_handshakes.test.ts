/**
 * What a party with keys, in a process of its own, refuses of those who send again what they saw, who
 * make handshakes. Afterwards the process lives, and good traffic
 * flows.
 *
 * @module
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { LINK_HEADERS } from "../lib/comm/link/request.ts";
import { byteString } from "../lib/comm/link/sealed/records.ts";
import { decodeKey, importPrivateKey } from "../lib/security/keys/keys.ts";
import { frameWith } from "./helpers/hand_frames.ts";
import { ForgedLink, headOf, type Initiator, postLink } from "./helpers/refusals/forge.ts";
import {
  begin,
  identityWith,
  type LinkRow,
  REFUSED,
  refusesOnLinks,
} from "./helpers/refusals/links.ts";
import { PROGRAMS, type Scene } from "./helpers/refusals/net.ts";
import { BOB } from "./helpers/refusals/victim.ts";
import type { SeenRequest } from "./helpers/wire.ts";

const MESSAGE = frameWith(["forged", 1]);
const MIB = 1024 * 1024;

/** Sends requests again, without the lifetime that they were meant for where that is told. */
async function replay(
  scene: Scene,
  requests: SeenRequest[],
  { isForAny = false } = {},
): Promise<string[]> {
  const outcomes: string[] = [];
  for (const { headers, body } of requests) {
    const { [LINK_HEADERS.toBoot]: meant, ...others } = headers;
    const head = isForAny || meant === undefined ? others : headers;
    outcomes.push(await postLink(scene, head, body.slice()));
  }
  return outcomes;
}

/** Each of them once, in their order. */
function kinds(outcomes: string[]): string[] {
  return [...new Set(outcomes)];
}

/** Handshakes that nobody with a key made. @returns what came of them */
async function forgeHandshakes(scene: Scene, count: number): Promise<string[]> {
  const outcomes: string[] = [];
  let left = count;
  await Promise.all(Array.from({ length: 20 }, async () => {
    while (left-- > 0) {
      const forged = byteString(crypto.getRandomValues(new Uint8Array(4_000)));
      outcomes.push(await postLink(scene, headOf(0, crypto.randomUUID()), forged));
    }
  }));
  return kinds(outcomes);
}

/** Begins a link as the first party, which does not agree. @returns what came of it, and what differs */
async function disagree(scene: Scene, initiator: Initiator): Promise<string[]> {
  const { net } = scene;
  net.forge = () => new Response(null, { status: 503 }); // the one that agrees is not met
  const link = await ForgedLink.begin(scene, initiator);
  const [outcome, says] = await link.sendRecord(MESSAGE);
  net.forge = undefined;
  return [
    link.outcome,
    outcome,
    /the public keys|the programs or their versions/.exec(says)?.[0] ?? says,
  ];
}

const ROWS: LinkRow[] = [
  {
    name: "a record at another place than its own",
    send: async (scene) => {
      const { stolen: { headers, bytes }, resend } = await scene.steal();
      const place = Number(headers[LINK_HEADERS.offset]);
      const outcomes: string[] = [];
      for (const other of [place + 10, 0]) {
        const head = { ...headers, [LINK_HEADERS.offset]: String(other) };
        outcomes.push(await postLink(scene, head, bytes));
      }
      await resend();
      return outcomes;
    },
    expected: ["409 CONFLICT", REFUSED],
    delivers: 1,
  },
  {
    name: "an exact replay is delivered once",
    send: async (scene) => {
      await scene.alice.communicator.send(BOB, "k", "once");
      const all = scene.sent();
      assert.ok(all.length >= 2);
      return kinds(await replay(scene, [...all, ...all]));
    },
    expected: ["200"],
    delivers: 1,
  },
  {
    name: "a replay of a handshake under a new lifetime",
    send: async (scene) => {
      const [{ headers, body }] = scene.sent() as [SeenRequest];
      const head = { ...headers, [LINK_HEADERS.boot]: "another" };
      return await postLink(scene, head, body.slice());
    },
    expected: REFUSED,
  },
  {
    name: "handshakes of nobody, of any length",
    send: async (scene) => {
      const outcomes: string[] = [];
      for (const length of [0, 1, 48, 300, 4_096, 5_000, 60_000]) {
        const bytes = byteString(crypto.getRandomValues(new Uint8Array(length)));
        outcomes.push(await postLink(scene, headOf(0, `forged-${length}`), bytes));
      }
      const [{ body }] = scene.sent() as [SeenRequest];
      for (const at of [3, 40, 100, body.byteLength - 1]) {
        const changed = body.slice();
        changed[at]! ^= 1;
        outcomes.push(await postLink(scene, headOf(0, `changed-${at}`), changed));
      }
      return kinds(outcomes);
    },
    expected: [REFUSED],
  },
  {
    name: "a handshake with an operator's key",
    send: async (scene) => {
      const { operators, identities: [alice] } = scene.net.victim;
      const { privateKey: text } = operators.get("runner")!;
      const privateKey = await importPrivateKey("party", decodeKey(text)!);
      return await begin(scene, {
        identity: { ...alice!, key: { ...alice!.key, privateKey } },
      });
    },
    expected: REFUSED,
  },
  {
    name: "a second handshake with a new lifetime, by the party itself: it has restarted",
    send: async (scene) => {
      const [alice] = scene.net.victim.identities;
      const link = await ForgedLink.begin(scene, { identity: alice! });
      const before = await scene.view();
      assert.is(before.state, "open"); // it may be an old one
      return [link.outcome, (await link.sendRecord(MESSAGE))[0]];
    },
    expected: ["200", "409 PEER_RESTARTED"],
    ends: true,
  },
  {
    name: "a list of other keys",
    send: async (scene) => {
      return await disagree(scene, { identity: await identityWith(scene.net.victim, 2) });
    },
    expected: ["200", "409 sealed AGREEMENT_MISMATCH", "the public keys"],
    isFirst: true,
    ends: true,
  },
  {
    name: "programs of other versions",
    send: async (scene) => {
      const [identity] = scene.net.victim.identities;
      const programs = PROGRAMS.map(({ name }) => ({ name, version: "0.0.1" }));
      return await disagree(scene, { identity: identity!, programs });
    },
    expected: ["200", "409 sealed AGREEMENT_MISMATCH", "the programs or their versions"],
    isFirst: true,
    ends: true,
  },
  {
    name: "a flood of forged handshakes leaves memory flat, and good traffic flows meanwhile",
    send: async (scene) => {
      const outcomes = await forgeHandshakes(scene, 500);
      const before = await scene.heldMemory();
      const flood = forgeHandshakes(scene, 2_000);
      let done = false;
      void flood.finally(() => done = true);
      while (!done) await scene.hello(); // over a link that begins meanwhile
      outcomes.push(...await flood);
      const grown = await scene.heldMemory() - before;
      assert.ok(grown < 4 * MIB, `it took ${(grown / MIB).toFixed(1)} MiB more`);
      return kinds(outcomes);
    },
    expected: [REFUSED],
    isFirst: true,
  },
  {
    name: "a replay after a restart of the receiver",
    send: async (scene) => {
      const { net } = scene;
      const old = scene.sent();
      const records = old.length - 1;
      assert.ok(records > 0);
      await net.victim.restart();
      const outcomes = kinds(await replay(scene, old));
      await scene.reopen();
      // The handshake is answered: only who made it can go on from there.
      const again = await replay(scene, old, { isForAny: true });
      outcomes.push(again[0]!, ...kinds(again.slice(1)));
      outcomes.push(...kinds(await replay(scene, old.slice(1))));
      return outcomes;
    },
    expected: ["404 UNKNOWN_SESSION", "200", REFUSED, "409 CONFLICT"],
  },
];

refusesOnLinks(ROWS);

test.run();
