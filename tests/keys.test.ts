import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseKeyFile, writeKeyFile } from "../lib/security/keys/key_file.ts";
import {
  belong,
  decodeKey,
  encodeKey,
  generateKey,
  importPrivateKey,
  KEY_ALGORITHMS,
  KEY_KINDS,
  type KeyKind,
} from "../lib/security/keys/keys.ts";
import { keyFault } from "../lib/security/keys/point.ts";
import { fromHex } from "./helpers/hex.ts";

/** The message of the error that a promise rejects with. */
async function refusal(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    assert.is((error as { code?: string }).code, "INVALID_REQUEST", String(error));
    const { message } = error as Error;
    assert.not.match(message, /\n/);
    return message;
  }
  return assert.unreachable("it was taken") as never;
}

/** Public keys and their private ones: RFC 7748, section 6.1, and RFC 8032, section 7.1, test 1. */
const PUBLISHED: [KeyKind, string, string][] = [
  [
    "party",
    "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
    "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
  ],
  [
    "operator",
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
  ],
];

test("keys of the RFCs are pairs, and their public ones are taken", async () => {
  for (const [kind, privateHex, publicHex] of PUBLISHED) {
    const publicKey = fromHex(publicHex) as Uint8Array<ArrayBuffer>;
    assert.is(keyFault(KEY_ALGORITHMS[kind], publicKey), undefined);
    const privateKey = await importPrivateKey(kind, fromHex(privateHex));
    assert.ok(await belong(kind, privateKey, publicKey));
    assert.not.ok(privateKey.extractable);
    const other = decodeKey((await generateKey(kind)).publicKey)!;
    assert.not.ok(await belong(kind, privateKey, other));
  }
});

test("keys that are made are canonical text, pairs, and each another", async () => {
  const seen = new Set<string>();
  for (const kind of KEY_KINDS) {
    for (let round = 0; round < 20; round++) {
      const { publicKey, privateKey } = await generateKey(kind);
      for (const text of [publicKey, privateKey]) {
        assert.match(text, /^[\w-]{43}$/);
        assert.is(encodeKey(decodeKey(text)!), text);
        assert.not.ok(seen.has(text));
        seen.add(text);
      }
      const bytes = decodeKey(publicKey)!;
      assert.is(keyFault(KEY_ALGORITHMS[kind], bytes), undefined);
      const key = await importPrivateKey(kind, decodeKey(privateKey)!);
      assert.ok(await belong(kind, key, bytes));
    }
  }
});

/**
 * Points of low order: the list of libsodium, which is that of cr.yp.to/ecdh.html without those that
 * are not canonical, and, for Ed25519, the y of the eight that there are, some with their other sign.
 */
const LOW_ORDER: Record<"X25519" | "Ed25519", string[]> = {
  X25519: [
    "00".repeat(32),
    `01${"00".repeat(31)}`,
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    `ec${"ff".repeat(30)}7f`,
  ],
  Ed25519: [
    "00".repeat(32),
    `${"00".repeat(31)}80`,
    `01${"00".repeat(31)}`,
    `ec${"ff".repeat(30)}7f`,
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
  ],
};
/** p, p + 1 and beyond; for X25519 also whatever has the bit that is left out. */
const NOT_CANONICAL: Record<"X25519" | "Ed25519", string[]> = {
  X25519: [
    `ed${"ff".repeat(30)}7f`,
    `ee${"ff".repeat(30)}7f`,
    "ff".repeat(32),
    "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4eea",
  ],
  Ed25519: [`ed${"ff".repeat(30)}7f`, `ee${"ff".repeat(30)}ff`, "ff".repeat(32)],
};
/**
 * Points with a part of low order: seven times the base point and a point of order 8, 4 or 2, as
 * computed with affine Edwards arithmetic; and key 3 of ed25519-speccheck. Then u = 2, 3 and 5, which
 * are on the twist, and y = 2 and 7, which are on no curve.
 */
const NO_PUBLIC_KEY: Record<"X25519" | "Ed25519", string[]> = {
  X25519: [
    "7a2b4480a597d23402a14dd09c6b9ed8e8afd678042655ef74e50ec88179cd24",
    "c79a595e80fc606b6a1063b513e8abbba595775d5fedd6125e4d722177d1c404",
    "25a36c3925e7542374de88d4f6dafd492cb6b5e13cc68ced8001bd90f09a7963",
    ...["02", "03", "05"].map((u) => u + "00".repeat(31)),
  ],
  Ed25519: [
    "044d0167ea7810519b870b745e059f3139ed92f1d92218d5f5db09bf23287c1a",
    "d7fcf1f00e29dd947529006e74d779973e3c1a1bad96b7807ab8644b5604ee50",
    "359dbf604a3b3bedc20d5408b9d4770fbe52c922979b3178d02ab8d41c9c3a4e",
    "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
    ...["02", "07"].map((y) => y + "00".repeat(31)),
  ],
};
const FAULTS = {
  "of low order": LOW_ORDER,
  "not canonical": NOT_CANONICAL,
  "of no private key": NO_PUBLIC_KEY,
} as const;

