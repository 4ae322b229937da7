/**
 * What the HTTP API of a party does, whichever server carries it.
 *
 * @module
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { createParty, type Party, type PeerAbortedError, serve } from "../../mod.ts";
import { assertProblem, dataOf, post, request } from "../helpers/served.ts";
import { later, partyError } from "../helpers/waiting.ts";

/** Serves a party, and ends that. */
export type Start = (party: Party) => Promise<{ url: string; close(): Promise<void> }>;

interface Api {
  party: Party;
  /** Where the party is reached. */
  base: string;
  /** The URL of session `demo`, in which the party is rank 0 and the test is rank 1. */
  demo: string;
}

/**
 * Declares the tests of one server.
 *
 * @param kind which server it is
 * @param start serves a party with it
 */
export function httpApiSuite(kind: string, start: Start): void {
  const declare = (name: string, body: (api: Api) => Promise<void>) =>
    test(`${kind}: ${name}`, async () => {
      const party = createParty({ timeoutMs: 30_000 });
      const server = await start(party);
      try {
        const endpoints = [server.url, "http://127.0.0.1:2"];
        await party.createSession({ name: "demo", rank: 0, endpoints });
        await body({ party, base: server.url, demo: `${server.url}/sessions/demo` });
      } finally {
        await server.close();
        await party.close();
      }
    });
  health(declare);
  sessions(declare);
  messages(declare);
  symbols(declare);
  refusals(declare);
}

type Declare = (name: string, body: (api: Api) => Promise<void>) => void;

function health(declare: Declare): void {
  declare("health is exactly ok", async ({ base }) => {
    const answer = await request(`${base}/health`);
    assert.equal([answer.status, answer.text], [200, '{"status":"ok"}']);
    assert.match(answer.headers.get("content-type")!, /^application\/json/);
  });

  declare("HEAD answers as GET does, without a body", async ({ base }) => {
    for (const path of ["/health", "/sessions", "/sessions/demo", "/sessions/none"]) {
      const [head, get] = await Promise.all([
        request(base + path, { method: "HEAD" }),
        request(base + path),
      ]);
      assert.equal([head.status, head.text], [get.status, ""]);
      assert.is(head.headers.get("content-type"), get.headers.get("content-type"));
    }
  });
}

