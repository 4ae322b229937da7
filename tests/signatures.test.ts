import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { signRequests } from "../lib/client/sign.ts";
import { base64 } from "../lib/deps.ts";
import type { Operator } from "../lib/security/config.ts";
import { createSignature, verifySignature, webcrypto } from "../lib/security/signatures/deps.ts";
import { NonceStore } from "../lib/security/signatures/nonces.ts";
import { contentDigest, describeRequest } from "../lib/security/signatures/profile.ts";
import { covers } from "../lib/security/signatures/rights.ts";
import { checkRight } from "../lib/security/signatures/rights.ts";
import { verifyHead, type VerifyOptions } from "../lib/security/signatures/verify.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
/** RFC 9421, appendix B.1.4: the key `test-key-ed25519`, as a JSON Web Key. */
const RFC_KEY = {
  kty: "OKP",
  crv: "Ed25519",
  x: "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs",
  d: "n4Ni-HpISpVObnQMW0wOhCKROaIKqKtW_2ZYb2p9KcU",
};

function importJwk(use: "sign" | "verify"): Promise<CryptoKey> {
  const { d, ...key } = RFC_KEY;
  return crypto.subtle.importKey("jwk", use === "sign" ? { ...key, d } : key, "Ed25519", false, [
    use,
  ]);
}

/** RFC 9421, appendix B.2: `test-request`. */
function rfcRequest(): Request {
  return new Request("https://example.com/foo?param=Value&Pet=dog", {
    method: "POST",
    body: '{"hello": "world"}',
    headers: {
      "date": "Tue, 20 Apr 2021 02:07:55 GMT",
      "content-type": "application/json",
      "content-length": "18",
    },
  });
}

test("signs what RFC 9421 signs in appendix B.2.6, to the byte", async () => {
  const request = rfcRequest();
  // Fetch keeps this field to itself in browsers and on Deno.
  const message = describeRequest(request, new URL(request.url));
  const fields = [...message.fields, { name: "content-length", value: "18" }]
    .filter(({ name }, at, all) => all.findIndex((field) => field.name === name) === at);
  const made = await createSignature({ ...message, fields }, {
    label: "sig-b26",
    components: ["date", "@method", "@path", "@authority", "content-type", "content-length"],
    parameters: { created: 1618884473, keyid: "test-key-ed25519" },
    signer: webcrypto.signer(await importJwk("sign")),
  });
  assert.is(
    made.signatureInput,
    'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length")' +
      ';created=1618884473;keyid="test-key-ed25519"',
  );
  assert.is(
    made.signature,
    "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpB" +
      "KRCw==:",
  );
  const signed = { name: "signature", value: made.signature };
  const input = { name: "signature-input", value: made.signatureInput };
  const verified = await verifySignature({ ...message, fields: [...fields, signed, input] }, {
    policy: { algorithms: ["ed25519"], requiredComponents: ["@path"], requiredParameters: [] },
    resolveVerifier: async () => webcrypto.verifier(await importJwk("verify")),
  });
  assert.is(verified.parameters.keyid, "test-key-ed25519");
});

test("makes the digests of RFC 9530 and RFC 9421", async () => {
  const vectors = [
    // RFC 9530, section 2 and appendix B.1: the content ends with a line feed.
    ['{"hello": "world"}\n', "RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg="],
    // RFC 9421, section 2.5: the same without.
    ['{"hello": "world"}', "X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE="],
    // RFC 9530, appendix B.2: no content.
    ["", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="],
  ];
  for (const [content, digest] of vectors) {
    assert.is(await contentDigest(utf8(content!)), `sha-256=:${digest}:`);
  }
});

const URL_HERE = "https://hospital-a.example/mpc";
const NOW = Date.parse("2025-06-01T12:00:00.500Z");
const SECONDS = Math.floor(NOW / 1000);

const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]) as CryptoKeyPair;
const otherPair = await crypto.subtle.generateKey("Ed25519", true, [
  "sign",
  "verify",
]) as CryptoKeyPair;

async function operator(id: string, { publicKey }: CryptoKeyPair, ...allow: Operator["allow"]) {
  const { x } = await crypto.subtle.exportKey("jwk", publicKey);
  return [id, { id, publicKey: x!, allow }] as const;
}

