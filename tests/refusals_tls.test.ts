/**
 * What a party with keys and mutual TLS, in a process of its own, refuses of those who have another
 * certificate than that of the party that they say to be.
 *
 * @module
 */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LINK_HEADERS } from "../lib/comm/link/request.ts";
import { SEALED_MEDIA_TYPE } from "../lib/comm/link/sealed/records.ts";
import { tlsFetch } from "../lib/tls/fetch.ts";
import { Authority } from "./helpers/certificates.ts";
import { ForgedLink, post } from "./helpers/refusals/forge.ts";
import { REFUSED } from "./helpers/refusals/links.ts";
import { Net, type Scene } from "./helpers/refusals/net.ts";
import { outcomeOf, refuses, type Row } from "./helpers/refusals/table.ts";

const authority = await Authority.create("authority");
const rogue = await Authority.create("rogue");
const { ca } = authority;
/** By rank: the first party's host is another one. */
const shown = await Promise.all(
  ["localhost", "127.0.0.1", "127.0.0.1"].map((host, rank) =>
    authority.issue(`party ${rank}`, [host])
  ),
);
const [alices, , carols] = shown.map((identity) => tlsFetch({ ca, ...identity }));
const folder = await mkdtemp(`${tmpdir()}/partyline-tls-`);

let net: Net;
let scene: Scene;

test.before(async () => {
  const files = { cert: shown[1]!.cert, key: shown[1]!.key, ca };
  for (const [name, text] of Object.entries(files)) await writeFile(`${folder}/${name}.pem`, text);
  const args = Object.keys(files).map((name) => `--tls-${name}=${folder}/${name}.pem`);
  net = await Net.start({ args: [...args, "--mutual-tls"], tls: { ca, shown } });
  scene = await net.open();
  await scene.hello();
});
test.after(async () => {
  await net.close();
  await rm(folder, { recursive: true });
});

/** Asks for what anyone may. @returns the status, or that there was no way to ask */
async function health(via: typeof fetch): Promise<string> {
  try {
    return String((await via(`${net.victim.url}/health`)).status);
  } catch (error) {
    assert.instance(error, TypeError); // of fetch: nothing was answered
    return "no connection";
  }
}

const ROWS: Row<Scene>[] = [
  {
    name: "a rogue authority's certificate, and none",
    send: async () => [
      await health(tlsFetch({ ca, ...await rogue.issue("alice", ["localhost"]) })),
      await health(tlsFetch({ ca })),
      await health(tlsFetch({ ca, ...shown[0]! })),
    ],
    expected: ["no connection", "no connection", "200"],
  },
  {
    name: "a client that trusts a rogue authority alone gives nothing away",
    send: () => health(tlsFetch({ ca: rogue.ca, ...shown[0]! })),
    expected: "no connection",
  },
  {
    name: "the certificate of another party, with the first party's own key",
    send: async (scene) => {
      const [alice] = net.victim.identities;
      const abort = (via: typeof fetch) =>
        post(
          scene.url("abort"),
          {
            "content-type": SEALED_MEDIA_TYPE,
            [LINK_HEADERS.from]: "0",
            [LINK_HEADERS.boot]: scene.alice.communicator.boot,
          },
          "",
          via,
        );
      return [
        (await ForgedLink.begin(scene, { identity: alice!, via: carols! })).outcome,
        outcomeOf(await abort(carols!)),
        (await ForgedLink.begin(scene, { identity: alice!, via: alices! })).outcome,
      ];
    },
    expected: [REFUSED, REFUSED, "200"],
  },
  {
    name: "the first party's certificate, with the key of another",
    send: async (scene) => {
      const [, , carol] = net.victim.identities;
      const link = { identity: carol!, rank: 2, boot: "carols" };
      return [
        (await ForgedLink.begin(scene, { ...link, via: alices! })).outcome,
        (await ForgedLink.begin(scene, { ...link, via: carols! })).outcome,
      ];
    },
    expected: [REFUSED, "200"],
  },
  {
    name: "a certificate without a signature, for what is operators'",
    send: async () => outcomeOf(await net.victim.send(net.victim.request("GET", "/status"))),
    expected: REFUSED,
  },
];

refuses<Scene, Row<Scene>>(ROWS, {
  open: () => Promise.resolve(scene),
  assertUnharmed: async () => await scene.assertUntouched(),
});

test.run();
