import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  createParty,
  Driver,
  DriverError,
  memoryStore,
  PartyError,
  serve,
  type SymbolStore,
} from "../mod.ts";
import { onAbort } from "../lib/timing.ts";
import { DRIVEN_PROGRAMS, withDriver } from "./helpers/driven.ts";
import { listen } from "./helpers/listen.ts";
import { moment, partyError, rejection, until } from "./helpers/waiting.ts";

const FAST = { awayMs: 200 };
/** Nothing listens there. */
const NOBODY = "http://127.0.0.1:2";

test("a session is created at all parties or at none", async () => {
  await withDriver(2, async (_, { endpoints, parties }) => {
    const driver = new Driver([...endpoints, NOBODY], FAST);
    const error = await partyError<DriverError>(driver.session("s"), "NETWORK");
    assert.ok(error instanceof DriverError);
    assert.equal([error.rank, error.url, error.session], [2, NOBODY, "s"]);
    assert.match(error.message, /^Cannot create session s at all parties: Rank 2 at http.*reached/);
    assert.equal(parties.map((party) => party.sessions()), [[], []]);
  });
});

test("a session that fails while it is created is deleted again where it was", async () => {
  const refuse = await listen((request, response) => {
    request.resume();
    response.writeHead(503, { "content-type": "application/problem+json" });
    response.end(JSON.stringify({ status: 503, code: "DRAINING", detail: "It ends." }));
  });
  try {
    await withDriver(2, async (_, { endpoints, parties }) => {
      const created: string[] = [];
      const driver = new Driver([...endpoints, refuse.url], {
        ...FAST,
        fetch: async (input, init) => {
          const response = await fetch(input, init);
          const { method, url } = input as Request;
          if (response.ok) created.push(`${method} ${new URL(url).pathname}`);
          return response;
        },
      });
      const error = await partyError<DriverError>(driver.session("s"), "DRAINING");
      assert.is(error.rank, 2);
      assert.equal(created.sort(), [
        "DELETE /sessions/s",
        "DELETE /sessions/s",
        "POST /sessions",
        "POST /sessions",
      ]);
      assert.equal(parties.map((party) => party.sessions()), [[], []]);
    });
  } finally {
    await refuse.close();
  }
});

test("undoing a session keeps what stores had kept under its name, and leaves nothing else", async () => {
  const [store, puts] = [memoryStore(), [] as string[]];
  const watched: SymbolStore = {
    ...store,
    put: (session, symbol) => {
      puts.push(`${session.name} ${symbol.name}`);
      return store.put(session, symbol);
    },
  };
  await withDriver(
    2,
    async (driver, { endpoints: [first, second], parties }) => {
      const spec = { name: "study", rank: 0, endpoints: [first!, second!] };
      const session = await parties[0]!.createSession(spec);
      await session.symbols.put("kept", 5);
      await session.suspend(); // as the restart of its party does
      const others = { name: "study", rank: 0, endpoints: [second!, first!] };
      const theirs = await parties[1]!.createSession(others);

      const error = await partyError<DriverError>(driver.session("study"), "CONFLICT");
      assert.is(error.rank, 1);
      assert.equal(parties.map((party) => party.sessions()), [[], [theirs]]);
      assert.equal((await store.load(spec)).symbols.map(({ name }) => name), ["kept"]);
      await partyError(new Driver([first!, NOBODY], FAST).session("fresh"), "NETWORK");
      assert.equal(puts, ["study kept"], "what is new leaves nothing in the store");

      await theirs.close();
      assert.is(await (await driver.session("study")).get(0, "kept"), 5);
    },
    {},
    (rank) => rank === 0 ? { store: watched } : {},
  );
});

for (const lost of ["given up", "out of time"]) {
  test(`a session that a party has is still there when creating it is ${lost}`, async () => {
    await withDriver(2, async (driver, { endpoints, parties }) => {
      const theirs = await driver.session("theirs");
      await theirs.put(0, "value", 1);
      const abort = new AbortController();
      let heard = 0;
      const other = new Driver(endpoints, {
        awayMs: 0,
        timeoutMs: lost === "given up" ? 30_000 : 200,
        fetch: async (input, init) => {
          await fetch((input as Request).clone());
          if (++heard === 2 && lost === "given up") abort.abort(new Error("enough"));
          init!.signal!.throwIfAborted();
          return await new Promise((_, reject) => onAbort(init!.signal!, () => reject()));
        },
      });
      const error = await rejection(other.session("theirs", { signal: abort.signal })) as Error;
      assert.match(error.message, lost === "given up" ? /^enough$/ : /may be left at rank 0, 1: /);
      assert.is(heard, 2, "nothing but the two requests that are to create it");
      assert.equal(parties.map((party) => party.sessions().length), [1, 1]);
      assert.is(await theirs.get(0, "value"), 1);
    });
  });
}

