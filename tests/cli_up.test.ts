import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import process from "node:process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { ScriptProcess } from "../scripts/processes.ts";
import {
  type Cluster,
  partylineIn,
  partylineJson,
  startCluster,
  startPartyline,
} from "./helpers/cluster.ts";
import { partyline } from "./helpers/command_line.ts";
import { startGateway } from "./helpers/gateway.ts";

const folder = await mkdtemp(`${tmpdir()}/partyline-up-`);
test.after(() => rm(folder, { recursive: true }));

async function file(name: string, text: string): Promise<string> {
  const path = `${folder}/${name}`;
  await writeFile(path, text);
  return path;
}

/** Reads a process's lines until each of the patterns was met. */
async function linesUntil(process: ScriptProcess, ...patterns: RegExp[]): Promise<string[]> {
  const lines: string[] = [];
  while (!patterns.every((pattern) => lines.some((line) => pattern.test(line)))) {
    lines.push(await process.line());
  }
  return lines;
}

async function isUp(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health`)).ok;
  } catch {
    return false;
  }
}

test("up labels the parties' lines, and SIGINT or SIGTERM ends all of them with 0", async () => {
  await Promise.all((["SIGINT", "SIGTERM"] as const).map(async (signal) => {
    const config = `${folder}/${signal}.json`;
    const up = startPartyline("up", "--parties=2", "--port=0", `--write-config=${config}`);
    const lines = await linesUntil(up, /Ctrl-C/);
    assert.match(lines.at(-1)!, `partyline run hello --config ${config}`);
    const { parties } = JSON.parse(await readFile(config, "utf8"));
    assert.is(parties.length, 2);
    for (const [rank, { url }] of parties.entries()) {
      assert.ok(lines.includes(`Party ${rank} listens on ${url}`), lines.join("\n"));
    }
    const { code, stderr } = await partyline("run", "hello", `--config=${config}`);
    assert.is(code, 0, stderr);
    await linesUntil(up, /^\[0\] .*closed/, /^\[1\] .*closed/);
    up.kill(signal);
    assert.is(await up.exited, 0, up.stderr);
    for (const { url } of parties) assert.not.ok(await isUp(url), url);
  }));
});

const CRASH = `
  import process from "node:process";
  const program = (name, run) =>
    ({ name, version: "1", description: "", inputs: {}, outputs: {}, run });
  export default program("crash", ({ rank }) => rank === 1 ? process.exit(3) : new Promise(() => {}));`;

const DEATHS: [string, (cluster: Cluster) => unknown, RegExp][] = [
  [
    "is killed",
    ({ pids }) => process.kill(pids[1]!, "SIGKILL"),
    /Party 1 ended with SIGKILL; the other parties were ended too/,
  ],
  [
    "ends by itself",
    ({ config }) => partyline("run", "crash", `--config=${config}`),
    /Party 1 ended with exit code 3;/,
  ],
];

test("when a party ends, that is told, the others are ended, and up ends with 1", async () => {
  const program = await file("crash.js", CRASH);
  await Promise.all(DEATHS.map(async ([what, die, message]) => {
    const cluster = await startCluster(
      `${folder}/${what.replaceAll(" ", "-")}.json`,
      ...["--parties=2", `--program=${program}`],
    );
    await die(cluster);
    assert.is(await cluster.up.exited, 1, what);
    assert.match(cluster.up.stderr, message);
    for (const url of cluster.urls) assert.not.ok(await isUp(url), url);
  }));
});

const BAD_PROGRAMS: [string, string | undefined, RegExp][] = [
  ["nowhere.ts", undefined, /Cannot load .*nowhere\.ts/],
  ["empty.ts", "export {};", /its default export is to be a program, or an array of them/],
  ["broken.ts", "export default {{{;", /Cannot load .*broken\.ts/],
  ["twice.js", CRASH.replaceAll('"crash"', '"hello"'), /there is a program hello already/],
];

for (const [name, text, message] of BAD_PROGRAMS) {
  test(`the program file ${name} is refused in one line`, async () => {
    const path = text === undefined ? `${folder}/${name}` : await file(name, text);
    const { code, stderr } = await partyline("serve", "--port=0", `--program=${path}`);
    assert.is(code, 1, stderr);
    assert.match(stderr, message);
    assert.is(stderr.trim().split("\n").length, 1, stderr);
  });
}

test("what a party says that does not start is shown with its rank", async () => {
  const { code, stdout, stderr } = await partyline(
    ...["up", "--port=0", "--parties=2", `--write-config=${folder}/none.json`],
    ...["--data=1:table=/nowhere.csv"],
  );
  assert.is(code, 1);
  assert.match(stdout, /\[1\] partyline: Cannot read \/nowhere\.csv/);
  assert.not.match(stdout, '"event":"error"'); // the same for machines
  assert.not.match(stdout, /^\n|\n\n/);
  assert.match(stderr, /^partyline: Party 1 ended with exit code 1;.*\n$/);
});

test("up does not write over a list of other parties unless it is told to", async () => {
  const listed = '{"parties": [{"id": "precious", "url": "https://party.example"}]}';
  const path = await file("parties.json", listed);
  const { code, stderr } = await partylineIn(folder, "up", "--port=0", "--parties=1");
  assert.is(code, 1);
  assert.match(stderr, /Cannot write parties\.json: .* --write-config/);
  assert.is(await readFile(path, "utf8"), listed);
  const { up, urls } = await startCluster(path, "--parties=1");
  // What is in the folder's parties.json needs no --config.
  const status = await partylineIn(folder, "status", "--json");
  assert.is(JSON.parse(status.stdout).parties[0].url, urls[0], status.stderr);
  up.kill("SIGINT");
  assert.is(await up.exited, 0, up.stderr);
});

test("up hands what follows -- to each party, and doctor tells its limit from a gateway's", async () => {
  const { up, config, urls } = await startCluster(
    `${folder}/limits.json`,
    ...["--parties=2", "--", "--max-request-bytes", "1000000"],
  );
  const gateway = await startGateway(() => urls[1]!, { kind: "caps", maxBodyBytes: 300_000 });
  const sizes = async (config: string) => {
    const { code, lines: [{ checks }] } = await partylineJson("doctor", `--config=${config}`);
    assert.is(code, 0);
    return checks.filter(({ check }: { check: string }) => check === "request size");
  };
  const own = await sizes(config);
  for (const { state, detail } of own) {
    assert.is(state, "ok");
    assert.match(detail, /^9\d\d KiB pass, .* do not: the party's own limit$/);
  }
  const parties = [urls[0]!, gateway.url].map((url, rank) => ({ id: `${rank}`, url }));
  const [direct, capped] = await sizes(await file("gateway.json", JSON.stringify({ parties })));
  assert.is(direct.state, "ok");
  assert.is(capped.state, "warn");
  assert.match(capped.detail, /^2\d\d KiB pass, .* do not: (a gateway answers 413|the connection)/);
  assert.match(capped.advice, "client_max_body_size");
  await gateway.close();
  up.kill("SIGINT");
  assert.is(await up.exited, 0, up.stderr);
});

/** What stands before a party, and lets only some requests through as they are. */
async function startMeddler(
  target: string,
  meddle: (path: string, pass: () => Promise<Response>) => Promise<Response>,
) {
  const server = createServer(async (request, response) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method, url, headers } = request;
    const pass = () =>
      fetch(target + url, {
        method,
        headers: { "content-type": headers["content-type"] ?? "text/plain" },
        ...chunks.length === 0 ? {} : { body: new Blob(chunks as BlobPart[]) },
      });
    const answer = await meddle(url!, pass);
    const type = answer.headers.get("content-type") ?? "text/plain";
    response.writeHead(answer.status, { "content-type": type });
    response.end(new Uint8Array(await answer.arrayBuffer()));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

test("doctor tells what is wrong: no party, a wrong clock, parties that do not reach each other", async () => {
  const { up, urls } = await startCluster(`${folder}/wrong.json`, "--parties=2");
  const page = await startMeddler(
    urls[1]!,
    () => Promise.resolve(new Response("<html>Welcome</html>")),
  );
  const fast = await startMeddler(urls[1]!, async (path, pass) => {
    const answer = await pass();
    if (path !== "/status") return answer;
    const status = await answer.json();
    return Response.json({ ...status, time: new Date(Date.now() + 60_000).toISOString() });
  });
  const deaf = await startMeddler(
    urls[1]!,
    (path, pass) => path.includes("/comm/") ? new Promise(() => {}) : pass(),
  );
  const examine = async (second: string) => {
    const parties = [urls[0]!, second].map((url, rank) => ({ id: `${rank}`, url }));
    const config = await file("examined.json", JSON.stringify({ parties }));
    const { code, lines: [{ checks }] } = await partylineJson(
      ...["doctor", `--config=${config}`, "--timeout-ms=3000"],
    );
    const found = (checks as { check: string; rank: number; state: string; detail: string }[])
      .filter(({ state }) => state !== "ok");
    return { code, found };
  };

  const noParty = await examine(page.url);
  assert.is(noParty.code, 1);
  assert.equal([noParty.found[0]!.check, noParty.found[0]!.rank], ["answer", 1]);
  assert.match(noParty.found[0]!.detail, "Welcome");

  const { found: [clock] } = await examine(fast.url);
  assert.equal([clock!.check, clock!.state], ["clock", "warn"]);
  assert.match(clock!.detail, /^(60\.\d|59\.9) s ahead of/);

  const apart = await examine(deaf.url);
  assert.is(apart.code, 1);
  assert.equal(apart.found.map(({ check }) => check), ["together"]);
  assert.match(apart.found[0]!.detail, /rank 1 has not heard from rank 0/);

  for (const meddler of [page, fast, deaf]) meddler.close();
  up.kill("SIGINT");
  assert.is(await up.exited, 0, up.stderr);
});

test.run();
