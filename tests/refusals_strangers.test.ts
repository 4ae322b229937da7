/**
 * What a stranger, who has no key at all, costs a party with keys: nothing of a body is read for who
 * cannot have a use for it, and nobody stands in the way of a handshake.
 *
 * @module
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { IncomingStream } from "../lib/comm/link/incoming.ts";
import { byteString, readByteString } from "../lib/comm/link/sealed/records.ts";
import { Handshakes } from "../lib/comm/link/sealed/handshakes.ts";
import { coversOf } from "../lib/security/sealing/covers.ts";
import { identitiesOf } from "./helpers/identities.ts";
import { RawConnection, rawRequest } from "./helpers/raw_http.ts";
import { headOf } from "./helpers/refusals/forge.ts";
import { startSealed } from "./helpers/sealed_parties.ts";

/** Begins a request whose body never comes. @returns the status and the code of the answer */
async function ask(port: number, path: string, headers: Record<string, string>): Promise<string> {
  const connection = await RawConnection.open(port);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  await connection.write(rawRequest(`POST ${path}`, [...lines, "Content-Length: 100000"]));
  const answer = await connection.answer();
  connection.destroy();
  return answer === undefined ? "cut" : `${answer.status} ${JSON.parse(answer.body).code}`;
}

test("a stranger is answered before anything of a body has come", async () => {
  const net = await startSealed(2);
  await net.createSession("s");
  const { port } = net.servers[1]!;
  const json = { "content-type": "application/json" };
  assert.is(await ask(port, "/sessions/s/abort", json), "403 FORBIDDEN");
  assert.is(await ask(port, "/sessions/none/abort", json), "404 UNKNOWN_SESSION");
  assert.is(await ask(port, "/sessions/s/comm/send", json), "403 FORBIDDEN");
  assert.is(await ask(port, "/sessions/s/comm/link", headOf(0, "stranger", 7)), "409 CONFLICT");
  await net.close();
});

test("a handshake that somebody made up does not hold up that of the party", async () => {
  const identities = await identitiesOf(["http://a.example", "http://b.example"]);
  const session = { name: "s", endpoints: ["http://a.example", "http://b.example"] };
  const [alice, bob] = await Promise.all(
    identities.map((identity, rank) => coversOf(identity, [])({ ...session, rank })),
  );
  const delivery = { admits: () => true, deliver: () => true, acknowledge: () => {} };
  const handshakes = new Handshakes(bob!, "bob", {
    framesOf: () => new IncomingStream(delivery, 1_000),
    receiverEvents: () => ({ isOver: () => false, onBroken: () => {} }),
    onMet: () => {},
    onMismatch: () => {},
  });
  const answer = (message: Uint8Array) =>
    handshakes.answer(0, "alice", {
      place: 0,
      body: byteString(message),
      staysOpen: false,
      atOnce: false,
      draining: undefined,
    }) as Promise<Uint8Array>;
  const [opening, probe] = [
    await alice!.begin(1, "alice", false),
    await alice!.begin(1, "alice", true),
  ];
  const forged = answer(crypto.getRandomValues(new Uint8Array(200))).catch(({ code }) => code);
  const answers = [answer(probe.message), answer(opening.message), answer(opening.message)];
  assert.is(await forged, "AUTHENTICATION");
  const [probed, ...begun] = await Promise.all(answers);
  const secondMessage = (bytes: Uint8Array) => bytes.slice(...readByteString(bytes, 0, 4_096)!);
  assert.is((await probe.finish(secondMessage(probed!))).boot, "bob");
  for (const one of begun) assert.equal(secondMessage(one), secondMessage(begun[0]!));
  assert.is((await opening.finish(secondMessage(begun[0]!))).boot, "bob");
});

test.run();