test("a session that one party lost goes on with its values once it is closed and created", async () => {
  await withDriver(2, async (driver, { endpoints, parties }) => {
    const session = await driver.session("study");
    await session.put(0, "value", 1);
    await session.put(1, "value", 2);
    await parties[1]!.session("study").suspend(); // as a restart does
    const error = await partyError<DriverError>(driver.attach("study"), "UNKNOWN_SESSION");
    assert.match(
      error.message,
      `Cannot attach to session study, which is lost at rank 1, as after a restart: ` +
        `closeSession() with keepSymbols, and create it again: Rank 1 at ${endpoints[1]} answered`,
    );
    assert.is(error.rank, 1);
    await driver.closeSession("study", { keepSymbols: true });
    assert.equal(parties.map((party) => party.sessions()), [[], []]);
    const again = await driver.session("study");
    assert.equal([await again.get(0, "value"), await again.get(1, "value")], [1, 2]);
    await again.close({ keepSymbols: true });
    const last = await driver.session("study");
    assert.is(await last.get(1, "value"), 2);
    await last.close();
    assert.equal(await (await driver.session("study")).symbols(0), []);
  });
});

test("a session that a party has is not taken over, nor deleted", async () => {
  await withDriver(3, async (driver, { endpoints, parties }) => {
    const theirs = await driver.session("theirs");
    await theirs.put(0, "value", 1);
    const others = new Driver([endpoints[2]!, endpoints[1]!]);
    for (const one of [driver, others]) {
      const error = await partyError<DriverError>(one.session("theirs"), "CONFLICT");
      assert.match(error.message, /has a session theirs already: use another name, or attach/);
      assert.is(error.url, one.endpoints[error.rank]);
    }
    assert.equal(parties.map((party) => party.sessions().length), [1, 1, 1]);
    assert.is(await theirs.get(0, "value"), 1);
  });
});

test("of two drivers that create a session of one name at once, one at most has it", async () => {
  await withDriver(3, async (_, { endpoints, parties }) => {
    const drivers = [new Driver(endpoints), new Driver(endpoints)];
    for (let round = 0; round < 10; round++) {
      const created = await Promise.allSettled(
        drivers.map((driver) => driver.session(`contested-${round}`)),
      );
      const won = created.filter(({ status }) => status === "fulfilled");
      assert.ok(won.length <= 1, `both have session contested-${round}`);
      for (const one of created) {
        if (one.status === "rejected") assert.is(one.reason.code, "CONFLICT", one.reason.message);
      }
      const left = parties.map((party) => party.sessions().length);
      assert.equal(left, Array(3).fill(won.length), "at all parties, or at none");
      for (const one of created) if (one.status === "fulfilled") await one.value.close();
    }
  });
});

test("a session whose first answer was lost is told, and not taken for another's", async () => {
  await withDriver(2, async (_, { endpoints, parties }) => {
    let lost = 0;
    const driver = new Driver(endpoints, {
      fetch: async (input, init) => {
        const { method, url } = input as Request;
        const response = await fetch(input, init);
        if (method !== "POST" || !url.startsWith(endpoints[1]!) || lost++ > 0) return response;
        throw new TypeError("the answer was lost");
      },
    });
    await (await driver.session()).close(); // a random name is its own for sure
    lost = 0;
    const error = await partyError<DriverError>(driver.session("named"), "CONFLICT");
    assert.match(error.message, /may be left at rank 1.*made by this very call/);
    assert.equal(parties.map((party) => party.sessions().length), [0, 1]);
  });
});

test("a hundred runs, and a dozen parties, of one signal are no leak of listeners", async () => {
  const warnings: string[] = [];
  const onWarning = (warning: Error) => void warnings.push(warning.message);
  process.on("warning", onWarning);
  try {
    await withDriver(12, async (driver) => {
      const { signal } = new AbortController();
      await (await driver.session("dozen", { signal })).close();
    });
    await withDriver(1, async (driver) => {
      const abort = new AbortController();
      const { signal } = abort;
      const session = await driver.session("hundred", { signal });
      await Promise.all(
        Array.from(
          { length: 100 },
          (_, at) => session.run("echo", { signal, outputs: [`o${at}`] }),
        ),
      );
      const idle = Array.from(
        { length: 20 },
        (_, at) => rejection(session.run("idle", { signal, outputs: [`i${at}`] })),
      );
      await moment(200);
      abort.abort(new Error("enough"));
      for (const error of await Promise.all(idle)) assert.is((error as Error).message, "enough");
    });
    await moment();
    assert.equal(warnings, []);
  } finally {
    process.off("warning", onWarning);
  }
});