const operators = new Map([
  await operator("analyst", pair, "run"),
  await operator("auditor", otherPair, "read"),
]);
const sign = signRequests({ id: "analyst", privateKey: pair.privateKey }, { now: () => NOW });

interface Setup {
  now?: number;
  since?: number;
  nonces?: NonceStore;
  need?: "read" | "run" | "admin";
}

/** All that is checked of a request. @returns who signed it */
async function verifyRequest(
  request: Pick<Request, "method" | "url" | "headers">,
  body: Uint8Array,
  { need, ...options }: VerifyOptions & { need: "read" | "run" | "admin" },
): Promise<Operator> {
  const { operator, checkBody } = await verifyHead(request, options);
  checkRight(operator, need);
  await checkBody(body);
  return operator;
}

/** @returns who signed it, or the code and the words of the refusal */
async function verdict(
  request: Request,
  { now = NOW, since = NOW - 3_600_000, nonces = new NonceStore({ since }), need = "run" }: Setup =
    {},
): Promise<string> {
  const body = new Uint8Array(await request.clone().arrayBuffer());
  const options = { url: URL_HERE, operators, nonces, need, now };
  const { method, headers } = request;
  // As it comes from a gateway that speaks for this party at its URL.
  const url = request.url.replace(/^[^/]*\/\/[^/]*\/mpc/, "http://10.0.0.7:8000");
  return await verifyRequest({ method, url, headers }, body, options)
    .then(({ id }) => id, ({ code, message }) => `${code}: ${message}`);
}

function post(body = '{"name":"demo"}', headers: Record<string, string> = {}): Request {
  return new Request(`${URL_HERE}/sessions?x=1`, {
    method: "POST",
    body,
    headers: { "content-type": "application/json", ...headers },
  });
}

/** The same request but for some of it. */
async function but(
  request: Request,
  { url, method, headers = {}, body }: {
    url?: string;
    method?: string;
    headers?: Record<string, string | null>;
    body?: string;
  },
): Promise<Request> {
  const all = new Headers(request.headers);
  for (const [name, value] of Object.entries(headers)) {
    if (value === null) all.delete(name);
    else all.set(name, value);
  }
  const given = body ?? await request.clone().text();
  const how = { method: method ?? request.method, headers: all };
  return new Request(url ?? request.url, given === "" ? how : { ...how, body: given });
}

/** A signature that anybody could make, but not `signRequests`. */
async function signedWith(
  parameters: Record<string, string | number | undefined> = {},
  { components, label = "partyline", key = pair.privateKey }: {
    components?: string[];
    label?: string;
    key?: CryptoKey;
  } = {},
): Promise<Request> {
  const request = post();
  request.headers.set("content-digest", await contentDigest(utf8(await request.clone().text())));
  const fields = await createSignature(describeRequest(request, new URL(request.url)), {
    label,
    components: components ?? ["@method", "@target-uri", "content-type", "content-digest"],
    parameters: {
      created: SECONDS,
      expires: SECONDS + 60,
      nonce: "0123456789abcdef",
      keyid: "analyst",
      alg: "ed25519",
      tag: "partyline",
      ...parameters,
    },
    signer: webcrypto.signer(key),
  });
  request.headers.set("signature", fields.signature);
  request.headers.set("signature-input", fields.signatureInput);
  return request;
}

test("takes what signRequests() signed, as the gateway passed it on", async () => {
  const requests = [
    await sign(post()),
    await sign(post("", { "partyline-mptype": "[1]" })),
    await sign(new Request(`${URL_HERE}/status`)),
    await sign(new Request(`${URL_HERE}/sessions/s#top`, { method: "DELETE" })),
    await signedWith(),
    await signedWith({}, { label: "any" }),
  ];
  for (const request of requests) {
    assert.is(await verdict(request), "analyst");
    const traced = { traceparent: "00-1-2-01", via: "1.1 gateway", "x-note": "é" };
    assert.is(await verdict(await but(request, { headers: traced })), "analyst");
  }
});

test("keeps what a request is besides its signature", async () => {
  const stop = new AbortController();
  const request = post("body", { prefer: "respond-async" });
  const signed = await sign(new Request(request, { redirect: "manual", signal: stop.signal }));
  assert.is(signed.redirect, "manual");
  assert.is(signed.method, "POST");
  assert.is(signed.headers.get("prefer"), "respond-async");
  stop.abort();
  assert.ok(signed.signal.aborted);
  assert.is(await signed.text(), "body");
  assert.throws(() => signRequests({ id: "a", privateKey: pair.publicKey }), /private key/);
});

