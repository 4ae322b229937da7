/**
 * Requests of links over real sockets: good ones, bad ones, and what no party sends. Whatever comes,
 * the answer says what was wrong, the session says why it failed, and the party lives on.
 *
 * @module
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { encodeAck } from "../lib/comm/link/acks.ts";
import { type PartyError, PeerRestartedError } from "../lib/errors.ts";
import type { Session } from "../lib/resources/session.ts";
import { faultsTo } from "./helpers/faults.ts";
import { concat, frameWith } from "./helpers/hand_frames.ts";
import { HOSTILE_FRAMES } from "./helpers/hostile_frames.ts";
import { listen } from "./helpers/listen.ts";
import { ackText, linkHead, postLink } from "./helpers/link_request.ts";
import { RawConnection, rawRequest } from "./helpers/raw_http.ts";
import { Served } from "./helpers/served.ts";
import { later, moment, partyError, rejection, until } from "./helpers/waiting.ts";

let served: Served;
/** Rank 1, which has no links, and takes every farewell. */
let peer: Awaited<ReturnType<typeof listen>>;
let sessions = 0;
const faults: unknown[] = [];
test.before(async () => {
  served = await Served.start({ maxMessageBytes: 1024 * 1024, log: faultsTo(faults) });
  peer = await listen((request, response) => {
    response.writeHead(request.url!.endsWith("/abort") ? 200 : 404).end("{}");
  });
});
test.after(async () => {
  await served.close();
  await peer.close();
});

/** Declares a test with a session of its own, and checks that the party lives on. */
function declare(name: string, body: (session: Session, url: string) => Promise<void>): void {
  test(name, async () => {
    const name = `s${sessions++}`;
    const endpoints = [served.server.url, peer.url];
    const session = await served.party.createSession({ name, rank: 0, endpoints });
    try {
      await body(session, served.url(`/sessions/${name}/comm/link`));
    } finally {
      await session.close();
    }
    assert.equal(faults, []);
    await served.assertDelivers();
  });
}

declare("a finite request is answered with one acknowledgement", async (session, url) => {
  const bytes = concat(frameWith(["a", 1]), frameWith(["b", [2]]));
  const answer = await postLink(url, bytes);
  assert.is(answer.status, 200, answer.text);
  assert.is(answer.headers.get("content-type"), "application/cbor-seq");
  assert.is(answer.headers.get("partyline-boot"), session.communicator.boot);
  assert.is(answer.text, ackText(bytes.byteLength));
  assert.is(await session.communicator.recv(1, "a"), 1);
  assert.equal(await session.communicator.recv(1, "b"), [2]);
  assert.is((await postLink(url, bytes)).text, ackText(bytes.byteLength), "a repeat");
  assert.is((await postLink(url, "", linkHead({ offset: "3" }))).text, ackText(bytes.byteLength));
  assert.is(session.communicator.stats[1]!.messagesReceived, 2);
});

for (
  const [name, fields, status, code] of [
    ["no sender", { from: null }, 400, "INVALID_REQUEST"],
    ["an empty sender", { from: "" }, 400, "INVALID_REQUEST"],
    ["a sender below 0", { from: "-1" }, 400, "INVALID_REQUEST"],
    ["a sender that is no number", { from: "one" }, 400, "INVALID_REQUEST"],
    ["a sender that is a fraction", { from: "1.0" }, 400, "INVALID_REQUEST"],
    ["a sender of 17 digits", { from: "10000000000000000" }, 400, "INVALID_REQUEST"],
    ["a sender that the session does not have", { from: "2" }, 400, "WRONG_RANK"],
    ["the receiver as the sender", { from: "0" }, 400, "WRONG_RANK"],
    ["no receiver", { to: null }, 400, "INVALID_REQUEST"],
    ["a receiver in hexadecimal", { to: "0x0" }, 400, "INVALID_REQUEST"],
    ["another receiver", { to: "1" }, 400, "WRONG_RANK"],
    ["a receiver that there is not", { to: "7" }, 400, "WRONG_RANK"],
    ["no boot", { boot: null }, 400, "INVALID_REQUEST"],
    ["an empty boot", { boot: "" }, 400, "INVALID_REQUEST"],
    ["a boot that is too long", { boot: "b".repeat(2_000) }, 400, "INVALID_REQUEST"],
    ["no offset", { offset: null }, 400, "INVALID_REQUEST"],
    ["an offset below 0", { offset: "-1" }, 400, "INVALID_REQUEST"],
    ["an offset with an exponent", { offset: "1e3" }, 400, "INVALID_REQUEST"],
    ["an offset from 2 to the power of 53", { offset: "9007199254740992" }, 400, "INVALID_REQUEST"],
    ["an offset of 17 digits", { offset: "1".repeat(17) }, 400, "INVALID_REQUEST"],
    ["an offset beyond what was taken", { offset: "1" }, 409, "CONFLICT"],
    ["an offset far beyond", { offset: "9007199254740991" }, 409, "CONFLICT"],
    ["no media type", { type: null }, 415, "INVALID_REQUEST"],
    ["the media type of single items", { type: "application/cbor" }, 415, "INVALID_REQUEST"],
    ["the media type of JSON", { type: "application/json" }, 415, "INVALID_REQUEST"],
  ] as const
) {
  declare(`a request with ${name} is ${status} ${code}, and no harm`, async (session, url) => {
    const good = frameWith(["good", 1]);
    const { status: answered, problem, text } = await postLink(url, good, linkHead(fields));
    assert.is(answered, status, text);
    assert.is(problem.code, code, text);
    assert.ok((problem.detail as string).length < 500);
    assert.is(session.state, "open");
    assert.is((await postLink(url, good)).text, ackText(good.byteLength));
    assert.is(await session.communicator.recv(1, "good"), 1);
  });
}

