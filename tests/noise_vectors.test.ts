import { test } from "uvu";
import * as assert from "uvu/assert";
import { Handshake, type Transport } from "../lib/security/noise/handshake.ts";
import { nonceOf } from "../lib/security/noise/seal.ts";
import { nodeSeal } from "../lib/security/noise/seal_node.ts";
import { webSeal } from "../lib/security/noise/seal_web.ts";
import { importKeyPair, type KeyPair } from "../lib/security/noise/x25519.ts";
import { fromHex, toHex } from "./helpers/hex.ts";
import { noiseVectors } from "./vectors/noise_kk.ts";

const vectors = await noiseVectors();

test("there are vectors of three implementations", () => {
  assert.is(vectors.length, 6);
  assert.ok(vectors.every(({ messages }) => messages.length >= 4));
});

for (const vector of vectors) {
  test(`both sides say what the vector says: ${vector.name}`, async () => {
    const statics = await Promise.all(vector.statics.map(importKeyPair));
    const ephemerals = await Promise.all(vector.ephemerals.map(importKeyPair));
    if (vector.publicKeys) {
      assert.equal(statics.map(({ publicKey }) => toHex(publicKey)), vector.publicKeys);
    }
    const sides = await Promise.all([0, 1].map((side) =>
      Handshake.start({
        initiator: side === 0,
        own: statics[side] as KeyPair,
        peer: statics[1 - side]!.publicKey,
        prologue: vector.prologues[side]!,
        ephemeral: ephemerals[side] as KeyPair,
      })
    ));
    const transports: Transport[] = [];
    for (const [at, { payload, ciphertext }] of vector.messages.entries()) {
      const [from, to] = at % 2 === 0 ? [0, 1] : [1, 0];
      if (at < 2) {
        const message = await sides[from]!.writeMessage(fromHex(payload));
        assert.is(toHex(message), ciphertext, `message ${at}`);
        assert.is(toHex(await sides[to]!.readMessage(message)), payload);
        if (at === 1) { for (const side of sides) transports.push(await side.split()); }
      } else {
        const index = (at >> 1) - 1;
        const sealed = await transports[from]!.sending.seal(index, fromHex(payload));
        assert.is(toHex(sealed), ciphertext, `message ${at}`);
        assert.is(toHex(await transports[to]!.receiving.open(BigInt(index), sealed)), payload);
      }
    }
    for (const { handshakeHash } of transports) {
      if (vector.handshakeHash) assert.is(toHex(handshakeHash), vector.handshakeHash);
    }
    assert.equal(transports[0]!.handshakeHash, transports[1]!.handshakeHash);
  });
}

// David A. McGrew and John Viega, The Galois/Counter Mode of Operation, test cases 13 and 14.
const ZEROS: [string, string][] = [
  ["", "530f8afbc74536b9a963b4f1c4cb738b"],
  ["00".repeat(16), "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"],
];

test("each implementation of a seal passes AES-GCM's own vectors", async () => {
  const key = new Uint8Array(32);
  for (const seal of [nodeSeal(key), await webSeal(key)]) {
    for (const [plaintext, sealed] of ZEROS) {
      assert.is(toHex(await seal.seal(0, fromHex(plaintext))), sealed);
      assert.is(toHex(await seal.open(0, fromHex(sealed))), plaintext);
    }
  }
});

test("a nonce is four zeros, then the index with its high byte first", () => {
  const hex = (index: number | bigint) => toHex(nonceOf(index));
  assert.is(hex(0), "000000000000000000000000");
  assert.is(hex(258), "000000000000000000000102");
  assert.is(hex(2 ** 32), "000000000000000100000000");
  assert.is(hex(Number.MAX_SAFE_INTEGER), "00000000001fffffffffffff");
  assert.is(hex(0x0102030405060708n), "000000000102030405060708");
  assert.is(hex(2n ** 64n - 2n), "00000000fffffffffffffffe");
});

test.run();
