/**
 * Each message arrives once and right, over real sockets, whatever breaks meanwhile: on the runtime
 * at hand, and between processes of both.
 *
 * @module
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { findRuntimes, type Runtime, ScriptProcess } from "../scripts/processes.ts";
import { createParty, type PartyOptions } from "../lib/party.ts";
import { serve } from "../lib/serve/serve.ts";
import { faultyFetch } from "../lib/testing/faulty_fetch.ts";
import type { FaultOptions } from "../lib/testing/options.ts";
import type { Session } from "../mod.ts";
import { listen } from "./helpers/listen.ts";
import { startTcpProxy, type TcpProxy } from "./helpers/tcp_proxy.ts";
import { FAULTS, gentler, MESSAGES, transfer } from "./helpers/transfer.ts";
import { moment } from "./helpers/waiting.ts";

/** Two parties; what goes to rank 1 goes through a proxy. */
interface Pair {
  sessions: [Session, Session];
  proxy: TcpProxy;
  /** Ends rank 1's server and starts another at another port, which the proxy leads to. */
  renewServer(): Promise<void>;
}

async function withPair(
  options: (rank: number) => PartyOptions,
  body: (pair: Pair) => Promise<void>,
): Promise<void> {
  const parties = [0, 1].map((rank) => createParty({ timeoutMs: 40_000, ...options(rank) }));
  const servers = await Promise.all(
    parties.map((party) => serve(party, { port: 0, graceMs: 500 })),
  );
  const proxy = await startTcpProxy(() => servers[1]!.url);
  try {
    const endpoints = [servers[0]!.url, proxy.url];
    const spec = { name: "once", endpoints };
    const [alice, bob] = await Promise.all(
      parties.map((party, rank) => party.createSession({ ...spec, rank })),
    );
    const renewServer = async () => {
      const old = servers[1]!;
      servers[1] = await serve(parties[1]!, { port: 0, graceMs: 500 });
      await old.close();
    };
    await body({ sessions: [alice!, bob!], proxy, renewServer });
  } finally {
    await Promise.all(parties.map((party) => party.close()));
    await Promise.all(servers.map((server) => server.close()));
    await proxy.close();
  }
}

/** Fails unless so many messages came, none twice, and none is left. */
function assertCounted(session: Session, from: number, messages: number): void {
  assert.is(session.communicator.stats[from]!.messagesReceived, messages);
  assert.is(session.describe()[0]!.unread.messages, 0);
}

const NETWORKS: Record<string, Omit<FaultOptions, "seed">> = {
  "connections that fail before the receiver read": { drop: 0.2, resetBefore: 0.3 },
  "connections that break while the receiver reads": { resetMidway: 0.6 },
  "connections that break once the receiver read": { resetAfter: 0.5 },
  "acknowledgements that are lost": { loseAnswer: 0.7 },
  "a proxy that sends finite requests twice": { duplicate: 1, split: 0.5 },
  "a gateway that keeps back, and sends twice": {
    duplicate: 0.5,
    loseAnswer: 0.3,
    gateway: { buffers: true },
  },
  "all of it": FAULTS,
};

const within = { bytes: 256 * 1024, ms: 100 };

for (const [name, faults] of Object.entries(NETWORKS)) {
  for (const form of ["links", "the JSON form"]) {
    test(`each message arrives once through ${name}, by ${form}`, async () => {
      const rates = form === "links" ? faults : gentler(faults);
      const faulty = faultyFetch({ breakWithin: within, ...rates, seed: 20 });
      const json: typeof fetch = (input, init) =>
        String(input).endsWith("/comm/link")
          ? Promise.resolve(new Response(null, { status: 404 }))
          : faulty(input, init);
      const options = { fetch: form === "links" ? faulty : json };
      await withPair(() => options, async ({ sessions }) => {
        const [alice, bob] = sessions.map(({ communicator }) => communicator);
        await transfer(alice!, bob!, 0, 1);
        assertCounted(sessions[1], 0, MESSAGES);
        assertCounted(sessions[0], 1, MESSAGES / 5);
        const { kind } = sessions[0].describe()[0]!.link;
        assert.is(kind === "json", form !== "links");
        const injected = Object.values(faulty.injected).reduce((sum, count) => sum + count, 0);
        assert.ok(injected > 0, "the network did nothing");
      });
    });
  }
}

const BIG = Float64Array.from({ length: 2_500_000 }, (_, at) => at / 3);

/** Sends 20 MB, with small messages around, while something is done again and again. */
async function sendBig(
  { sessions }: Pair,
  disturb: (turn: number) => Promise<void>,
): Promise<void> {
  const [alice, bob] = sessions.map(({ communicator }) => communicator);
  await alice!.send(1, "before", 1);
  let done = false;
  const disturbing = (async () => {
    for (let turn = 0; turn < 6 && !done; turn++) await disturb(turn);
  })();
  const sent = ["big", "big 2", "after"].map((key) =>
    alice!.send(1, key, key === "after" ? 2 : BIG)
  );
  for (const key of ["big", "big 2"]) {
    const came = await bob!.recv<Float64Array>(0, key);
    assert.is(came.length, BIG.length);
    assert.is(came.findIndex((number, at) => number !== BIG[at]), -1);
  }
  assert.is(await bob!.recv(0, "before"), 1);
  assert.is(await bob!.recv(0, "after"), 2);
  await Promise.all(sent);
  done = true;
  await disturbing;
  await alice!.send(1, "last", 3);
  assert.is(await bob!.recv(0, "last"), 3);
  assertCounted(sessions[1], 0, 5);
}

