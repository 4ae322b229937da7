/**
 * What a party with keys, in a process of its own, refuses of those who drive it, or would like to.
 * After each the process lives, and an operator's requests and sealed messages arrive.
 *
 * @module
 */

import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { test } from "uvu";
import { signRequests } from "../lib/client/sign.ts";
import { LINK_HEADERS } from "../lib/comm/link/request.ts";
import { encodeCbor } from "../lib/wire/cbor.ts";
import { headOf, post, postLink } from "./helpers/refusals/forge.ts";
import { REFUSED } from "./helpers/refusals/links.ts";
import { Net, type Scene } from "./helpers/refusals/net.ts";
import { outcomeOf, refuses, type Row } from "./helpers/refusals/table.ts";
import { BOB, type Signer } from "./helpers/refusals/victim.ts";
import { dataOf } from "./helpers/served.ts";

const MIB = 1024 * 1024;

let net: Net;
let scene: Scene;

test.before(async () => {
  net = await Net.start();
  scene = await net.open();
  await scene.hello();
});
test.after(() => net.close());

/** @returns what came of a request */
async function send(request: Request | Promise<Request>): Promise<string> {
  return outcomeOf(await net.victim.send(await request));
}

/** The same request, sent otherwise. */
async function but(
  signed: Request,
  { url = signed.url, method = signed.method, body }: {
    url?: string;
    method?: string;
    body?: BodyInit;
  },
): Promise<Request> {
  const { headers } = signed;
  const own = method === "GET" ? undefined : await signed.clone().arrayBuffer();
  return new Request(url, { method, headers, ...own && { body: body ?? own } });
}

/** Asks for the state of the party. */
function status(signer?: Signer): Promise<Request> {
  return net.victim.sign(net.victim.request("GET", "/status"), signer);
}

/** Asks to create a session that is there: the same again is the same. */
function create(signer?: Signer): Promise<Request> {
  const endpoints = net.victim.config.parties.map(({ url }) => url);
  const spec = { name: scene.name, rank: BOB, endpoints };
  return net.victim.sign(net.victim.request("POST", "/sessions", spec), signer);
}

/** Signs a request whose body is compressed. */
function compressed(path: string, type: string, encoding: string, body: Uint8Array) {
  const headers = { "content-type": type, "content-encoding": encoding };
  const method = type === "application/cbor" ? "PUT" : "POST";
  const init = { method, headers, body: body as BodyInit };
  return net.victim.sign(new Request(`${net.victim.url}${path}`, init));
}

const ROWS: Row<Scene>[] = [
  {
    name: "nobody's request",
    send: async () => [
      await send(net.victim.request("GET", "/status")),
      await send(net.victim.request("POST", "/sessions", {})),
      await send(net.victim.request("DELETE", `/sessions/${scene.name}`)),
    ],
    expected: [REFUSED, REFUSED, REFUSED],
  },
  {
    name: "an operator's key on the routes of peers",
    send: async ({ name }) => {
      const message = { from_rank: 0, to_rank: BOB, key: "k", data: dataOf("hi") };
      const { [LINK_HEADERS.keys]: _, ...unsealed } = headOf(0, "boot");
      const link = { method: "POST", headers: unsealed, body: new Uint8Array(100) };
      const request = (action: string, body: unknown) =>
        net.victim.request("POST", `/sessions/${name}/${action}`, body);
      const requests = [
        request("comm/send", message),
        request("abort", { from_rank: 0 }),
        new Request(scene.url(), link),
        new Request(scene.url(), { ...link, headers: headOf(0, "boot") }),
      ];
      return await Promise.all(requests.map((one) => send(net.victim.sign(one))));
    },
    expected: ["403 FORBIDDEN", "403 FORBIDDEN", "403 FORBIDDEN", REFUSED],
  },
  {
    name: "a party's key on the routes of operators",
    send: async () => {
      const [{ headers, body }] = scene.sent() as [ReturnType<Scene["sent"]>[0]];
      const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
      const { privateKey } = pair as CryptoKeyPair;
      return [
        outcomeOf(await post(`${net.victim.url}/sessions`, headers, body.slice())),
        await send(signRequests({ id: "alice", privateKey })(net.victim.request("GET", "/status"))),
        await send(
          signRequests({ id: "runner", privateKey })(net.victim.request("GET", "/status")),
        ),
      ];
    },
    expected: [REFUSED, REFUSED, REFUSED],
  },
  {
    name: "an operator outside its rights",
    send: async () => [
      await send(status({ as: "reader" })),
      await send(create({ as: "reader" })),
      outcomeOf(
        await net.victim.ask("DELETE", `/sessions/${scene.name}`, undefined, { as: "reader" }),
      ),
    ],
    expected: ["200", "403 FORBIDDEN", "403 FORBIDDEN"],
  },
  {
    name: "a nonce that was used",
    send: async () => {
      const once = await create();
      return [await send(once.clone()), await send(once.clone()), await send(once.clone())];
    },
    expected: ["200", REFUSED, REFUSED],
  },
  {
    name: "a clock that is 20 s ahead passes, and others do not",
    send: async () => await Promise.all([20, 120, -120].map((clock) => send(create({ clock })))),
    expected: ["200", REFUSED, REFUSED],
  },
  {
    name: "a body that was changed under its digest",
    send: async () => {
      const signed = await create();
      const text = await signed.clone().text();
      return [
        await send(but(signed, { body: text.replace("session", "Session") })),
        await send(but(signed, { body: "" })),
      ];
    },
    expected: [REFUSED, REFUSED],
  },
  {
    name: "a signature for another path, method or host",
    send: async () => {
      const signed = await create();
      const { url } = net.victim;
      const elsewhere = new Request(`${url.replace("127.0.0.1", "bob.example")}/status`);
      const { headers } = await net.victim.sign(elsewhere);
      return [
        await send(but(signed, { url: `${url}/sessions/other/computations` })),
        await send(but(signed, { url: `${url}/sessions?x=1` })),
        await send(but(signed, { url: `${url}/sessions/s/symbols/x`, method: "PUT" })),
        await send(but(await status(), { url: `${url}/metrics` })),
        await send(new Request(`${url}/status`, { headers })),
      ];
    },
    expected: [REFUSED, REFUSED, REFUSED, REFUSED, REFUSED],
  },
  ...([["gzip", gzipSync], ["deflate", deflateSync], ["br", brotliCompressSync]] as const).map((
    [encoding, compress],
  ) => ({
    name: `a body in ${encoding} is bytes like any, and inflated by nobody`,
    send: async () => {
      const spec = compress(await (await create()).arrayBuffer());
      const bomb = compress(encodeCbor("x".repeat(16 * MIB)));
      const path = `/sessions/${scene.name}/symbols/bomb`;
      return [
        await send(compressed("/sessions", "application/json", encoding, spec)),
        await send(compressed(path, "application/cbor", encoding, bomb)),
        await postLink(scene, { ...headOf(0, "boot"), "content-encoding": encoding }, bomb),
      ];
    },
    expected: ["400 INVALID_REQUEST", "400 SERIALIZATION", REFUSED],
  })),
  {
    name: "a signature from before a restart",
    send: async () => {
      const old = await create({ clock: -1 }); // signatures tell no less than seconds
      await net.victim.restart();
      const outcome = await send(old);
      await scene.reopen();
      return outcome;
    },
    expected: REFUSED,
  },
];

refuses<Scene, Row<Scene>>(ROWS, {
  open: () => Promise.resolve(scene),
  assertUnharmed: async () => await scene.assertUntouched(),
});

test.run();
