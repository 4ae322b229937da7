import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PartyError } from "../mod.ts";
import { createSeal } from "../lib/security/noise/create_seal.ts";
import { KEY_BYTES, type Seal, TAG_BYTES } from "../lib/security/noise/seal.ts";
import { nodeSeal } from "../lib/security/noise/seal_node.ts";
import { webSeal } from "../lib/security/noise/seal_web.ts";
import { patternBytes } from "./helpers/pattern.ts";

const key = patternBytes(KEY_BYTES, 7);
const otherKey = patternBytes(KEY_BYTES, 8);

const MAKERS: [string, (key: Uint8Array) => Seal | Promise<Seal>][] = [
  ["by node:crypto", nodeSeal],
  ["by WebCrypto", webSeal],
  ["by whichever is faster", createSeal],
];

const bytes = fc.uint8Array({ maxLength: 300 });
const index = fc.oneof(
  fc.nat(),
  fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 2n }),
);

/** Asserts that something does not open, and that the error tells nobody why. */
async function assertRefused(open: () => Promise<unknown> | unknown, what: string): Promise<void> {
  try {
    await open();
  } catch (error) {
    assert.instance(error, PartyError, what);
    const { code, message, cause } = error as PartyError;
    assert.is(code, "AUTHENTICATION", what);
    assert.match(message, /^Cannot open what was received/);
    assert.is(cause, undefined, what);
    return;
  }
  assert.unreachable(`${what} was opened`);
}

for (const [name, make] of MAKERS) {
  const seal = await make(key);
  const other = await make(otherKey);

  test(`what is sealed ${name} opens, and is sealed again to the same bytes`, async () => {
    await fc.assert(
      fc.asyncProperty(index, bytes, bytes, async (index, plaintext, ad) => {
        const sealed = await seal.seal(index, plaintext, ad);
        assert.is(sealed.byteLength, plaintext.byteLength + TAG_BYTES);
        assert.is(Object.getPrototypeOf(sealed), Uint8Array.prototype);
        assert.equal(await seal.seal(BigInt(index), plaintext.slice(), ad), sealed);
        const opened = await seal.open(index, sealed, ad);
        assert.is(Object.getPrototypeOf(opened), Uint8Array.prototype);
        assert.equal(opened, plaintext);
      }),
    );
  });

  test(`any size is sealed ${name}`, async () => {
    for (const size of [0, 4, 4_096, 8_188, 8_192, 262_144, 8 * 1024 * 1024]) {
      const plaintext = patternBytes(size);
      const sealed = await seal.seal(1, plaintext);
      const opened = await seal.open(1, sealed);
      assert.is(opened.byteLength, size);
      assert.ok(opened.every((byte, at) => byte === plaintext[at]), `${size} bytes`);
    }
  });

  test(`nothing that was changed opens ${name}`, async () => {
    const [plaintext, ad] = [patternBytes(20), patternBytes(8, 2)];
    const sealed = await seal.seal(5, plaintext, ad);
    for (let bit = 0; bit < 8 * sealed.byteLength; bit++) {
      const changed = sealed.slice();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      await assertRefused(() => seal.open(5, changed, ad), `bit ${bit}`);
    }
    for (let length = 0; length < sealed.byteLength; length++) {
      await assertRefused(() => seal.open(5, sealed.subarray(0, length), ad), `${length} bytes`);
    }
    const longer = new Uint8Array(sealed.byteLength + 1);
    longer.set(sealed);
    await assertRefused(() => seal.open(5, longer, ad), "a byte more");
    await assertRefused(() => seal.open(5, sealed), "no ad");
    await assertRefused(() => seal.open(5, sealed, plaintext), "another ad");
    await assertRefused(() => other.open(5, sealed, ad), "another key");
    for (const index of [0, 4, 6, 5 * 2 ** 32, 2n ** 63n]) {
      await assertRefused(() => seal.open(index, sealed, ad), `index ${index}`);
    }
    assert.equal(await seal.open(5, sealed, ad), plaintext);
  });

  test(`of a large message, too, no flipped bit and no cut passes ${name}`, async () => {
    const sealed = await seal.seal(5, patternBytes(20_000));
    const places = fc.integer({ min: 0, max: 8 * sealed.byteLength - 1 });
    await fc.assert(
      fc.asyncProperty(places, async (bit) => {
        const changed = sealed.slice();
        changed[bit >> 3]! ^= 1 << (bit & 7);
        await assertRefused(() => seal.open(5, changed), `bit ${bit}`);
        await assertRefused(() => seal.open(5, sealed.subarray(0, bit >> 3)), `${bit >> 3} bytes`);
      }),
    );
  });

  test(`no message has an index that is none, ${name}`, () => {
    for (const index of [-1, 0.5, NaN, Infinity, 2 ** 53, -1n, 2n ** 64n - 1n, 2n ** 64n]) {
      assert.throws(() => seal.seal(index, new Uint8Array(1)), /index .* from 0 to 2\^64 - 2/);
      assert.throws(() => seal.open(index, new Uint8Array(20)), RangeError);
      assert.throws(() => seal.seal(index, new Uint8Array(20_000)), RangeError);
    }
  });

  test(`what is given may change once it is being sealed or opened ${name}`, async () => {
    for (const size of [64, 20_000]) {
      const [plaintext, copy] = [patternBytes(size), patternBytes(size)];
      const sealing = seal.seal(9, copy);
      copy.fill(0);
      const sealed = await sealing;
      const opening = seal.open(9, sealed);
      sealed.fill(0);
      assert.equal(await opening, plaintext);
    }
    const passing = key.slice();
    const made = await make(passing);
    passing.fill(0);
    const [one, two] = [made, seal].map((seal) => seal.seal(0, patternBytes(16)));
    assert.equal(await one, await two);
  });
}

test("all implementations seal to the same bytes", async () => {
  const seals = await Promise.all(MAKERS.map(async ([, make]) => await make(key)));
  await fc.assert(
    fc.asyncProperty(index, fc.nat(12_000), bytes, async (index, words, ad) => {
      const plaintext = patternBytes(4 * words);
      const sealed = await Promise.all(seals.map((seal) => seal.seal(index, plaintext, ad)));
      for (const one of sealed) assert.equal(one, sealed[0]);
    }),
    { numRuns: 30 },
  );
});

test("small messages are sealed and opened at once", async () => {
  const seal = await createSeal(key);
  const sealed = seal.seal(0, new Uint8Array(4_096));
  assert.instance(sealed, Uint8Array);
  assert.instance(seal.open(0, sealed as Uint8Array), Uint8Array);
});

test("a key has 32 bytes", async () => {
  for (const [name, make] of MAKERS) {
    for (const length of [0, 16, 31, 33]) {
      const error = await Promise.resolve().then(() => make(new Uint8Array(length)))
        .catch((error: unknown) => error);
      assert.instance(error, TypeError, `${name}, ${length} bytes`);
    }
  }
});

test.run();