test("signs with a key that cannot be read", async () => {
  const hidden = await crypto.subtle.importKey(
    "pkcs8",
    await crypto.subtle.exportKey("pkcs8", pair.privateKey),
    "Ed25519",
    false,
    ["sign"],
  );
  const signed = await signRequests({ id: "analyst", privateKey: hidden }, { now: () => NOW })(
    post(),
  );
  assert.is(await verdict(signed), "analyst");
});

test("takes clocks that differ a little, and no others", async () => {
  const cases: [offset: number, RegExp][] = [
    [20, /^analyst$/],
    [-20, /^analyst$/],
    [30, /^analyst$/],
    [-59, /^analyst$/],
    [32, /^AUTHENTICATION: .* created 32 s from now/],
    [120, /^AUTHENTICATION: .* created 120 s from now/],
    [-61, /^AUTHENTICATION: .* expired [12] s ago/],
    [-120, /^AUTHENTICATION: .* expired 6[01] s ago .* 12[01] s after it was created/],
  ];
  for (const [offset, expected] of cases) {
    const now = () => NOW + offset * 1000;
    const signed = await signRequests({ id: "analyst", privateKey: pair.privateKey }, { now })(
      post(),
    );
    assert.match(await verdict(signed), expected, `${offset} s`);
  }
});

const AUTH = "^AUTHENTICATION: Cannot accept the request's signature: ";

