import { test } from "uvu";
import * as assert from "uvu/assert";
import { PartyError } from "../mod.ts";
import { generateKeyPair, importKeyPair, sharedSecret } from "../lib/security/noise/x25519.ts";
import { fromHex } from "./helpers/hex.ts";

/** Points of low order, https://cr.yp.to/ecdh.html#validate, each in its shortest form. */
const LOW_ORDER = [
  "00".repeat(32),
  "01" + "00".repeat(31),
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ec" + "ff".repeat(30) + "7f",
];

const newPrivateKey = () => crypto.getRandomValues(new Uint8Array(32));

async function assertCode(
  code: string,
  promise: Promise<unknown>,
  what: string,
): Promise<PartyError> {
  const error = await promise.then(() => assert.unreachable(what), (error: unknown) => error);
  assert.instance(error, PartyError, what);
  assert.is((error as PartyError).code, code, what);
  return error as PartyError;
}

test("two key pairs agree on a secret, which is theirs alone", async () => {
  const [a, b, c] = await Promise.all([1, 2, 3].map(() => importKeyPair(newPrivateKey())));
  const secret = await sharedSecret(a!, b!.publicKey);
  assert.is(secret.byteLength, 32);
  assert.equal(await sharedSecret(b!, a!.publicKey), secret);
  assert.not.equal(await sharedSecret(a!, c!.publicKey), secret);
  const passing = await generateKeyPair();
  assert.equal(
    await sharedSecret(passing, a!.publicKey),
    await sharedSecret(a!, passing.publicKey),
  );
});

test("the same private key gives the same public one; 9 is where they come from", async () => {
  const bytes = newPrivateKey();
  const [one, two] = await Promise.all([importKeyPair(bytes), importKeyPair(bytes.slice())]);
  assert.equal(one.publicKey, two.publicKey);
  assert.equal(await sharedSecret(one, fromHex("09" + "00".repeat(31))), one.publicKey);
});

test("a private key does not come out of its pair", async () => {
  for (const { privateKey } of [await generateKeyPair(), await importKeyPair(newPrivateKey())]) {
    assert.is(privateKey.extractable, false);
    for (const format of ["jwk", "pkcs8"] as const) {
      const text = await crypto.subtle.exportKey(format as "jwk", privateKey).then(
        () => "out",
        () => "",
      );
      assert.is(text, "");
    }
  }
});

test("no secret is agreed on with a point of low order", async () => {
  const pair = await generateKeyPair();
  for (const hex of LOW_ORDER) {
    await assertCode("AUTHENTICATION", sharedSecret(pair, fromHex(hex)), hex);
  }
});

test("keys of another length are refused, and not printed", async () => {
  const pair = await generateKeyPair();
  for (const length of [0, 31, 33, 48, 64]) {
    const bytes = new Uint8Array(length).fill(0xab);
    for (const promise of [importKeyPair(bytes), sharedSecret(pair, bytes)]) {
      const { message } = await assertCode("INVALID_REQUEST", promise, `${length} bytes`);
      assert.not.match(message, /abab|171/);
    }
  }
});

test.run();
