/**
 * Parties with keys that do not have the same: both say what differs, before any data moves. And what
 * somebody on the way sees of those that do.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createParty, defineProgram, type Program } from "../mod.ts";
import { identitiesOf, listOf, makeKey } from "./helpers/identities.ts";
import { type SealedOptions, type SealedParties, startSealed } from "./helpers/sealed_parties.ts";
import { partyError, until } from "./helpers/waiting.ts";
import { tap, type Wiretap } from "./helpers/wiretap.ts";

function programOf(name: string, version: string): Program {
  return defineProgram({
    name,
    version,
    description: "Does nothing.",
    inputs: {},
    outputs: {},
    run: () => Promise.resolve({}),
  });
}

async function using(
  size: number,
  options: SealedOptions,
  body: (net: SealedParties) => Promise<void>,
): Promise<void> {
  const net = await startSealed(size, options);
  try {
    await body(net);
  } finally {
    await net.close();
  }
}

/** Fails unless two parties both say what differs. */
async function assertMismatch(
  { parties, endpoints }: SealedParties,
  says: RegExp,
  order = endpoints,
) {
  const sessions = await Promise.all([
    parties[0]!.createSession({ name: "s", rank: 0, endpoints }),
    parties[1]!.createSession({ name: "s", rank: 1, endpoints: order }),
  ]);
  const [alice, bob] = sessions.map(({ communicator }) => communicator);
  alice!.send(1, "k", "data").catch(() => {});
  for (const rank of [alice!, bob!]) {
    await until(() => rank.failure !== undefined, "it was noticed");
    const error = await partyError(Promise.reject(rank.failure), "AGREEMENT_MISMATCH");
    assert.match(error.message, says);
    assert.is(rank.stats.reduce((sum, { messagesReceived }) => sum + messagesReceived, 0), 0);
  }
}

test("two lists that differ in a third party's key", async () => {
  const identities = async (urls: string[]) => {
    const made = await identitiesOf(urls);
    const keys = made.map(({ key }) => key);
    const other = await listOf([...keys.slice(0, 2), await makeKey("other")], urls);
    return [made[0]!, { key: keys[1]!, config: other }, made[2]!];
  };
  await using(3, { identities }, async (net) => {
    await assertMismatch(net, /public keys .*differ.*compare the fingerprints/);
  });
});

test("two lists that differ in each other's key: nothing opens, and a hint says why", async () => {
  const identities = async (urls: string[]) => {
    const made = await identitiesOf(urls);
    const other = await listOf([made[0]!.key, await makeKey("other")], urls);
    return [{ key: made[0]!.key, config: other }, made[1]!];
  };
  await using(2, { identities }, async ({ createSession }) => {
    const [alice, bob] = (await createSession("s")).map(({ communicator }) => communicator);
    const sent = alice!.send(1, "k", "data", { timeoutMs: 1_000 });
    const error = await partyError(sent, "SEND_TIMEOUT");
    assert.match(error.message, "the lists of public keys differ");
    assert.is(bob!.failure, undefined);
  });
});

test("different versions of a program", async () => {
  const options = (rank: number) => ({
    programs: [programOf("one", "1.0.0"), programOf("two", `1.0.${rank}`)],
  });
  await using(
    2,
    { options },
    (net) => assertMismatch(net, /the programs or their versions differ/),
  );
});

test("programs in another order are the same", async () => {
  const both = [programOf("one", "1.0.0"), programOf("two", "1.0.0")];
  const options = (rank: number) => ({ programs: rank === 0 ? both : both.toReversed() });
  await using(2, { options }, async ({ createSession }) => {
    const [alice, bob] = (await createSession("s")).map(({ communicator }) => communicator);
    await alice!.send(1, "k", 1);
    assert.is(await bob!.recv(0, "k"), 1);
  });
});

test("two lists that differ in where a third party is", async () => {
  const elsewhere = "http://127.0.0.1:2";
  const identities = async (urls: string[]) => {
    const made = await identitiesOf(urls);
    const other = await listOf(made.map(({ key }) => key), [...urls.slice(0, 2), elsewhere]);
    return [made[0]!, { key: made[1]!.key, config: other }, made[2]!];
  };
  await using(3, { identities }, async ({ parties, endpoints: [first, second, third] }) => {
    const [alice, bob] = await Promise.all([
      parties[0]!.createSession({ name: "s", rank: 0, endpoints: [first!, second!, third!] }),
      parties[1]!.createSession({ name: "s", rank: 1, endpoints: [first!, second!, elsewhere] }),
    ]);
    alice.communicator.send(1, "k", 1).catch(() => {});
    for (const { communicator } of [alice, bob]) {
      await until(() => communicator.failure !== undefined, "it was noticed");
      const error = await partyError(
        Promise.reject(communicator.failure),
        "AGREEMENT_MISMATCH",
      );
      assert.match(error.message, "endpoints");
    }
  });
});

test("a party whose key is not in its list is none", async () => {
  const [identity] = await identitiesOf(["http://127.0.0.1:2"]);
  const key = await makeKey("stranger");
  assert.throws(() => createParty({ identity: { ...identity!, key } }), /no party of the list/);
});

test("who listens on the way sees nothing of what is said", async () => {
  const taps: Wiretap[] = [];
  const before = async (urls: string[]) => {
    for (const url of urls) taps.push(await tap(url));
    return taps.map(({ url }) => url);
  };
  const secrets = ["the-key-4711", "the value is 4712", "it ended for reason 4713"];
  await using(2, { before }, async ({ createSession }) => {
    const [alice, bob] = (await createSession("s")).map(({ communicator }) => communicator);
    const large = new Uint8Array(600_000).fill(0x41);
    const sent = alice!.send(1, secrets[0]!, [secrets[1], large]);
    await bob!.recv(0, secrets[0]!);
    await sent;
    await bob!.send(0, secrets[0]!, secrets[1]);
    await alice!.recv(1, secrets[0]!);
    await alice!.close(secrets[2]);
  });
  const heard = Buffer.concat(taps.flatMap((one) => one.heard().map((all) => Buffer.from(all))));
  assert.ok(heard.length > 600_000);
  for (const secret of [...secrets, "AAAAAAAA", "SESSION_CLOSED"]) {
    assert.is(heard.indexOf(secret), -1, secret);
  }
  for (const one of taps) await one.close();
});

test.run();
