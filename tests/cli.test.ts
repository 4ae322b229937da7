import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { VERSION } from "../mod.ts";
import { readColumn } from "../scripts/cli/table.ts";
import {
  findRuntimes,
  OWN_RUNTIME,
  ROOT,
  ScriptProcess,
  startParties,
} from "../scripts/processes.ts";
import { runCommand } from "./helpers/command.ts";

const command = findRuntimes().get(OWN_RUNTIME)!;
const folder = await mkdtemp(`${tmpdir()}/partyline-cli-`);
test.after(() => rm(folder, { recursive: true }));

function cli(args: string[], input?: string) {
  return runCommand([...command, `${ROOT}scripts/party.ts`, ...args], { cwd: ROOT, input });
}

async function file(name: string, text: string): Promise<string> {
  const path = `${folder}/${name}`;
  await writeFile(path, text);
  return path;
}

/** The status of a request; undefined when the connection is refused. */
async function statusOf(url: string, init?: RequestInit): Promise<number | undefined> {
  try {
    const response = await fetch(url, init);
    await response.body?.cancel();
    return response.status;
  } catch {
    return undefined;
  }
}

/** Waits until a party has created a session. */
async function sessionAt(url: string, name: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await statusOf(`${url}/sessions/${name}`) === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${url} has no session ${name} after 4 seconds`);
}

/** What a promise gives, or "late": a party that waits for its own timeout takes two minutes. */
function soon<T>(promise: Promise<T>): Promise<T | "late"> {
  let timer: ReturnType<typeof setTimeout>;
  const late = new Promise<"late">((resolve) => timer = setTimeout(() => resolve("late"), 30_000));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

test("--help and --version print and end with 0, also in their short forms", async () => {
  const help = await cli(["--help"]);
  assert.is(help.code, 0);
  for (const option of ["--rank", "--port", "--endpoints", "--config", "--run", "--json"]) {
    assert.match(help.stdout, option);
  }
  assert.equal(await cli(["-h"]), help);
  for (const option of ["--version", "-v"]) {
    const version = await cli([option]);
    assert.equal([version.code, version.stdout], [0, `${VERSION}\n`]);
  }
});

const TWO = "--endpoints=http://127.0.0.1:1,http://127.0.0.1:2";
const LISTED = await file(
  "bad.json",
  '{"parties": [{"id": "a", "url": "http://a"}, {"id": "b", "url": "ftp://b"}]}',
);
const USAGE_ERRORS: [string, string[], RegExp][] = [
  ["an unknown option", ["--nope"], /Unknown option .--nope./],
  ["a stray argument", ["stray"], /Unexpected argument .stray./],
  ["a rank that is no number", ["--rank=one"], /whole number/],
  ["a port beyond the last", ["--port=65536"], /from 0 to 65535/],
  ["an unknown job", ["--run=nope"], /hello, mean/],
  ["a job without a rank", ["--run=hello", TWO], /need --rank/],
  ["a job without endpoints", ["--run=hello", "--rank=0"], /--endpoints or --config/],
  ["a rank that has no endpoint", ["--run=hello", "--rank=2", TWO], /rank 2 does not exist/],
  ["an endpoint that is no URL", ["--run=hello", "--rank=0", "--endpoints=x"], /endpoints\[0\]/],
  ["a bad session name", ["--session=a/b", "--rank=0", TWO], /128 letters/],
  ["mean without data", ["--run=mean", "--rank=0", TWO], /needs --data and --column/],
  ["data without mean", ["--run=hello", "--rank=0", "--data=x.csv", TWO], /go with --run=mean/],
  ["both lists of parties", ["--config=p.json", TWO], /exclude each other/],
  ["a missing config", ["--config=/nowhere.json"], /Cannot read \/nowhere\.json/],
  ["serving with a bad endpoint", ["--endpoints=http://a,x"], /endpoints\[1\]/],
  ["serving with a bad endpoint in a file", [`--config=${LISTED}`, "--rank=0"], /endpoints\[1\]/],
  ["serving with a rank without endpoint", ["--rank=2", TWO], /rank 2 does not exist/],
  ["an endpoint twice", ["--rank=0", "--endpoints=http://a:80,http://A/"], /twice/],
  ["waiting for endpoints without need", ["--endpoints=-"], /needs --run or --session/],
];

for (const [what, args, message] of USAGE_ERRORS) {
  test(`${what} is bad usage: one line, exit code 2`, async () => {
    const { code, stdout, stderr } = await cli(args);
    assert.is(code, 2, stderr);
    assert.is(stdout, "");
    assert.match(stderr, message);
    assert.is(stderr.trim().split("\n").length, 1, stderr);
  });
}

test("a job that fails is one line and exit code 1", async () => {
  const rows = await file("rows.csv", "x\n1\ntwo\n");
  const mean = ["--run=mean", "--rank=0", "--port=0", TWO];
  const failures: [string[], RegExp][] = [
    [[...mean, `--data=${rows}`, "--column=y"], /no column "y"; it has x/],
    [[...mean, `--data=${rows}`, "--column=x"], /"two" for a number, in line 3 of .*column x/],
    [[...mean, `--data=${folder}/none.csv`, "--column=x"], /Cannot read .*none\.csv/],
    [
      ["--run=hello", "--rank=0", "--port=0", "--timeout-ms=300", TWO],
      /Cannot send key .* to rank 1/,
    ],
  ];
  for (const [args, message] of failures) {
    const { code, stderr } = await cli(args);
    assert.is(code, 1, stderr);
    assert.match(stderr, message);
    assert.is(stderr.trim().split("\n").length, 1, stderr);
  }
});

const BAD_TABLES: [string, string, RegExp][] = [
  ["a number that is not decimal", "x\n1\n0x10\n", /"0x10" for a number, in line 3/],
  ["an infinite number", "x\nInfinity\n", /"Infinity" for a number/],
  ["a number beyond all bounds", "x\n1e999\n", /"1e999" for a number/],
  ["a bad value after blank and broken lines", '"y",x\n\n"a\nb",1\nc,?\n', /"\?" .* line 5/],
  ["a column that is there twice", "x,y,x\n1,2,3\n", /has column "x" more than once/],
  ["an empty file", "", /is empty/],
  ["another delimiter", "x;y\n1,5;2\n", /on line 2; put commas between values/],
];

for (const [what, text, message] of BAD_TABLES) {
  test(`a table with ${what} is refused`, async () => {
    const path = await file("bad.csv", text);
    try {
      await readColumn(path, "x");
    } catch (error) {
      return assert.match((error as Error).message, message);
    }
    assert.unreachable("it was taken");
  });
}

test("decimal numbers of every form are taken, and what is missing is counted", async () => {
  const path = await file("good.csv", "x\n-1\n+1.5\n.5\n2.\n1e3\n2.5E-1\nNA\nn/a\nNaN\nnull\n");
  assert.equal(await readColumn(path, "x"), { values: [-1, 1.5, 0.5, 2, 1000, 0.25], missing: 4 });
});

test("parties with different columns or jobs end with 1, and one line that says so", async () => {
  const rows = await file("both.csv", "x,y\n1,2\n3,4\n");
  const mean = (column: string) => ["--run=mean", `--data=${rows}`, `--column=${column}`];
  for (const other of [mean("y"), ["--run=hello"]]) {
    const parties = await startParties(
      [command, command],
      (rank) => ["--session=s", ...rank === 0 ? mean("x") : other],
    );
    for (const party of parties) {
      assert.is(await soon(party.exited), 1, party.stderr);
      assert.match(party.stderr, '{"job":"mean","params":{"column":"x"}}');
      assert.match(party.stderr, other[0] === "--run=hello" ? '"job":"hello"' : '{"column":"y"}');
      assert.match(party.stderr, "start every party with the same");
      assert.is(party.stderr.trim().split("\n").length, 1, party.stderr);
    }
  }
});

test("mean leaves out and counts rows without a value, and quotes and blanks do no harm", async () => {
  const first = await file("first.csv", '\uFEFFname,"the, x"\n"a ""b""", 1\nc,NA\n\nd,"2"\n');
  const second = await file("second.csv", 'name,"the, x"\ne,\nf,6\n');
  const parties = await startParties([command, command], (rank) => [
    "--run=mean",
    "--column=the, x",
    `--data=${[first, second][rank]}`,
  ]);
  for (const [rank, party] of parties.entries()) {
    const { held, result, sent } = JSON.parse(await party.line());
    assert.equal(held, [{ values: 2, missing: 1 }, { values: 1, missing: 1 }][rank]);
    assert.equal([result.count, result.missing, result.mean], [3, 2, 3]);
    assert.ok(Math.abs(result.standardDeviation - Math.sqrt(7)) < 1e-6);
    assert.is(sent.messages, 5);
    assert.is(await party.exited, 0);
  }
});

test("the parties can be listed in a file, whose port is the default", async () => {
  // A port that was free a moment ago; what is tested is that the party asks for this one.
  const probe = new ScriptProcess(command, "scripts/party.ts", ["--port=0", "--json"]);
  const { url } = JSON.parse(await probe.line());
  probe.kill("SIGTERM");
  await probe.exited;

  const parties = [{ id: "a", url }, { id: "b", url: "http://127.0.0.1:1", public_key: "later" }];
  const config = await file("parties.json", JSON.stringify({ parties, operators: [] }));
  const args = ["--rank=0", `--config=${config}`, "--session=listed", "--json"];
  const party = new ScriptProcess(command, "scripts/party.ts", args);
  assert.equal(JSON.parse(await party.line()), { event: "listening", url, rank: 0 });
  await sessionAt(url, "listed");
  const { peers, ...listed } = await (await fetch(`${url}/sessions/listed`)).json();
  assert.equal(peers.map(({ rank }: { rank: number }) => rank), [1]);
  assert.equal(listed, {
    name: "listed",
    rank: 0,
    world_size: 2,
    endpoints: [url, "http://127.0.0.1:1"],
    state: "open",
  });
  party.kill("SIGTERM");
  assert.is(await party.exited, 0, party.stderr);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`${signal} ends a serving party with 0, in good order`, async () => {
    const party = new ScriptProcess(command, "scripts/party.ts", ["--rank=3", "--port=0"]);
    assert.match(await party.line(), /^Party 3 listens on http:\/\/127\.0\.0\.1:\d+$/);
    party.kill(signal);
    assert.is(await party.exited, 0, party.stderr);
  });
}

test("SIGTERM ends a job that waits with 1, and the other party hears of it at once", async () => {
  // Both wait for the third, which only serves.
  const parties = await startParties(
    [command, command, command],
    (rank) => rank === 2 ? ["--session=s"] : ["--session=s", "--run=hello"],
  );
  await Promise.all(parties.map((party) => sessionAt(party.url, "s")));
  const [first, second, third] = parties as [ScriptProcess, ScriptProcess, ScriptProcess];
  second.kill("SIGTERM");
  assert.is(await soon(second.exited), 1);
  assert.is(second.stderr.trim(), "partyline: Stopped by SIGTERM");
  assert.is(await soon(first.exited), 1);
  assert.match(first.stderr, /^partyline: Rank 1 failed .*Stopped by SIGTERM.*\n$/);
  third.kill("SIGTERM");
  assert.is(await soon(third.exited), 0);
});

test("a party that is being stopped takes nothing new", async () => {
  // A party that hears the farewell and does not answer: until its deadline the stop goes on.
  let onFarewell = () => {};
  const farewell = new Promise<void>((resolve) => onFarewell = resolve);
  const silent = createServer((socket) => socket.on("error", () => {}).once("data", onFarewell));
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const party = new ScriptProcess(command, "scripts/party.ts", ["--port=0", "--json"]);
  const { url } = JSON.parse(await party.line());
  const create = (name: string) => {
    const endpoints = [url, `http://127.0.0.1:${(silent.address() as AddressInfo).port}`];
    const body = JSON.stringify({ name, rank: 0, endpoints });
    const headers = { "content-type": "application/json" };
    return statusOf(`${url}/sessions`, { method: "POST", headers, body });
  };
  assert.is(await create("before"), 200);
  party.kill("SIGTERM");
  await farewell;
  assert.ok([503, undefined].includes(await create("after")));
  assert.is(await soon(party.exited), 0, party.stderr);
  silent.close();
});