test("refuses all else, and says why", async () => {
  const good = await sign(post());
  const header = (name: string) => good.headers.get(name)!;
  const doubled = (name: string) => ({ [name]: `${header(name)}, ${header(name)}` });
  const second = await signedWith({}, { label: "second" });
  const refusals: Record<string, [Request, string]> = {
    "unsigned": [post(), "^AUTHENTICATION: .* operator's key"],
    "no input": [
      await but(good, { headers: { "signature-input": null } }),
      "^AUTHENTICATION: .* operator's key",
    ],
    "no signature": [
      await but(good, { headers: { signature: null } }),
      "^AUTHENTICATION: .* operator's key",
    ],
    "another path": [
      await but(good, { url: `${URL_HERE}/sessions/other?x=1` }),
      `${AUTH}it is not by that key, or not for POST ${URL_HERE}/sessions/other`,
    ],
    "another query": [await but(good, { url: `${URL_HERE}/sessions?x=2` }), `${AUTH}it is not by`],
    "no query": [await but(good, { url: `${URL_HERE}/sessions` }), `${AUTH}it is not by`],
    "another method": [await but(good, { method: "PUT" }), `${AUTH}it is not by`],
    "another host": [
      await sign(new Request("https://hospital-b.example/mpc/status")),
      `${AUTH}it is not by that key, or not for GET ${URL_HERE}/status`,
    ],
    "another port": [
      await sign(new Request(`${URL_HERE.replace(".example", ".example:444")}/status`)),
      `${AUTH}it is not by`,
    ],
    "another scheme": [
      await sign(new Request(`${URL_HERE.replace("https", "http")}/status`)),
      `${AUTH}it is not by`,
    ],
    "body changed under its digest": [
      await but(good, { body: '{"name":"Demo"}' }),
      `${AUTH}the body of 15 bytes does not match its Content-Digest`,
    ],
    "body taken away": [await but(good, { body: "" }), `${AUTH}the body of 0 bytes`],
    "body and digest changed": [
      await but(good, {
        body: "{}",
        headers: { "content-digest": await contentDigest(utf8("{}")) },
      }),
      `${AUTH}it is not by`,
    ],
    "body put in": [
      await but(await sign(post("")), { body: "{}" }),
      `${AUTH}it covers no body`,
    ],
    "body and digest put in": [
      await but(await sign(post("")), {
        body: "{}",
        headers: { "content-digest": await contentDigest(utf8("{}")) },
      }),
      `${AUTH}Required component "content-digest" is absent`,
    ],
    "digest taken away": [
      await but(good, { headers: { "content-digest": null } }),
      `${AUTH}Missing field content-digest`,
    ],
    "digest not covered": [
      await signedWith({}, { components: ["@method", "@target-uri", "content-type"] }),
      `${AUTH}Required component "content-digest" is absent`,
    ],
    "digest doubled": [
      await but(good, { headers: doubled("content-digest") }),
      `${AUTH}its Content-Digest is no`,
    ],
    "digest by another algorithm": [
      await but(good, { headers: { "content-digest": "md5=:aaaaaaaaaaaaaaaaaaaaaA==:" } }),
      `${AUTH}its Content-Digest is no`,
    ],
    "method not covered": [
      await signedWith({}, { components: ["@target-uri", "content-type", "content-digest"] }),
      `${AUTH}Required component "@method" is absent`,
    ],
    "path alone covered": [
      await signedWith({}, { components: ["@method", "@path", "content-type", "content-digest"] }),
      `${AUTH}Required component "@target-uri" is absent`,
    ],
    "media type changed": [
      await but(good, { headers: { "content-type": "application/cbor" } }),
      `${AUTH}it is not by`,
    ],
    "no longer for a new one alone": [
      await but(await sign(post("{}", { "if-none-match": "*" })), {
        headers: { "if-none-match": null },
      }),
      `${AUTH}`,
    ],
    "type of symbol put in": [
      await but(good, { headers: { "partyline-mptype": '"public"' } }),
      `${AUTH}Required component "partyline-mptype" is absent`,
    ],
    "algorithm none": [await foreign("none"), `${AUTH}Algorithm none is not allowed`],
    "algorithm hmac-sha256": [await foreign("hmac-sha256"), `${AUTH}Algorithm hmac-sha256 is not`],
    "no algorithm": [
      await signedWith({ alg: undefined }),
      `${AUTH}Required parameter alg is absent`,
    ],
    "no nonce": [
      await signedWith({ nonce: undefined }),
      `${AUTH}Required parameter nonce is absent`,
    ],
    "short nonce": [await signedWith({ nonce: "1" }), `${AUTH}its nonce is not`],
    "long nonce": [await signedWith({ nonce: "1".repeat(129) }), `${AUTH}its nonce is not`],
    "no created": [await signedWith({ created: undefined }), `${AUTH}Required parameter created`],
    "created in words": [
      await but(good, {
        headers: {
          "signature-input": header("signature-input").replace(/created=\d+/, 'created="now"'),
        },
      }),
      `${AUTH}created must be an integer`,
    ],
    "no expires": [await signedWith({ expires: undefined }), `${AUTH}Required parameter expires`],
    "expires too late": [
      await signedWith({ expires: SECONDS + 61 }),
      `${AUTH}it expires 61 s after it was created`,
    ],
    "expires before it is created": [
      await signedWith({ expires: SECONDS - 1 }),
      `${AUTH}it expires -1 s after`,
    ],
    "no tag": [await signedWith({ tag: undefined }), `${AUTH}Required parameter tag is absent`],
    "another tag": [await signedWith({ tag: "web-bot-auth" }), `${AUTH}its tag is not`],
    "key of another": [await signedWith({ keyid: "auditor" }), `${AUTH}it is not by that key`],
    "by another's key": [
      await signedWith({}, { key: otherPair.privateKey }),
      `${AUTH}it is not by that key`,
    ],
    "key of a party": [
      await signedWith({ keyid: "hospital-a" }),
      `${AUTH}no operator here has the key "hospital-a"`,
    ],
    "no key": [await signedWith({ keyid: undefined }), `${AUTH}Required parameter keyid is absent`],
    "label doubled": [
      await but(good, { headers: { ...doubled("signature"), ...doubled("signature-input") } }),
      `${AUTH}Signature has duplicate labels`,
    ],
    "signature doubled": [
      await but(good, { headers: doubled("signature") }),
      `${AUTH}Signature has duplicate labels`,
    ],
    "input doubled": [
      await but(good, { headers: doubled("signature-input") }),
      `${AUTH}Signature-Input has duplicate labels`,
    ],
    "two signatures": [
      await but(good, {
        headers: {
          "signature": `${header("signature")}, ${second.headers.get("signature")}`,
          "signature-input": `${header("signature-input")}, ${
            second.headers.get("signature-input")
          }`,
        },
      }),
      `${AUTH}An explicit label is required`,
    ],
    "labels that differ": [
      await but(good, { headers: { signature: second.headers.get("signature")! } }),
      `${AUTH}Signature and Signature-Input label sets differ`,
    ],
    "component doubled": [
      await but(good, {
        headers: {
          "signature-input": header("signature-input").replace('"@method"', '"@method" "@method"'),
        },
      }),
      `${AUTH}Duplicate component`,
    ],
    "malformed signature": [
      await but(good, { headers: { signature: "partyline=:no base64:" } }),
      `${AUTH}Malformed Signature`,
    ],
    "short signature": [
      await but(good, { headers: { signature: "partyline=:AAAA:" } }),
      `${AUTH}it is not by that key`,
    ],
    "malformed input": [
      await but(good, { headers: { "signature-input": "partyline=((" } }),
      `${AUTH}Malformed Signature-Input`,
    ],
    "empty input": [
      await but(good, { headers: { "signature-input": "partyline=()" } }),
      `${AUTH}Required component "@method" is absent`,
    ],
  };
  for (const [name, [request, expected]] of Object.entries(refusals)) {
    const said = await verdict(request);
    assert.match(said, new RegExp(expected.replaceAll("?", "\\?")), name);
    assert.ok(said.length < 400, `${name}: ${said}`);
  }
  assert.is(await verdict(good), "analyst");
});