test("a party that a gateway answers for while a program runs is given up within 5 seconds", async () => {
  await withDriver(2, async (_, { endpoints }) => {
    let isAway = false;
    const driver = new Driver(endpoints, {
      fetch: async (input, init) => {
        const { url } = input as Request;
        if (isAway && url.startsWith(endpoints[1]!)) return new Response("away", { status: 502 });
        const response = await fetch(input, init);
        if (!url.startsWith(endpoints[1]!) || response.body === null) return response;
        const reader = response.body.getReader();
        const body = new ReadableStream({
          async pull(controller) {
            const { value, done } = await reader.read();
            if (isAway) controller.error(new Error("cut"));
            else if (done) controller.close();
            else controller.enqueue(value);
          },
          cancel: () => reader.cancel(),
        });
        return new Response(body, response);
      },
    });
    const session = await driver.session();
    const running = new Set<number>();
    const run = session.run("steps-for-ever", {
      onProgress: ({ rank, state }) => void (state === "running" && running.add(rank)),
    });
    run.catch(() => {});
    await until(() => running.size === 2, "both run");
    const awaySince = performance.now();
    isAway = true;
    const error = await partyError<DriverError>(run, "PEER_UNREACHABLE");
    assert.is(error.rank, 1);
    const ms = performance.now() - awaySince;
    assert.ok(ms > 2_000 && ms < 5_000, `told after ${ms} ms`);
  });
});

test("a party that comes a second later is waited for", async () => {
  const port = await freePort();
  await withDriver(1, async (_, { endpoints }) => {
    const late = `http://127.0.0.1:${port}`;
    const creating = new Driver([endpoints[0]!, late]).session();
    await moment(1_000);
    await using party = createParty({ programs: DRIVEN_PROGRAMS });
    await using _server = await serve(party, { port, graceMs: 100 });
    const session = await creating;
    await session.run("echo", { params: 1 });
    await session.close();
  });
});

test("creating a session can be given up", async () => {
  const abort = new AbortController();
  const creating = new Driver([NOBODY]).session("s", { signal: abort.signal });
  setTimeout(() => abort.abort(new Error("enough")), 50);
  assert.is((await rejection(creating) as Error).message, "enough");
});

for (const failing of [0, 1, 2]) {
  test(`a run that fails at rank ${failing} names it, and not the echoes`, async () => {
    await withDriver(3, async (driver, { endpoints, parties }) => {
      const session = await driver.session();
      const error = await partyError<DriverError>(
        session.run("fails", { params: failing }),
        "INTERNAL",
      );
      assert.ok(error instanceof DriverError);
      assert.equal([error.rank, error.url], [failing, endpoints[failing]]);
      assert.match(error.message, `rank ${failing} at ${endpoints[failing]} failed first`);
      assert.not.match(JSON.stringify([error, error.message]), "4711");
      assert.is(error.failures[0]!.rank, failing);
      for (const party of parties) {
        assert.is(party.session(session.name).computations[0]!.hasEnded, true);
        assert.is(party.session(session.name).state, "open");
      }
      await session.run("echo", { params: 1 }); // the session goes on
    });
  });
}

test("a run that one party refuses is cancelled at the rest", async () => {
  await withDriver(3, async (driver, { parties }) => {
    const session = await driver.session();
    await session.put(0, "values", [1]);
    await session.put(2, "values", [1]);
    const error = await partyError<DriverError>(session.run("sum"), "UNKNOWN_SYMBOL");
    assert.is(error.rank, 1);
    const states = parties.map((party) => party.session(session.name).computations[0]!.state);
    assert.is(states[1], "failed");
    assert.ok([states[0], states[2]].every((state) => state === "failed" || state === "cancelled"));
  });
});

test("a signal cancels a run at all parties, which rejects with its reason", async () => {
  await withDriver(3, async (driver, { parties }) => {
    const session = await driver.session();
    const abort = new AbortController();
    const reason = new Error("lunch");
    const running = new Set<number>();
    const run = session.run("idle", {
      signal: abort.signal,
      onProgress: ({ rank, note }) => void (note === `idle at rank ${rank}` && running.add(rank)),
    });
    run.catch(() => {});
    await until(() => running.size === 3, "all run");
    abort.abort(reason);
    assert.is(await rejection(run), reason);
    for (const party of parties) {
      assert.is(party.session(session.name).computations[0]!.state, "cancelled");
    }
    assert.is(await rejection(session.run("echo", { signal: abort.signal })), reason);
    assert.is(parties[0]!.session(session.name).computations.length, 1); // nothing was sent
  });
});

