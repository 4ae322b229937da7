import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PartyError } from "../mod.ts";
import {
  Handshake,
  HANDSHAKE_OVERHEAD,
  type HandshakeOptions,
  MAX_HANDSHAKE_BYTES,
  type Transport,
} from "../lib/security/noise/handshake.ts";
import { generateKeyPair } from "../lib/security/noise/x25519.ts";
import { patternBytes } from "./helpers/pattern.ts";

const [alice, bob, carol] = await Promise.all([
  generateKeyPair(),
  generateKeyPair(),
  generateKeyPair(),
]);
const prologue = patternBytes(32);

const initiator = (options: Partial<HandshakeOptions> = {}) =>
  Handshake.start({ initiator: true, own: alice, peer: bob.publicKey, prologue, ...options });
const responder = (options: Partial<HandshakeOptions> = {}) =>
  Handshake.start({ initiator: false, own: bob, peer: alice.publicKey, prologue, ...options });

async function connect(): Promise<[Transport, Transport]> {
  const [one, two] = [await initiator(), await responder()];
  await two.readMessage(await one.writeMessage());
  await one.readMessage(await two.writeMessage());
  return [await one.split(), await two.split()];
}

async function assertRefused(act: () => unknown, what: string): Promise<void> {
  const error = await Promise.resolve().then(act)
    .then(() => assert.unreachable(`${what} passed`), (error: unknown) => error);
  assert.instance(error, PartyError, `${what}: ${error}`);
  assert.is((error as PartyError).code, "AUTHENTICATION", what);
}

test("payloads of any size travel both ways, and what follows", async () => {
  const size = fc.integer({ min: 0, max: 500 });
  const bytes = fc.uint8Array({ maxLength: 500 });
  await fc.assert(
    fc.asyncProperty(bytes, bytes, bytes, size, async (first, second, prologue, index) => {
      const [one, two] = [await initiator({ prologue }), await responder({ prologue })];
      const there = await one.writeMessage(first);
      assert.is(there.byteLength, first.byteLength + HANDSHAKE_OVERHEAD);
      assert.equal(await two.readMessage(there), first);
      assert.equal(await one.readMessage(await two.writeMessage(second)), second);
      const [a, b] = [await one.split(), await two.split()];
      assert.equal(a.handshakeHash, b.handshakeHash);
      const sealed = await a.sending.seal(index, first);
      assert.equal(await b.receiving.open(index, sealed), first);
      assert.equal(await a.receiving.open(index, await b.sending.seal(index, second)), second);
    }),
    { numRuns: 40 },
  );
});

test("the largest payload fits, and a larger one does not", async () => {
  const [one, two] = [await initiator(), await responder()];
  const room = MAX_HANDSHAKE_BYTES - HANDSHAKE_OVERHEAD;
  const error = await one.writeMessage(new Uint8Array(room + 1)).catch((error) => error);
  assert.instance(error, RangeError);
  const message = await one.writeMessage(new Uint8Array(room));
  assert.is(message.byteLength, MAX_HANDSHAKE_BYTES);
  assert.is((await two.readMessage(message)).byteLength, room);
  const longer = new Uint8Array(MAX_HANDSHAKE_BYTES + 1);
  await assertRefused(async () => (await responder()).readMessage(longer), "a longer message");
});

test("each handshake has keys of its own", async () => {
  const [[one], [two]] = await Promise.all([connect(), connect()]);
  assert.not.equal(one.handshakeHash, two.handshakeHash);
  const plaintext = patternBytes(64);
  assert.not.equal(await one.sending.seal(0, plaintext), await two.sending.seal(0, plaintext));
});

test("no flipped bit and no cut passes, in either message", async () => {
  const first = await (await initiator()).writeMessage(patternBytes(4));
  for (let bit = 0; bit < 8 * first.byteLength; bit++) {
    const changed = first.slice();
    changed[bit >> 3]! ^= 1 << (bit & 7);
    await assertRefused(async () => (await responder()).readMessage(changed), `bit ${bit}`);
  }
  for (let length = 0; length < first.byteLength; length++) {
    const cut = first.subarray(0, length);
    await assertRefused(async () => (await responder()).readMessage(cut), `${length} bytes`);
  }
  const ephemeral = await generateKeyPair(); // so that the same second message can be tried again
  const begun = await initiator({ ephemeral });
  const two = await responder();
  await two.readMessage(await begun.writeMessage());
  const second = await two.writeMessage(patternBytes(4));
  for (let bit = 0; bit < 8 * second.byteLength; bit += 3) {
    const one = await initiator({ ephemeral });
    await one.writeMessage();
    const changed = second.slice();
    changed[bit >> 3]! ^= 1 << (bit & 7);
    await assertRefused(() => one.readMessage(changed), `bit ${bit}`);
  }
  await begun.readMessage(second);
});