for (const half of ["POST /sessions HTT", "POST /sessions HTTP/1.1\r\nhost: a\r\n"]) {
  const headers = "content-type: application/json\r\ncontent-length: 99\r\n\r\n{";
  const what = half.endsWith("\n") ? "the body of a request" : "its first line";
  test(`a party that is stopped ends, though a client sends but half of ${what}`, async () => {
    const party = new ScriptProcess(command, "scripts/party.ts", ["--port=0", "--json"]);
    const { port } = new URL(JSON.parse(await party.line()).url);
    const client = connect(Number(port), "127.0.0.1").on("error", () => {});
    client.write(half.endsWith("\n") ? half + headers : half);
    await new Promise((resolve) => setTimeout(resolve, 200));
    party.kill("SIGTERM");
    assert.is(await soon(party.exited), 0, party.stderr);
    client.destroy();
  });
}

test("a port that is taken is one line and exit code 1", async () => {
  const party = new ScriptProcess(command, "scripts/party.ts", ["--port=0", "--json"]);
  const { port } = new URL(JSON.parse(await party.line()).url);
  const { code, stderr } = await cli([`--port=${port}`]);
  assert.is(code, 1);
  assert.match(stderr, `Cannot listen on 127.0.0.1 port ${port}`);
  party.kill("SIGTERM");
  await party.exited;
});

test("the test runner refuses what it does not know", async () => {
  const refusals: [string[], string][] = [
    [["layers", "nope"], 'No test file has "nope" in its name: see tests/'],
    [["--nope"], "Unknown option '--nope'"],
    [["--only=bun"], "Cannot test only bun: give node or deno"],
  ];
  for (const [args, message] of refusals) {
    const { code, stdout, stderr } = await runCommand(
      [...command, `${ROOT}scripts/test.ts`, ...args],
    );
    assert.equal([code, stdout, stderr.trim()], [2, "", message]);
  }
});

test.run();