test("a run that takes too long, or whose listener throws, is cancelled at all parties", async () => {
  await withDriver(2, async (driver, { parties }) => {
    const session = await driver.session();
    const late = await partyError(session.run("idle", { timeoutMs: 300 }), "CANCELLED");
    assert.match(late.message, /did not end within 300 ms/);
    assert.is(late.elapsedMs, 300);
    const fault = new Error("no such element");
    const onProgress = () => {
      throw fault;
    };
    assert.is(await rejection(session.run("idle", { onProgress })), fault);
    for (const party of parties) {
      const states = party.session(session.name).computations.map(({ state }) => state);
      assert.equal(states, ["cancelled", "cancelled"]);
    }
  });
});

test("a run that another cancels says so", async () => {
  await withDriver(2, async (driver, { endpoints }) => {
    const session = await driver.session("s");
    const run = session.run("idle", { id: "theirs" }).catch((error) => error);
    const other = await new Driver(endpoints).attach("s");
    await moment(200);
    await other.cancel("theirs");
    const error = await run;
    assert.ok(error instanceof DriverError);
    assert.is(error.code, "CANCELLED");
    assert.match(error.message, /^Computation theirs \(idle\).* was cancelled at rank \d at http/);
    assert.not.match(error.message, "failed");
    await other.cancel("theirs"); // again is no error
    await partyError(other.cancel("unknown"), "UNKNOWN_COMPUTATION");
  });
});

test("a failed session says who failed it", async () => {
  await withDriver(3, async (driver, { parties }) => {
    const session = await driver.session("s");
    const { communicator } = parties[1]!.session("s");
    await communicator.abort(new PartyError("MAILBOX_FULL", "too much unread"));
    await until(() => parties.every((party) => party.session("s").state === "failed"), "all heard");
    const error = await partyError<DriverError>(session.run("echo"), "MAILBOX_FULL");
    assert.is(error.rank, 1);
    assert.match(error.message, "too much unread");
    await session.close();
  });
});

test("closing goes on past a party that is gone, and tells of it", async () => {
  await withDriver(3, async (driver, { parties, servers }) => {
    const session = await driver.session("s");
    await servers[1]!.close();
    const error = await partyError<DriverError>(session.close(), "NETWORK");
    assert.is(error.rank, 1);
    assert.match(error.message, /^Session s is not closed at rank 1: Rank 1 at http/);
    assert.equal([0, 2].map((rank) => parties[rank]!.sessions()), [[], []]);
  });
});

const STRANGERS: [name: string, status: number, type: string, body: string, said: RegExp][] = [
  ["a web site", 200, "text/html", "<html>Welcome</html>", /status 200, text\/html and "<html>Wel/],
  ["a web site's 404", 404, "text/html", "<html>Not here</html>", /status 404, text\/html/],
  ["another API", 200, "application/json", '{"hello":"world"}', /status 200, application\/json/],
  ["a proxy's login", 302, "text/html", "moved", /status 302/],
];

for (const [name, status, type, body, said] of STRANGERS) {
  test(`an endpoint that is ${name} is told to be no party`, async () => {
    const stranger = await listen((request, response) => {
      request.resume();
      response.writeHead(status, { "content-type": type, location: "http://127.0.0.1:2/" });
      response.end(body);
    });
    try {
      await withDriver(1, async (_, { endpoints, parties }) => {
        const driver = new Driver([endpoints[0]!, stranger.url]);
        const error = await partyError<DriverError>(driver.session(), "NETWORK");
        assert.is(error.rank, 1);
        assert.match(error.message, said);
        assert.match(error.message, /as no party does: check that the endpoint is a party's/);
        assert.equal(parties[0]!.sessions(), []);
      });
    } finally {
      await stranger.close();
    }
  });
}

test("a party that does not answer is given up after the time of a request", async () => {
  const silent = await listen((request) => void request.resume());
  try {
    const driver = new Driver([silent.url], { timeoutMs: 100, awayMs: 0 });
    const error = await partyError<DriverError>(driver.session(), "NETWORK");
    assert.match(error.message, /did not answer POST \/sessions within 100 ms/);
  } finally {
    await silent.close();
  }
});

/** A port that nobody listens on, most likely. */
async function freePort(): Promise<number> {
  const { url, close } = await listen(() => {});
  await close();
  return Number(new URL(url).port);
}

test.run();