function sessions(declare: Declare): void {
  const spec = {
    name: "three",
    rank: 1,
    endpoints: ["http://a.test/", "http://b.test/x", "http://c.test:81"],
  };
  const created = {
    name: "three",
    rank: 1,
    world_size: 3,
    endpoints: ["http://a.test", "http://b.test/x", "http://c.test:81"],
    state: "open",
  };

  declare("a session is created, and the same again is the same", async ({ base, party }) => {
    for (let times = 0; times < 2; times++) {
      const answer = await post(`${base}/sessions`, spec);
      assert.is(answer.status, 200, answer.text);
      assert.equal(JSON.parse(answer.text), created);
    }
    assert.is(party.session("three").worldSize, 3);
    const read = await request(`${base}/sessions/three`);
    assert.is(read.status, 200);
    const { peers, ...rest } = JSON.parse(read.text);
    assert.equal(rest, created);
    assert.equal(peers.map(({ rank }: { rank: number }) => rank), [0, 2]);
    const list = JSON.parse((await request(`${base}/sessions`)).text);
    assert.equal(list.sessions.map(({ name }: { name: string }) => name), ["demo", "three"]);
    assert.equal(list.sessions[1], created);
  });

  declare("a session with another rank or other endpoints is a conflict", async ({ base }) => {
    await post(`${base}/sessions`, spec);
    for (const other of [{ rank: 2 }, { endpoints: spec.endpoints.toReversed() }]) {
      assertProblem(await post(`${base}/sessions`, { ...spec, ...other }), 409, "CONFLICT");
    }
    const { peers: _, ...rest } = JSON.parse((await request(`${base}/sessions/three`)).text);
    assert.equal(rest, created);
  });

  declare("with If-None-Match: * a session has to be new", async ({ base }) => {
    const create = () => {
      const headers = { "if-none-match": "*" };
      return request(`${base}/sessions`, { method: "POST", body: spec, headers });
    };
    const answers = await Promise.all([create(), create(), create()]);
    assert.equal(answers.map(({ status }) => status).sort(), [200, 409, 409]);
    const refused = answers.find(({ status }) => status === 409)!;
    assert.match(assertProblem(refused, 409, "CONFLICT").detail, /session three as a new one/);
    assert.is((await post(`${base}/sessions`, spec)).status, 200);
    await request(`${base}/sessions/three`, { method: "DELETE" });
    assert.is((await create()).status, 200);
  });

  declare(
    "a deleted session is gone, its waiters reject, its peers know",
    async ({ base, party }) => {
      const peer = createParty();
      const server = await serve(peer, { port: 0 });
      const both = [base, server.url];
      try {
        for (const [rank, url] of both.entries()) {
          await post(`${url}/sessions`, { name: "pair", rank, endpoints: both });
        }
        const [here, there] = later(
          party.session("pair").communicator.recv(1, "never"),
          peer.session("pair").communicator.recv(0, "never"),
        );
        await post(`${base}/sessions/pair/symbols`, { name: "x", data: dataOf(1) });
        const answer = await request(`${base}/sessions/pair`, { method: "DELETE" });
        assert.equal([answer.status, answer.text], [204, ""]);
        await partyError(here!, "SESSION_CLOSED");
        const left = await partyError<PeerAbortedError>(there!, "PEER_ABORTED");
        assert.equal([left.rank, left.peerCode], [0, "SESSION_CLOSED"]);
        for (const method of ["GET", "DELETE"]) {
          assertProblem(await request(`${base}/sessions/pair`, { method }), 404, "UNKNOWN_SESSION");
        }
        assertProblem(await request(`${base}/sessions/pair/symbols/x`), 404, "UNKNOWN_SESSION");
      } finally {
        await server.close();
        await peer.close();
      }
    },
  );
}

function messages(declare: Declare): void {
  const message = {
    from_rank: 1,
    to_rank: 0,
    key: "k",
    data: dataOf({ text: "grüße", list: [1, null] }),
  };

  declare("a sent message is delivered, before its recv or after", async ({ demo, party }) => {
    const { communicator } = party.session("demo");
    const waiting = communicator.recv(1, "k");
    for (let times = 0; times < 2; times++) {
      const answer = await post(`${demo}/comm/send`, message);
      assert.equal([answer.status, answer.text], [200, '{"status":"ok"}']);
    }
    const value = { text: "grüße", list: [1, null] };
    assert.equal([await waiting, await communicator.recv(1, "k")], [value, value]);
  });

  declare("a repeated (boot, seq) is delivered once, and ok each time", async ({ demo, party }) => {
    for (const seq of [1, 1, 2, 1, 2]) {
      const body = { ...message, key: `k${seq}`, boot: "b-1", seq };
      assert.is((await post(`${demo}/comm/send`, body)).text, '{"status":"ok"}');
    }
    const { communicator } = party.session("demo");
    await communicator.recv(1, "k1");
    await communicator.recv(1, "k2");
    await partyError(communicator.recv(1, "k1", { timeoutMs: 50 }), "RECV_TIMEOUT");
    assert.is(communicator.stats[1]!.duplicatesDropped, 3);
  });

  declare("an abort rejects every waiter, and fails the session", async ({ demo, party }) => {
    const { communicator } = party.session("demo");
    const [waiting] = later(communicator.recv(1, "never"));
    const abort = { from_rank: 1, code: "MAILBOX_FULL", reason: "no room", boot: "b-1" };
    const answer = await post(`${demo}/abort`, abort);
    assert.equal([answer.status, answer.text], [200, '{"status":"ok"}']);
    const error = await partyError<PeerAbortedError>(waiting!, "PEER_ABORTED");
    assert.equal([error.rank, error.peerCode, error.reason], [1, "MAILBOX_FULL", "no room"]);
    assert.is(JSON.parse((await request(demo)).text).state, "failed");
    const problem = assertProblem(await post(`${demo}/comm/send`, message), 409, "PEER_ABORTED");
    assert.equal(
      [problem.peer_rank, problem.peer_code, problem.reason],
      [1, "MAILBOX_FULL", "no room"],
    );
  });
}

