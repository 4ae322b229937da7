import { Socket } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  createParty,
  Driver,
  type LogRecord,
  type Operator,
  type Party,
  PartyClient,
  serve,
  type Server,
  signRequests,
} from "../mod.ts";
import { contentDigest } from "../lib/security/signatures/profile.ts";
import { identitiesOf } from "./helpers/identities.ts";
import { program } from "./helpers/programs.ts";

type Sign = (request: Request) => Promise<Request>;

const keys = new Map<string, CryptoKey>();
const list: Operator[] = [];
for (
  const [id, ...allow] of [
    ["auditor", "read"],
    ["analyst", "read", "run"],
    ["colleague", "run"],
    ["keeper", "admin"],
  ] as [string, ...Operator["allow"]][]
) {
  const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
  const { publicKey, privateKey } = pair as CryptoKeyPair;
  keys.set(id, privateKey);
  list.push({ id, publicKey: (await crypto.subtle.exportKey("jwk", publicKey)).x!, allow });
}

const as = (id: string, clock = 0): Sign =>
  signRequests({ id, privateKey: keys.get(id)! }, { now: () => Date.now() + clock * 1_000 });

const pooled = program("pooled", async ({ communicator, rank }) => {
  return await communicator.allreduce(rank + 1, (one, other) => one + other);
});

let parties: Party[];
const records: LogRecord[] = [];
let servers: Server[];

test.before(async () => {
  parties = [];
  // A party knows its URL before it begins; here the ports are free ones.
  servers = await Promise.all(
    [0, 1, 2].map((rank) =>
      serve({ fetch: (request, context) => parties[rank]!.fetch(request, context) }, { port: 0 })
    ),
  );
  const identities = await identitiesOf(servers.map(({ url }) => url), list);
  parties = identities.map((identity) =>
    createParty({
      programs: [pooled],
      identity,
      maxRequestBytes: 4 * 1024 * 1024,
      log: (record) => void records.push(record),
    })
  );
});

test.after(async () => {
  await Promise.all(parties.map((party) => party.close()));
  await Promise.all(servers.map((server) => server.close()));
});

/** @returns the status, and the code of a problem */
async function outcome(response: Response): Promise<string> {
  const { code = "" } = await response.json().catch(() => ({})) as { code?: string };
  return `${response.status} ${code}`.trim();
}