test("whoever is not the expected peer is refused", async () => {
  const cases: [string, Partial<HandshakeOptions>, Partial<HandshakeOptions>][] = [
    ["another prologue", { prologue: patternBytes(32, 2) }, {}],
    ["no prologue", { prologue: new Uint8Array(0) }, {}],
    ["carol for alice", { own: carol }, {}],
    ["meant for carol", { peer: carol.publicKey }, {}],
    ["carol for bob", {}, { own: carol }],
    ["bob expects carol", {}, { peer: carol.publicKey }],
    ["carol with alice's public key", {
      own: { publicKey: alice.publicKey, privateKey: carol.privateKey },
    }, {}],
    ["carol with bob's public key", {}, {
      own: { publicKey: bob.publicKey, privateKey: carol.privateKey },
    }],
  ];
  for (const [what, first, second] of cases) {
    const message = await (await initiator(first)).writeMessage(patternBytes(16));
    await assertRefused(async () => (await responder(second)).readMessage(message), what);
  }
});

test("a responder that does not hold its key cannot answer, whatever it read", async () => {
  const one = await initiator();
  await one.writeMessage();
  const forger = await responder({ own: carol });
  const hers = await initiator({ peer: carol.publicKey });
  await forger.readMessage(await hers.writeMessage());
  const answer = await forger.writeMessage();
  await assertRefused(() => one.readMessage(answer), "a forged answer");
});

test("a point of low order is refused as an ephemeral key, and as a configured one", async () => {
  const message = new Uint8Array(HANDSHAKE_OVERHEAD);
  await assertRefused(async () => (await responder()).readMessage(message), "zeros");
  const zeros = { peer: new Uint8Array(32) };
  await assertRefused(async () => (await initiator(zeros)).writeMessage(), "a peer of zeros");
});

test("messages that are reflected or replayed are refused", async () => {
  const one = await initiator();
  const message = await one.writeMessage();
  await assertRefused(() => one.readMessage(message), "its own message");

  const [first, second] = [await initiator(), await responder()];
  await second.readMessage(await first.writeMessage());
  const answer = await second.writeMessage();
  const again = await initiator();
  await again.writeMessage();
  await assertRefused(() => again.readMessage(answer), "an answer to another handshake");

  // An old first message is read, but whoever sends it cannot go on: the keys are others.
  const old = await (await initiator()).writeMessage(patternBytes(8));
  const [early, late] = [await responder(), await responder()];
  for (const side of [early, late]) {
    assert.equal(await side.readMessage(old), patternBytes(8));
    await side.writeMessage();
  }
  const sealed = await (await early.split()).sending.seal(0, patternBytes(8));
  assert.not.equal(await (await late.split()).sending.seal(0, patternBytes(8)), sealed);
});

test("what was sealed opens at its place only: not elsewhere, nor at its sender", async () => {
  const [[a, b], [, other]] = await Promise.all([connect(), connect()]);
  for (const size of [64, 20_000]) {
    const plaintext = patternBytes(size);
    const sealed = await a.sending.seal(3, plaintext);
    assert.equal(await a.sending.seal(3, plaintext), sealed);
    await assertRefused(() => a.receiving.open(3, sealed), "reflected");
    await assertRefused(() => b.receiving.open(4, sealed), "another index");
    await assertRefused(() => other.receiving.open(3, sealed), "another handshake");
    assert.equal(await b.receiving.open(3, sealed), plaintext);
  }
});

test("a handshake goes in turn, once, and is over when it fails", async () => {
  const outOfTurn = async (act: () => Promise<unknown>) =>
    assert.instance(await act().catch((error: unknown) => error), TypeError);
  const [one, two] = [await initiator(), await responder()];
  await outOfTurn(() => one.readMessage(new Uint8Array(48)));
  await outOfTurn(() => one.split());
  await outOfTurn(() => two.writeMessage());
  const writing = one.writeMessage();
  await outOfTurn(() => one.writeMessage());
  const first = await writing;
  await outOfTurn(() => one.writeMessage());
  const changed = first.slice();
  changed[40]! ^= 1;
  await assertRefused(() => two.readMessage(changed), "a changed message");
  await outOfTurn(() => two.readMessage(first));

  const three = await responder();
  await three.readMessage(first);
  await outOfTurn(() => three.readMessage(first));
  await one.readMessage(await three.writeMessage());
  await one.split();
  await outOfTurn(() => one.split());
});

test.run();