function symbols(declare: Declare): void {
  const mptype = { kind: "share", of: ["u64", { modulus: "2^64" }] };
  const symbol = { name: "x", mptype, data: dataOf([1, { two: 2 }]) };

  declare("symbols are created, listed, read and deleted", async ({ demo }) => {
    assert.is((await request(`${demo}/symbols`)).text, '{"symbols":[]}');
    for (let times = 0; times < 2; times++) {
      const answer = await post(`${demo}/symbols`, symbol);
      assert.is(answer.status, 200, answer.text);
      assert.equal(JSON.parse(answer.text), { name: "x", mptype });
    }
    await post(`${demo}/symbols`, { name: "untyped", data: symbol.data });
    const list = JSON.parse((await request(`${demo}/symbols`)).text);
    assert.equal(list, {
      symbols: [
        { name: "x", mptype, shape: [2], bytes: 8, private: false },
        { name: "untyped", mptype: null, shape: [2], bytes: 8, private: false },
      ],
    });
    const read = await request(`${demo}/symbols/x`);
    assert.equal([read.status, JSON.parse(read.text)], [200, symbol]);
    const deleted = await request(`${demo}/symbols/x`, { method: "DELETE" });
    assert.equal([deleted.status, deleted.text], [204, ""]);
    for (const method of ["GET", "DELETE"]) {
      assertProblem(await request(`${demo}/symbols/x`, { method }), 404, "UNKNOWN_SYMBOL");
    }
  });

  declare("a symbol with another value or type is a conflict", async ({ demo }) => {
    await post(`${demo}/symbols`, symbol);
    for (const other of [{ data: dataOf(2) }, { mptype: "u64" }, { mptype: null }]) {
      assertProblem(await post(`${demo}/symbols`, { ...symbol, ...other }), 409, "CONFLICT");
    }
    assert.equal(JSON.parse((await request(`${demo}/symbols/x`)).text), symbol);
  });
}

function refusals(declare: Declare): void {
  declare("an unknown route is 404", async ({ base }) => {
    for (const path of ["/page", "/healthy", "/sessions/demo/comm", "/sessions/demo/symbols/x/y"]) {
      assertProblem(await request(base + path), 404, "INVALID_REQUEST");
      assertProblem(await post(base + path, { a: 1 }), 404, "INVALID_REQUEST");
    }
  });

  declare("another method is 405 and says which are possible", async ({ base }) => {
    const allowed = {
      "/": "GET, HEAD",
      "/health": "GET, HEAD",
      "/sessions": "GET, HEAD, POST",
      "/sessions/demo": "GET, HEAD, DELETE",
      "/sessions/demo/comm/send": "POST",
      "/sessions/demo/comm/link": "POST",
      "/sessions/demo/abort": "POST",
      "/sessions/demo/symbols": "GET, HEAD, POST",
      "/sessions/demo/symbols/x": "GET, HEAD, PUT, DELETE",
    };
    for (const [path, allow] of Object.entries(allowed)) {
      for (const method of ["GET", "POST", "DELETE", "PUT", "PATCH", "OPTIONS"]) {
        if (allow.includes(method)) continue;
        const answer = await request(base + path, { method });
        assertProblem(answer, 405, "INVALID_REQUEST");
        assert.is(answer.headers.get("allow"), allow);
      }
    }
  });
}
