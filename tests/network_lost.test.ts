/**
 * A network that swallows what it is given, in one direction or in both: connections stay open, and
 * nothing comes of them.
 *
 * @module
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import type { PeerAbortedError } from "../lib/errors.ts";
import { createParty } from "../lib/party.ts";
import type { Session } from "../lib/resources/session.ts";
import { serve } from "../lib/serve/serve.ts";
import { patternBytes } from "./helpers/pattern.ts";
import { startTcpProxy, type TcpProxy } from "./helpers/tcp_proxy.ts";
import { moment, partyError, rejection } from "./helpers/waiting.ts";

const TIMEOUT_MS = 3_000;
/** 2 s for what is on its way, 2 s for farewells, 1 s for requests to end; and slack. */
const CLOSE_MS = 7_000;
/** Well within the grace period of servers, which is 5 s. */
const SERVER_MS = 2_500;

type LostBytes = "of rank 0" | "of rank 1" | "of both";

/** Two parties, and the network between them. */
class Pair {
  readonly sessions: Session[] = [];
  readonly #proxies: TcpProxy[] = [];
  readonly #ends: (() => Promise<void>)[] = [];

  /** Starts them, and opens all links unless they are to be strangers. */
  static async start(areStrangers = false): Promise<Pair> {
    const pair = new Pair();
    const parties = [createParty(), createParty()];
    const servers = await Promise.all(parties.map((party) => serve(party, { port: 0 })));
    for (const server of servers) {
      pair.#proxies.push(await startTcpProxy(() => server.url));
      pair.#ends.push(() => server.close());
    }
    const endpoints = pair.#proxies.map(({ url }) => url);
    for (const [rank, party] of parties.entries()) {
      pair.sessions.push(await party.createSession({ name: "s", rank, endpoints }));
    }
    if (!areStrangers) {
      await Promise.all([0, 1].flatMap((rank) => [
        pair.at(rank).send(1 - rank, "first", rank),
        pair.at(rank).recv(1 - rank, "first"),
      ]));
      await moment(300);
    }
    return pair;
  }

  at(rank: number) {
    return this.sessions[rank]!.communicator;
  }

  lose(bytes: LostBytes): void {
    const [toFirst, toSecond] = this.#proxies as [TcpProxy, TcpProxy];
    if (bytes !== "of rank 1") {
      toSecond.blackhole("to");
      toFirst.blackhole("from");
    }
    if (bytes !== "of rank 0") {
      toFirst.blackhole("to");
      toSecond.blackhole("from");
    }
  }

  heal(): void {
    for (const proxy of this.#proxies) proxy.heal();
  }

  /** Fails when it takes long. @param about what has happened before */
  async close(about: string): Promise<void> {
    const startedAt = performance.now();
    await Promise.all(this.sessions.map((session) => session.close()));
    const closedAt = performance.now();
    await Promise.all(this.#ends.map((end) => end()));
    const endedAt = performance.now();
    await Promise.all(this.#proxies.map((proxy) => proxy.close()));
    const [closeMs, endMs] = [closedAt - startedAt, endedAt - closedAt];
    assert.ok(closeMs < CLOSE_MS, `${about}: sessions closed after ${closeMs} ms`);
    assert.ok(endMs < SERVER_MS, `${about}: servers closed after ${endMs} ms`);
  }
}

/** Runs several networks at once, as most of the time is spent waiting. */
async function forAll(
  body: (bytes: LostBytes, areStrangers: boolean) => Promise<void>,
): Promise<void> {
  const all = ["of rank 0", "of rank 1", "of both"] as const;
  await Promise.all(all.flatMap((bytes) => [body(bytes, false), body(bytes, true)]));
}

test("send and recv end in their time, and close in its", async () => {
  await forAll(async (bytes, areStrangers) => {
    const pair = await Pair.start(areStrangers);
    pair.lose(bytes);
    const startedAt = performance.now();
    const options = { timeoutMs: TIMEOUT_MS };
    const about = `bytes ${bytes} lost, ${areStrangers ? "never met" : "met"}`;
    const waits = [0, 1].map((rank) =>
      partyError(pair.at(rank).recv(1 - rank, "never", options), "RECV_TIMEOUT")
    );
    // A little later, as the end of a send fails the session.
    const later = { timeoutMs: TIMEOUT_MS + 200 };
    const sends = [0, 1].map((rank) =>
      rejection(pair.at(rank).send(1 - rank, "lost", patternBytes(200_000), later))
    );
    for (const error of await Promise.all(waits)) assert.ok(error.elapsedMs! >= TIMEOUT_MS - 5);
    // Who is told of the other's before its own is over says so.
    for (const { code, peerCode } of await Promise.all(sends) as PeerAbortedError[]) {
      assert.is(peerCode ?? code, "SEND_TIMEOUT", about);
    }
    const elapsedMs = performance.now() - startedAt;
    assert.ok(elapsedMs < TIMEOUT_MS + 3_000, `${about}: ended after ${elapsedMs} ms`);
    await pair.close(about);
  });
});

test("close ends in its time while sends are on their way into nothing", async () => {
  await forAll(async (bytes, areStrangers) => {
    const pair = await Pair.start(areStrangers);
    pair.lose(bytes);
    const sent = [0, 1].map((rank) =>
      pair.at(rank).send(1 - rank, "lost", patternBytes(200_000)).catch((error) => error)
    );
    await moment(500);
    await pair.close(`bytes ${bytes} lost`);
    for (const error of await Promise.all(sent)) {
      assert.match(String(error?.code), /^(SESSION_CLOSED|PEER_ABORTED)$/);
    }
  });
});

test("a network that is back after a while is used again", async () => {
  await forAll(async (bytes) => {
    const pair = await Pair.start();
    pair.lose(bytes);
    const sent = [0, 1].map((rank) =>
      pair.at(rank).send(1 - rank, "k", patternBytes(200_000, rank))
    );
    const received = [0, 1].map((rank) => pair.at(1 - rank).recv(rank, "k"));
    await moment(6_000);
    // What was opened meanwhile is lost all the same: others have to be opened.
    pair.heal();
    for (const [rank, value] of (await Promise.all(received)).entries()) {
      assert.equal(value, patternBytes(200_000, rank));
    }
    await Promise.all(sent);
    for (const session of pair.sessions) assert.is(session.state, "open");
    await pair.close(`bytes ${bytes} lost for a while`);
  });
});

test.run();
