import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { VERSION } from "../mod.ts";
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

test("--help and --version print and end with 0", async () => {
  const help = await cli(["--help"]);
  assert.is(help.code, 0);
  for (const option of ["--rank", "--port", "--endpoints", "--config", "--run", "--json"]) {
    assert.match(help.stdout, option);
  }
  const version = await cli(["--version"]);
  assert.equal([version.code, version.stdout], [0, `${VERSION}\n`]);
});

const TWO = "--endpoints=http://127.0.0.1:1,http://127.0.0.1:2";
const USAGE_ERRORS: [string, string[], RegExp][] = [
  ["an unknown option", ["--nope"], /Unknown option .--nope./],
  ["a stray argument", ["stray"], /Unexpected argument .stray./],
  ["a rank that is no number", ["--rank=one"], /whole number/],
  ["a port beyond the last", ["--port=65536"], /from 0 to 65535/],
  ["an unknown job", ["--run=nope"], /hello, mean/],
  ["a job without a rank", ["--run=hello", TWO], /need --rank/],
  ["a job without endpoints", ["--run=hello", "--rank=0"], /--endpoints or --config/],
  ["a rank that has no endpoint", ["--run=hello", "--rank=2", TWO], /rank 2 does not exist/],
  ["an endpoint that is no URL", ["--run=hello", "--rank=0", "--endpoints=x"], /endpoints\.0/],
  ["a bad session name", ["--session=a/b", "--rank=0", TWO], /128 letters/],
  ["mean without data", ["--run=mean", "--rank=0", TWO], /needs --data and --column/],
  ["data without mean", ["--run=hello", "--rank=0", "--data=x.csv", TWO], /go with --run=mean/],
  ["both lists of parties", ["--config=p.json", TWO], /exclude each other/],
  ["a missing config", ["--config=/nowhere.json"], /Cannot read \/nowhere\.json/],
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
    [[...mean, `--data=${rows}`, "--column=x"], /"two" in column x, which is no number/],
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
    assert.is(sent.messages, 4);
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
  let response = await fetch(`${url}/sessions/listed`);
  for (let tries = 0; response.status === 404 && tries < 100; tries++) {
    await response.body?.cancel();
    await new Promise((resolve) => setTimeout(resolve, 20));
    response = await fetch(`${url}/sessions/listed`);
  }
  assert.equal(await response.json(), {
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
  const [first, second] = await startParties(
    [command, command],
    (rank) => rank === 0 ? ["--session=s"] : ["--session=s", "--run=hello"],
  ) as [ScriptProcess, ScriptProcess];
  await new Promise((resolve) => setTimeout(resolve, 500));
  second.kill("SIGTERM");
  assert.is(await second.exited, 1);
  assert.is(second.stderr.trim(), "partyline: Stopped by SIGTERM");
  first.kill("SIGTERM");
  assert.is(await first.exited, 0);
});

test("a port that is taken is one line and exit code 1", async () => {
  const party = new ScriptProcess(command, "scripts/party.ts", ["--port=0", "--json"]);
  const { port } = new URL(JSON.parse(await party.line()).url);
  const { code, stderr } = await cli([`--port=${port}`]);
  assert.is(code, 1);
  assert.match(stderr, `Cannot listen on 127.0.0.1 port ${port}`);
  party.kill("SIGTERM");
  await party.exited;
});

test.run();