test("a link of a session that there is not is 404 UNKNOWN_SESSION, and waits for it", async () => {
  const { status, problem } = await postLink(served.url("/sessions/none/comm/link"));
  assert.equal([status, problem.code], [404, "UNKNOWN_SESSION"]);
});

declare("another boot is 409 PEER_RESTARTED, and the session fails", async (session, url) => {
  const [waiting] = later(session.communicator.recv(1, "never"));
  await postLink(url, frameWith(["a", 1]));
  const restarted = await postLink(url, frameWith(["b", 1]), linkHead({ boot: "boot-2" }));
  assert.equal([restarted.status, restarted.problem.code], [409, "PEER_RESTARTED"]);
  assert.instance(await rejection(waiting!), PeerRestartedError);
  assert.is(session.state, "failed");
  const after = await postLink(url, frameWith(["c", 1]), linkHead({ offset: "6" }));
  const { code, peer_rank, peer_code, reason } = after.problem;
  assert.equal([after.status, code, peer_rank, peer_code], [
    409,
    "PEER_ABORTED",
    0,
    "PEER_RESTARTED",
  ]);
  assert.match(reason as string, "Rank 1 restarted");
});

declare("a link of a session that failed is 409, with who failed and why", async (session, url) => {
  await session.communicator.abort(new TypeError("something private"));
  const { status, problem, text } = await postLink(url, frameWith(["a", 1]));
  const { code, peer_rank, peer_code, reason } = problem;
  assert.equal([status, code, peer_rank, peer_code], [409, "PEER_ABORTED", 0, "INTERNAL"]);
  assert.is(typeof reason, "string");
  assert.not.match(text, "private");
});

for (const { name, bytes, code } of HOSTILE_FRAMES) {
  const good = frameWith(["good", 1]);
  const checkFailed = async (session: Session, waiting: Promise<unknown>) => {
    const error = await partyError<PartyError>(waiting, code);
    assert.is(session.communicator.failure, error);
    assert.is(await session.communicator.recv(1, "good").catch((error) => error), error);
  };

  declare(`${name}, in a finite request, is ${code}`, async (session, url) => {
    const [waiting] = later(session.communicator.recv(1, "never"));
    const { status, problem, text } = await postLink(url, concat(good, bytes));
    // It is to its sender what the farewell says, which may come before the answer.
    const { code: told, peer_rank, peer_code } = problem;
    assert.equal([status, told, peer_rank, peer_code], [409, "PEER_ABORTED", 0, code], text);
    await checkFailed(session, waiting!);
  });

  declare(`${name}, in a streaming request, ends its answer`, async (session, url) => {
    const [waiting] = later(session.communicator.recv(1, "never"));
    const connection = await RawConnection.open(served.server.port);
    const fields = Object.entries(linkHead()).map((field) => field.join(": "));
    const path = new URL(url).pathname;
    await connection.write(
      rawRequest(`POST ${path}`, [...fields, "Transfer-Encoding: chunked"]),
    );
    await until(() => connection.answered, "the first acknowledgement is there");
    for (const chunk of [good, bytes.subarray(0, 3), bytes.subarray(3)]) {
      if (chunk.byteLength === 0) continue;
      await connection.write(`${chunk.byteLength.toString(16)}\r\n`);
      await connection.write(chunk);
      await connection.write("\r\n");
    }
    const answer = await connection.answer();
    assert.is(answer?.status, 200);
    assert.is(answer?.body.slice(0, 1), ackText(0));
    await checkFailed(session, waiting!);
    connection.destroy();
  });
}

declare("an acknowledgement of what was never sent fails the session", async (session, url) => {
  const [waiting] = later(session.communicator.recv(1, "never"));
  const { problem, text } = await postLink(url, concat(frameWith(["good", 1]), encodeAck(1_000)));
  assert.is(problem.peer_code, "NETWORK", text);
  assert.match((await partyError(waiting!, "NETWORK")).message, "acknowledged");
});

declare("a request that is cut off is no fault, and goes on in another", async (session, url) => {
  const bytes = concat(frameWith(["a", 1]), frameWith(["b", 2]));
  const fields = Object.entries(linkHead()).map((field) => field.join(": "));
  const framings = [
    [`Content-Length: ${bytes.byteLength}`, ""],
    ["Content-Length: 10000000", ""],
    ["Transfer-Encoding: chunked", "10\r\n"],
  ] as const;
  for (const [framing, before] of framings) {
    const connection = await RawConnection.open(served.server.port);
    await connection.write(
      rawRequest(`POST ${new URL(url).pathname}`, [...fields, framing], before),
    );
    await connection.write(bytes.subarray(0, 8));
    await moment(50);
    connection.destroy();
  }
  await moment(50);
  assert.is((await postLink(url, bytes)).text, ackText(bytes.byteLength));
  assert.is(await session.communicator.recv(1, "a"), 1);
  assert.is(await session.communicator.recv(1, "b"), 2);
  assert.is(session.communicator.stats[1]!.messagesReceived, 2);
});

test.run();