/** What claims to be by another algorithm; the library makes none that is. */
async function foreign(alg: string): Promise<Request> {
  const request = await signedWith();
  const input = request.headers.get("signature-input")!;
  request.headers.set("signature-input", input.replace('alg="ed25519"', `alg="${alg}"`));
  return request;
}

test("takes no signature for a party whose URL is longer than its own, whatever the Host", async () => {
  const others = [
    ["https://hospital-a.example", "https://hospital-a.example:8441"],
    ["https://hospital-a.example/mpc", "https://hospital-a.example/mpc-b"],
  ];
  for (const [url, other] of others) {
    const { method, headers } = await sign(new Request(`${other}/status`));
    const rest = other!.slice(url!.length);
    // What a Host has before an @ is no part of the origin.
    const came = `http://${"u".repeat(rest.length - 1)}@host${rest}/status`;
    const options = { url: url!, operators, nonces: new NonceStore({ since: 0 }), now: NOW };
    const said = await verifyRequest({ method, url: came, headers }, new Uint8Array(), {
      ...options,
      need: "read",
    }).then(({ id }) => id, ({ code }) => code);
    assert.is(said, "AUTHENTICATION", came);
  }
});

test("takes a request once, and none from before it remembers", async () => {
  const nonces = new NonceStore({ since: NOW - 10_000 });
  const request = await sign(post());
  assert.is(await verdict(request, { nonces }), "analyst");
  assert.match(await verdict(request, { nonces }), /nonce was used by analyst before/);
  assert.match(await verdict(request, { nonces, now: NOW + 59_000 }), /nonce was used/);
  assert.match(await verdict(request, { nonces, now: NOW + 60_000 }), /expired/);
  const later = signRequests({ id: "analyst", privateKey: pair.privateKey }, {
    now: () => NOW + 60_000,
  });
  assert.is(await verdict(await later(post()), { nonces, now: NOW + 60_000 }), "analyst");
  assert.match(await verdict(request, { nonces, now: NOW }), /expired, though .* set back/);
  // A restart forgets the nonces.
  const restarted = new NonceStore({ since: NOW + 1_000 });
  const setup = { nonces: restarted, now: NOW + 5_000 };
  assert.match(await verdict(request, setup), /before this party started: sign again/);
  assert.is(restarted.size, 0);
  // The nonce of another request is no better.
  const store = new NonceStore({ since: NOW - 10_000 });
  assert.is(await verdict(await signedWith(), { nonces: store }), "analyst");
  const again = await signedWith({ expires: SECONDS + 30 });
  assert.match(await verdict(again, { nonces: store }), /nonce was used/);
  const theirs = await signedWith({ keyid: "auditor" }, { key: otherPair.privateKey });
  assert.is(await verdict(theirs, { nonces: store, need: "read" }), "auditor");
});

test("does not take two at once", async () => {
  const nonces = new NonceStore({ since: 0 });
  const request = await sign(post());
  const said = await Promise.all(Array.from({ length: 20 }, () => verdict(request, { nonces })));
  assert.is(said.filter((text) => text === "analyst").length, 1);
});