test("connections that are cut in the midst of 20 MB do no harm", async () => {
  await withPair(() => ({}), async (pair) => {
    await sendBig(pair, async (turn) => {
      await moment(10 + 15 * turn);
      pair.proxy.cut();
    });
    assert.ok(pair.sessions[0].describe()[0]!.link.bytesResent > 0);
  });
});

test("acknowledgements that are swallowed in the midst of 20 MB do no harm", async () => {
  await withPair(() => ({}), async (pair) => {
    await sendBig(pair, async (turn) => {
      await moment(5 + 10 * turn);
      pair.proxy.blackhole("from");
      await moment(40);
      pair.proxy.heal();
      pair.proxy.cut();
    });
  });
});

test("a server that drains in the midst of 20 MB hands them over to the next", async () => {
  await withPair(() => ({}), async (pair) => {
    await sendBig(pair, async (turn) => {
      await moment(20);
      if (turn < 3) await pair.renewServer();
    });
  });
});

test("connections that are closed under the next request do no harm", async () => {
  await withPair(() => ({}), async ({ sessions, proxy }) => {
    const [alice, bob] = sessions.map(({ communicator }) => communicator);
    for (let at = 0; at < 60; at++) {
      const sent = alice!.send(1, "k", at);
      if (at % 3 === 0) proxy.cut();
      if (at % 3 === 1) void Promise.resolve().then(() => proxy.cut());
      if (at % 3 === 2) setTimeout(() => proxy.cut(), at % 5);
      assert.is(await bob!.recv(0, "k"), at);
      await sent;
    }
    assertCounted(sessions[1], 0, 60);
  });
});

test("a link of which each request is ended on the way goes on in the next", async () => {
  let [target, requests] = ["", 0];
  const gateway = await listen((request, response) => {
    requests++;
    const stop = new AbortController();
    const { host: _host, connection: _connection, "transfer-encoding": _framing, ...headers } =
      request.headers;
    const init = { method: "POST", headers, body: request, duplex: "half", signal: stop.signal };
    const end = async () => {
      const answer = await fetch(target + request.url, init as unknown as RequestInit);
      response.writeHead(answer.status, Object.fromEntries(answer.headers)).flushHeaders();
      setTimeout(() => response.end(() => stop.abort()), 40);
      for await (const chunk of answer.body!) if (!response.writableEnded) response.write(chunk);
      response.end();
    };
    end().catch(() => response.end());
  });
  const parties = [createParty(), createParty()];
  const servers = await Promise.all(
    parties.map((party) => serve(party, { port: 0, graceMs: 500 })),
  );
  target = servers[1]!.url;
  const endpoints = [servers[0]!.url, gateway.url];
  const [alice, bob] = await Promise.all(
    parties.map((party, rank) => party.createSession({ name: "ended", rank, endpoints })),
  );
  for (let turn = 0; turn < 3; turn++) {
    await transfer(alice!.communicator, bob!.communicator, 0, 1);
  }
  assertCounted(bob!, 0, 3 * MESSAGES);
  assert.ok(requests > 3, `${requests} requests`);
  await Promise.all(parties.map((party) => party.close()));
  await Promise.all([...servers, gateway].map((server) => server.close()));
});

const runtimes = findRuntimes();
const WORLDS: Runtime[][] = [["node", "deno"], ["deno", "node"]];

for (const [form, turns] of [["links", 3], ["json", 1]] as const) {
  for (const world of WORLDS) {
    const commands = world.map((runtime) => runtimes.get(runtime));
    const here = commands.every((command) => command !== undefined) ? test : test.skip;
    here(`between ${world.join(" and ")} each message arrives once, by ${form}`, async () => {
      const members = commands.map((command, rank) =>
        new ScriptProcess(command!, "tests/helpers/counter.ts", [
          `${rank}`,
          `${rank + 5}`,
          form,
          `${turns}`,
        ])
      );
      const urls = await Promise.all(members.map((member) => member.line()));
      const proxies = await Promise.all(urls.map((url) => startTcpProxy(() => url)));
      for (const member of members) member.write(proxies.map((proxy) => proxy.url).join(","));
      const cuts = setInterval(() => proxies.forEach((proxy) => proxy.cut()), 150);
      try {
        const counted = await Promise.all(
          members.map(async (member) => JSON.parse(await member.line())),
        );
        for (const { messagesReceived, unread, kind } of counted) {
          // Besides the messages of the plan, those that ask for more of it, and the barrier's.
          assert.is(messagesReceived, turns * (MESSAGES + MESSAGES / 5) + 1);
          assert.is(unread, 0);
          assert.is(kind === "json", form === "json");
        }
        assert.ok(counted[0].faults + counted[1].faults > 0);
        for (const member of members) member.write("end");
        for (const member of members) assert.is(await member.exited, 0, member.stderr);
      } finally {
        clearInterval(cuts);
        for (const member of members) member.kill("SIGKILL");
        await Promise.all(proxies.map((proxy) => proxy.close()));
      }
    });
  }
}

test.run();