for (const [fault, byCurve] of Object.entries(FAULTS)) {
  for (const [curve, keys] of Object.entries(byCurve)) {
    test(`${curve}: keys ${fault} are found out`, () => {
      for (const hex of keys) {
        assert.is(keyFault(curve as "X25519" | "Ed25519", fromHex(hex)), fault, hex);
      }
    });
  }
}

test("the same point without its part of low order is taken", () => {
  const x = "281884e00fae8a337505bf38152a97c0204a8c1d4cfa2d2b129980ede732af0d";
  const ed = "b862409fb5c4c4123df2abf7462b88f041ad36dd6864ce872fd5472be363c5b1";
  assert.is(keyFault("X25519", fromHex(x)), undefined);
  assert.is(keyFault("Ed25519", fromHex(ed)), undefined);
});

test("of private keys in the place of public ones 15 in 16 are found out", () => {
  const keys = fc.sample(fc.uint8Array({ minLength: 32, maxLength: 32 }), {
    seed: 5,
    numRuns: 200,
  });
  for (const curve of ["X25519", "Ed25519"] as const) {
    const taken = keys.filter((key) => keyFault(curve, key) === undefined).length;
    assert.ok(taken < 30, `${taken} of 200`); // 12.5 are expected
  }
});

test("only canonical text of 32 bytes is a key", () => {
  const text = encodeKey(new Uint8Array(32).fill(255));
  assert.is(text, `${"_".repeat(42)}8`);
  const wrong = [
    "",
    "AAAA",
    `${text}=`,
    `${text} `,
    `\n${text}`,
    text.replace(/_8$/, "_9"), // stray bits
    text.replaceAll("_", "/"),
    `${text}A`,
    text.slice(1),
    `${text.slice(0, 20)} ${text.slice(20)}`,
  ];
  for (const other of wrong) assert.is(decodeKey(other), undefined, JSON.stringify(other));
});

const good = await generateKey("party");
const other = await generateKey("party");
const signing = await generateKey("operator");
const goodFile = JSON.parse(writeKeyFile("a", "party", good));
const file = (changes: object) => JSON.stringify({ ...goodFile, ...changes });

const BAD_KEY_FILES: [string, string, RegExp][] = [
  ["no JSON", `{"private_key": "${good.privateKey}" oops}`, /no JSON at line 1, column 63$/],
  ["half a file", file({}).slice(0, -30), /no JSON at line 1, column \d+$/],
  ["text alone", good.privateKey, /no JSON at line 1, column/],
  ["JSON of another kind", `"${good.privateKey}"`, /object/],
  ["an operator's key", writeKeyFile("a", "operator", signing), /operator.*--kind party$/],
  ["an unknown kind", file({ kind: "admin" }), /kind: use one of party, operator$/],
  ["no private key", file({ private_key: undefined }), /private_key is missing$/],
  ["a bad id", file({ id: "a/b" }), /id: use 1 to 128/],
  ["an unknown field", file({ passphrase: "x" }), /field passphrase is unknown$/],
  ["another's public key", file({ public_key: other.publicKey }), /does not belong/],
  ["exchanged keys", file({ public_key: other.privateKey, private_key: good.publicKey }), /./],
  ["a cut private key", file({ private_key: good.privateKey.slice(1) }), /restore the file/],
  ["a padded private key", file({ private_key: `${good.privateKey}=` }), /restore the file/],
  ["a private key that is no text", file({ private_key: [1, 2] }), /private_key has to be/],
  ["a point of low order", file({ public_key: "A".repeat(43) }), /low order/],
];

for (const [what, text, message] of BAD_KEY_FILES) {
  test(`a key file with ${what} is refused in one line that shows no key`, async () => {
    const said = await refusal(parseKeyFile(text, "party", "a.key.json"));
    assert.match(said, message);
    assert.match(said, /^Cannot take a\.key\.json: /);
    for (const key of [good, other, signing]) {
      for (let at = 0; at < 40; at += 4) {
        assert.not.match(said, key.privateKey.slice(at, at + 4));
      }
    }
  });
}

test("an operator's key whose public key is another's is refused", async () => {
  const { publicKey } = await generateKey("operator");
  const text = writeKeyFile("a", "operator", { ...signing, publicKey });
  assert.match(await refusal(parseKeyFile(text, "operator", "key")), /does not belong/);
});

test("a key file is read as it was written, and works", async () => {
  const party = await parseKeyFile(writeKeyFile("a", "party", good), "party", "key");
  assert.equal([party.id, party.kind, party.publicKey], ["a", "party", good.publicKey]);
  assert.not.match(JSON.stringify(party), good.privateKey.slice(0, 8));
  const operator = await parseKeyFile(writeKeyFile("b", "operator", signing), "operator", "key");
  const signature = await crypto.subtle.sign("Ed25519", operator.privateKey, new Uint8Array(3));
  assert.is(signature.byteLength, 64);
});

test.run();