function create(name: string, url = servers[0]!.url): Request {
  return new Request(`${url}/sessions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name, rank: 0, endpoints: servers.map((server) => server.url) }),
  });
}

test("a job runs for who may, from its session to its end", async () => {
  const driver = new Driver(servers.map(({ url }) => url), { authorize: as("analyst") });
  const session = await driver.session();
  await session.put(0, "values", new Float64Array(100_000), { kind: "share" });
  const states = new Set<string>();
  await session.run("pooled", { onProgress: ({ state }) => void states.add(state) });
  assert.ok(states.has("completed"));
  assert.is(await session.get(2, "result"), 6);
  assert.is((await session.get(0, "values") as Float64Array).length, 100_000);
  await session.close();
});

test("a signed symbol may be as large as any, and other bodies may not", async () => {
  const driver = new Driver(servers.map(({ url }) => url), { authorize: as("analyst") });
  const session = await driver.session();
  await session.put(0, "large", new Float64Array(1_000_000));
  assert.is((await session.get(0, "large") as Float64Array).length, 1_000_000);
  const params = "x".repeat(5 * 1024 * 1024);
  const error = await session.run("pooled", { params }).catch((error) => error);
  assert.match(error.message, /PAYLOAD_TOO_LARGE|more than 4194304 bytes/);
  await session.close();
});

test("every route wants a signature, but /health and those of parties", async () => {
  const { url } = servers[0]!;
  const authorized = await fetch(await as("auditor")(new Request(`${url}/openapi.json`)));
  const { paths } = await authorized.json() as { paths: Record<string, Record<string, unknown>> };
  const open: string[] = [];
  let refused = 0;
  for (const [path, operations] of Object.entries(paths)) {
    for (const method of Object.keys(operations)) {
      if (!/^(get|put|post|delete)$/.test(method)) continue;
      const place = `${method.toUpperCase()} ${path}`;
      const init = { method: method.toUpperCase(), headers: { "content-type": "text/plain" } };
      const answers = [await fetch(url + path.replaceAll(/\{\w+\}/g, "s"), init)];
      if (method === "get") {
        answers.push(await fetch(url + path.replaceAll(/\{\w+\}/g, "s"), { method: "HEAD" }));
      }
      for (const answer of answers) {
        const { status } = answer;
        await answer.body?.cancel();
        if (status !== 401) open.push(place);
        else refused++;
        assert.is(answer.headers.has("www-authenticate"), status === 401, place);
      }
    }
  }
  assert.equal([...new Set(open)].sort(), [
    "GET /health",
    "POST /sessions/{session}/abort",
    "POST /sessions/{session}/comm/link",
    "POST /sessions/{session}/comm/send",
  ]);
  assert.ok(refused > 25, `${refused} refused`);
});

test("refuses over sockets what is not an operator's own, and goes on", async () => {
  const { url } = servers[0]!;
  const sign = as("analyst");
  const once = await sign(create("once"));
  const later = await sign(create("later"));
  const cases: Record<string, [() => Promise<Request>, string]> = {
    "unsigned": [() => Promise.resolve(create("a")), "401 AUTHENTICATION"],
    "signed": [() => Promise.resolve(once.clone()), "200"],
    "replayed": [() => Promise.resolve(once.clone()), "401 AUTHENTICATION"],
    "to another party": [
      async () => {
        const { headers } = later;
        const body = await later.clone().text();
        return new Request(`${servers[1]!.url}/sessions`, { method: "POST", headers, body });
      },
      "401 AUTHENTICATION",
    ],
    "body changed": [
      async () => {
        const { headers } = later;
        const body = (await later.clone().text()).replace("later", "Later");
        return new Request(`${url}/sessions`, { method: "POST", headers, body });
      },
      "401 AUTHENTICATION",
    ],
    "body cut": [
      () => {
        const { headers } = later;
        return Promise.resolve(new Request(`${url}/sessions`, { method: "POST", headers }));
      },
      "401 AUTHENTICATION",
    ],
    "clock 20 s ahead": [() => as("analyst", 20)(create("b")), "200"],
    "clock 120 s ahead": [() => as("analyst", 120)(create("b")), "401 AUTHENTICATION"],
    "clock 120 s behind": [() => as("analyst", -120)(create("b")), "401 AUTHENTICATION"],
    "made before the party started": [
      () => as("analyst", -50)(create("b")),
      "401 AUTHENTICATION",
    ],
    "key of none": [
      () => signRequests({ id: "party-a", privateKey: keys.get("analyst")! })(create("c")),
      "401 AUTHENTICATION",
    ],
    "read": [() => as("auditor")(new Request(`${url}/status`)), "200"],
    "run with read": [() => as("auditor")(create("d")), "403 FORBIDDEN"],
    "delete with read": [
      () => as("auditor")(new Request(`${url}/sessions/once`, { method: "DELETE" })),
      "403 FORBIDDEN",
    ],
    "another's session": [
      () => as("colleague")(new Request(`${url}/sessions/once`, { method: "DELETE" })),
      "403 FORBIDDEN",
    ],
    "another's session, again made": [() => as("colleague")(create("once")), "200"],
    "and it stays another's": [
      () => as("colleague")(new Request(`${url}/sessions/once`, { method: "DELETE" })),
      "403 FORBIDDEN",
    ],
    "one's own": [
      () => as("analyst")(new Request(`${url}/sessions/once`, { method: "DELETE" })),
      "204",
    ],
    "another's with admin": [
      () => as("keeper")(new Request(`${url}/sessions/b`, { method: "DELETE" })),
      "204",
    ],
    "unknown path": [() => Promise.resolve(new Request(`${url}/secrets`)), "404 INVALID_REQUEST"],
    "too large": [
      () => sign(new Request(`${url}/sessions`, { method: "POST", body: "x".repeat(5 << 20) })),
      "413 PAYLOAD_TOO_LARGE",
    ],
  };
  for (const [name, [make, expected]] of Object.entries(cases)) {
    assert.is(await outcome(await fetch(await make())), expected, name);
    assert.is(await outcome(await fetch(`${url}/health`)), "200", name);
  }
  assert.is(await outcome(await fetch(await as("colleague")(create("e")))), "200");
});

test("reads no body for a stranger", async () => {
  const { port, url } = servers[1]!;
  const socket = new Socket();
  let said = "";
  socket.on("data", (data) => said += data);
  socket.on("error", () => {});
  const closed = new Promise((resolve) => socket.on("close", resolve));
  socket.connect(port, "127.0.0.1");
  const head = `POST /sessions HTTP/1.1\r\nhost: ${new URL(url).host}\r\n` +
    `content-type: application/json\r\ncontent-length: 4000000\r\n\r\n`;
  const startedAt = performance.now();
  socket.write(head);
  while (!said.includes("AUTHENTICATION")) {
    assert.ok(performance.now() - startedAt < 5_000, "no answer while the body is outstanding");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.match(said, /^HTTP\/1\.1 401 /);
  socket.destroy();
  await closed;
});

test("a body of another digest reaches no handler", async () => {
  const { url } = servers[2]!;
  const signed = await as("analyst")(create("swapped", url));
  const body = (await signed.text()).replace("swapped", "Swapped");
  const headers = new Headers(signed.headers);
  headers.set("content-digest", await contentDigest(new TextEncoder().encode(body)));
  const init = { method: "POST", headers, body };
  assert.is(await outcome(await fetch(`${url}/sessions`, init)), "401 AUTHENTICATION");
  const client = new PartyClient(url, { authorize: as("auditor") });
  assert.equal(await client.sessions(), []);
});

test("the log says who changed what, and who wanted to but may not", async () => {
  const { url } = servers[0]!;
  records.length = 0;
  await fetch(await as("analyst")(create("noted")));
  await fetch(await as("auditor")(new Request(`${url}/sessions/noted`, { method: "DELETE" })));
  await fetch(await as("auditor")(new Request(`${url}/sessions/noted`)));
  await fetch(`${url}/sessions/noted`, { method: "DELETE" });
  await fetch(await as("analyst")(new Request(`${url}/sessions/noted`, { method: "DELETE" })));
  const told = records
    .filter(({ message, fields: { route } }) =>
      message.startsWith("Request") && !/abort|comm/.test(String(route)) // of the other parties
    )
    .map(({ level, message, session, fields: { operator, method, status } }) =>
      [level, message, session, operator, method, status].filter((one) => one !== undefined)
        .join(" ")
    );
  assert.equal(told, [
    "info Request answered analyst POST 200",
    "warn Request refused noted auditor DELETE 403",
    "debug Request answered noted auditor GET 200",
    "debug Request answered noted DELETE 401",
    "info Request answered noted analyst DELETE 204",
  ]);
});

test("a client hears why", async () => {
  const client = new PartyClient(servers[0]!.url, { authorize: as("auditor") });
  const error = await client.deleteSession("e").catch((error) => error);
  assert.is(error.code, "FORBIDDEN");
  assert.match(error.message, /Operator auditor may read at this party, and this takes run/);
  const unsigned = await new PartyClient(servers[0]!.url).status().catch((error) => error);
  assert.is(unsigned.code, "AUTHENTICATION");
  assert.match(unsigned.message, /operator of this party signed .* give the operator's key/);
});

test.run();