test("remembers no nonce of a stranger", async () => {
  const nonces = new NonceStore({ since: 0 });
  await verdict(await but(await sign(post()), { method: "PUT" }), { nonces });
  await verdict(await signedWith({ keyid: "nobody" }), { nonces });
  assert.is(nonces.size, 0);
});

test("refuses what the operator may not, after it knows who it is", async () => {
  const setup = { need: "admin" } as const;
  assert.match(await verdict(await sign(post()), setup), /^FORBIDDEN: Operator analyst may run/);
  const theirs = await signedWith({ keyid: "auditor" }, { key: otherPair.privateKey });
  assert.match(await verdict(theirs), /^FORBIDDEN: Operator auditor may read .* takes run/);
  assert.match(await verdict(await signedWith({ keyid: "auditor" })), /^AUTHENTICATION/);
  const rights = ["read", "run", "admin"] as const;
  for (const [at, right] of rights.entries()) {
    for (const [needed, need] of rights.entries()) {
      assert.is(covers([right], need), at >= needed, `${right} for ${need}`);
    }
  }
  assert.ok(covers(["read", "run"], "run"));
  assert.not.ok(covers([], "read"));
});

test("fails with any bit of the signature changed", async () => {
  const signed = await sign(post());
  const [, text] = /^partyline=:(.+):$/.exec(signed.headers.get("signature")!)!;
  const bytes = base64.decode(text!);
  assert.is(bytes.byteLength, 64);
  for (let bit = 0; bit < 8 * 64; bit++) {
    const changed = bytes.slice();
    changed[bit >> 3]! ^= 1 << (bit & 7);
    const signature = `partyline=:${base64.encode(changed)}:`;
    const said = await verdict(await but(signed, { headers: { signature } }));
    assert.match(said, /^AUTHENTICATION/, `bit ${bit}`);
  }
});

test("fails with any character changed of what the signature covers, or of the body", async () => {
  const signed = await sign(post());
  const parts = ["signature-input", "content-digest", "content-type"] as const;
  const texts: Record<string, string> = {
    url: signed.url.slice(URL_HERE.length + 1),
    body: await signed.clone().text(),
  };
  for (const part of parts) texts[part] = signed.headers.get(part)!;
  const places = Object.entries(texts).flatMap(([part, text]) =>
    [...text].map((_, at) => ({ part, at }))
  );
  const place = fc.constantFrom(...places);
  const visible = fc.integer({ min: 0x21, max: 0x7e });
  await fc.assert(
    fc.asyncProperty(place, visible, async ({ part, at }, code) => {
      const text = texts[part]!;
      const changed = text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
      fc.pre(changed !== text);
      const change = part === "url"
        ? { url: `${URL_HERE}/${changed}` }
        : part === "body"
        ? { body: changed }
        : { headers: { [part]: changed } };
      assert.match(await verdict(await but(signed, change)), /^AUTHENTICATION/, changed);
    }),
    { numRuns: 1_000 },
  );
});

test("never takes a nonce twice while it is good, however the clock goes", () => {
  const step = fc.tuple(fc.integer({ min: 0, max: 8 }), fc.integer({ min: -40, max: 70 }));
  fc.assert(fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
    const store = new NonceStore({ maxPerOperator: 6 });
    const taken = new Map<string, number>();
    let now = 1_000;
    for (const [which, forward] of steps) {
      now += forward;
      const [operator, nonce] = [`o${which % 2}`, `n${which}`];
      const expires = taken.get(nonce) ?? Math.floor(now) + 60;
      if (expires <= now) {
        taken.delete(nonce); // a new signature
        continue;
      }
      const fate = store.take(operator, nonce, expires, now);
      if (taken.has(nonce)) assert.is.not(fate, "taken");
      if (fate === "taken") taken.set(nonce, expires);
    }
    assert.ok(store.size <= 12);
  }));
});

test("is bounded by refusing, for each operator by itself", () => {
  const store = new NonceStore({ maxPerOperator: 2 });
  assert.is(store.take("a", "1", 60, 0), "taken");
  assert.is(store.take("a", "2", 60, 0), "taken");
  assert.is(store.take("a", "3", 60, 0), "full");
  assert.is(store.take("a", "1", 60, 0), "replayed");
  assert.is(store.take("b", "1", 60, 0), "taken");
  assert.is(store.size, 3);
  assert.is(store.take("a", "3", 120, 60), "taken");
  assert.is(store.size, 1);
});

test.run();
