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
import { type CommandResult, runCommand } from "./helpers/command.ts";
import { partyline } from "./helpers/command_line.ts";

const command = findRuntimes().get(OWN_RUNTIME)!;
const folder = await mkdtemp(`${tmpdir()}/partyline-cli-`);
test.after(() => rm(folder, { recursive: true }));

/** The command line in a process of its own. */
function cli(...args: string[]) {
  return runCommand([...command, `${ROOT}scripts/party.ts`, ...args], { cwd: ROOT });
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

const COMMANDS = [
  "serve",
  "up",
  "run",
  "status",
  "doctor",
  "programs",
  "sessions",
  "symbols",
  "cancel",
  "keygen",
  "config",
];

test("--help and --version print and end with 0, also in their short forms", async () => {
  const [help, short, ...versions] = await Promise.all(
    ["--help", "-h", "--version", "-v"].map((option) => cli(option)),
  ) as [CommandResult, CommandResult, CommandResult, CommandResult];
  assert.is(help.code, 0);
  for (const command of COMMANDS) assert.match(help.stdout, `\n  ${command} `);
  for (const code of ["0 ", "1 ", "2 ", "130"]) assert.match(help.stdout, `\n  ${code} `);
  assert.equal(short, help);
  for (const { code, stdout } of versions) assert.equal([code, stdout], [0, `${VERSION}\n`]);
});

for (const command of COMMANDS) {
  test(`${command} --help has all options and an example, in 80 columns`, async () => {
    const { code, stdout, stderr } = await partyline(command, "--help");
    assert.equal([code, stderr], [0, ""]);
    assert.match(stdout, `Usage: partyline ${command} `);
    assert.match(stdout, "--json");
    assert.match(stdout, /\nExamples?[:,].*\n {2}partyline /);
    for (const line of stdout.split("\n")) assert.ok(line.length <= 80, line);
  });
}

const TWO = "--endpoints=http://127.0.0.1:1,http://127.0.0.1:2";
const LISTED = await file(
  "bad.json",
  '{"parties": [{"id": "a", "url": "http://a"}, {"id": "b", "url": "ftp://b"}]}',
);
const SEVERAL = await file(
  "several.json",
  '{"parties": [{"id": "a", "url": "http://a"}, {"id": "b", "url": "http://b"}]}',
);
const USAGE_ERRORS: [string, string[], RegExp][] = [
  ["an unknown option", ["--nope"], /Unknown option .--nope./],
  ["an unknown command", ["stauts"], /Unknown command .stauts. \(Did you mean status\?\)/],
  ["a command with an unknown option", ["run", "hello", "--jsn"], /--jsn.*Did you mean --json/],
  ["a stray argument", ["serve", "stray"], /Too many arguments/],
  ["a missing argument", ["symbols"], /Missing required argument 'session'/],
  ["a rank that is no number", ["--rank=one"], /whole number/],
  ["a port beyond the last", ["--port=65536"], /from 0 to 65535/],
  ["an unknown program", ["--run=nope", "--rank=0", TWO], /use one of hello, mean, sum.*--program/],
  ["a program without a rank", ["--run=hello", TWO], /need --rank/],
  ["a program without endpoints", ["--run=hello", "--rank=0"], /--endpoints or --config/],
  ["a rank that has no endpoint", ["--run=hello", "--rank=2", TWO], /rank 2 does not exist/],
  ["an endpoint that is no URL", ["--run=hello", "--rank=0", "--endpoints=x"], /endpoints\[0\]/],
  ["a bad session name", ["--session=a/b", "--rank=0", TWO], /128 letters/],
  ["params without a program", ["--param=column=x"], /--param needs --run/],
  ["a list without a rank", [`--config=${SEVERAL}`], /lists 2 parties.* by --rank, or by --key/],
  ["a value to put without a file", ["run", "sum", "--put=0:x"], /RANK:NAME=FILE/],
  ["an input without a symbol", ["run", "sum", "--input=x"], /NAME=SYMBOL/],
  ["an output without a symbol", ["run", "sum", "--output=x"], /NAME=SYMBOL/],
  ["a param without a value", ["--run=hello", "--rank=0", TWO, "--param=x"], /NAME=VALUE/],
  ["a param twice", ["--run=hello", "--param=x=1", "--param=x=2"], /x is there already/],
  ["a param that would be rounded", ["--run=hello", "--param=x=12345678901234567890"], /bigint/],
  ["data without a name", ["--data=x.csv"], /NAME=FILE/],
  ["an unknown form of log", ["--log=xml"], /pretty, json, none/],
  ["data for a rank that is not there", ["up", "--data=3:x=x.csv"], /rank 3.*3 parties/],
  ["ports beyond the last", ["up", "--port=65534"], /Cannot use ports/],
  ["both lists of parties", ["--config=p.json", TWO], /exclude each other/],
  ["a missing config", ["--config=/nowhere.json"], /Cannot read \/nowhere\.json/],
  ["serving with a bad endpoint", ["--endpoints=http://a,x"], /endpoints\[1\]/],
  ["serving with a bad URL in a file", [`--config=${LISTED}`, "--rank=0"], /parties\[1\]\.url/],
  ["serving with a rank without endpoint", ["--rank=2", TWO], /rank 2 does not exist/],
  ["an endpoint twice", ["--rank=0", "--endpoints=http://a:80,http://A/"], /twice/],
  ["waiting for endpoints without need", ["--endpoints=-"], /needs --run or --session/],
];

/** It ended with that code, one line on standard error and nothing on standard output. */
function assertOneLine({ code, stdout, stderr }: CommandResult, expected: number, said: RegExp) {
  assert.is(code, expected, stderr);
  assert.is(stdout, "");
  assert.match(stderr, said);
  assert.match(stderr, /^partyline: [^\n]+\n$/);
}

for (const [what, args, message] of USAGE_ERRORS) {
  test(`${what} is bad usage: one line, exit code 2`, async () => {
    assertOneLine(await partyline(...args), 2, message);
  });
}

test("a process ends with the code of what it ran", async () => {
  const [usage, failed] = await Promise.all([
    cli("--nope"),
    cli("--port=0", "--data=x=/nowhere.csv"),
  ]);
  assertOneLine(usage!, 2, /Unknown option .--nope./);
  assertOneLine(failed!, 1, /Cannot read \/nowhere\.csv/);
});

test("with --json a failure is a line for machines, too", async () => {
  const failures: [string[], object][] = [
    [["--nope", "--json"], { code: "USAGE", rank: null }],
    [["--port=0", "--json", "--data=x=/nowhere.csv"], { code: "FAILED", rank: null }],
    [
      ["--run=mean", "--rank=0", "--port=0", "--endpoints=http://127.0.0.1:1", "--json"],
      { code: "INVALID_REQUEST", rank: null },
    ],
    [
      ["--run=hello", "--rank=0", "--port=0", "--timeout-ms=300", TWO, "--json"],
      { code: "SEND_TIMEOUT", rank: 1 },
    ],
  ];
  for (const [args, expected] of failures) {
    const { stdout, stderr } = await partyline(...args);
    const { event, message, ...rest } = JSON.parse(stdout.trim().split("\n").at(-1)!);
    assert.equal([event, rest], ["error", expected], stdout);
    assert.ok(stderr.startsWith(`partyline: ${message}`), stderr);
  }
  // What follows -- is for others.
  assert.is((await partyline("status", "--config=/nowhere.json", "--", "--json")).stdout, "");
});

test("a program that fails is one line and exit code 1", async () => {
  const rows = await file("rows.csv", "x\n1\ntwo\n");
  const alone = ["--rank=0", "--port=0", "--endpoints=http://127.0.0.1:1"];
  const mean = (column: string) => ["--run=mean", ...alone, `--param=column=${column}`];
  const failures: [string[], RegExp][] = [
    [[...mean("y"), `--data=table=${rows}`], /no column "y"/],
    [[...mean("x"), `--data=table=${rows}`], /Column "x" of the table holds text/],
    [[...mean("x"), `--data=table=${folder}/none.csv`], /Cannot read .*none\.csv/],
    [mean("x"), /table/],
    [
      ["--run=mean", ...alone, `--data=table=${rows}`],
      /Cannot run mean .*: column is missing; give --param column=\.\.\.\n/,
    ],
    [
      [...mean("5"), `--data=table=${rows}`],
      /: column has to be a string, not a number; write .* as --param 'column="5"'\n/,
    ],
    [[...mean("x"), "--param=foo=1"], /: there is no foo; it takes column\n/],
    [
      ["--run=hello", "--rank=0", "--port=0", "--timeout-ms=300", TWO],
      /Cannot send key .* to rank 1/,
    ],
  ];
  for (const [args, message] of failures) {
    const { code, stderr } = await partyline(...args);
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
  ["a column that is there twice", "x,y,x\n1,2,3\n", /one name for columns 1 and 3, on line 1/],
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

test("parties with different columns or programs end with 1, and one line that says so", async () => {
  const rows = await file("both.csv", "x,y\n1,2\n3,4\n");
  const mean = (
    column: string,
  ) => ["--run=mean", `--data=table=${rows}`, `--param=column=${column}`];
  await Promise.all([mean("y"), ["--run=hello"]].map(async (other) => {
    const parties = await startParties(
      [command, command],
      (rank) => rank === 0 ? mean("x") : other,
    );
    for (const party of parties) {
      assert.is(await soon(party.exited), 1, party.stderr);
      assert.match(party.stderr, '{"params":{"column":"x"},"program":"mean","version":"1.0.0"}');
      const others = other[0] === "--run=hello" ? '"program":"hello"' : '{"column":"y"}';
      assert.match(party.stderr, others);
      assert.match(party.stderr, "start every party with the same");
      assert.is(party.stderr.trim().split("\n").length, 1, party.stderr);
    }
  }));
});

test("mean leaves out and counts rows without a value, and quotes and blanks do no harm", async () => {
  const first = await file("first.csv", '\uFEFFname,"the, x"\n"a ""b""", 1\nc,NA\n\nd,"2"\n');
  const second = await file("second.csv", 'name,"the, x"\ne,\nf,6\n');
  const parties = await startParties([command, command], (rank) => [
    "--run=mean",
    "--param=column=the, x",
    `--data=table=${[first, second][rank]}`,
  ]);
  for (const party of parties) {
    const { outputs: { moments: result }, sent } = JSON.parse(await party.line());
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

  const parties = [{ id: "a", url }, { id: "b", url: "http://127.0.0.1:1" }];
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

test("SIGINT and SIGTERM end a serving party with 0, in good order", async () => {
  await Promise.all((["SIGINT", "SIGTERM"] as const).map(async (signal) => {
    const party = new ScriptProcess(command, "scripts/party.ts", ["--rank=3", "--port=0"]);
    assert.match(await party.line(), /^Party 3 listens on http:\/\/127\.0\.0\.1:\d+$/);
    party.kill(signal);
    assert.is(await party.exited, 0, `${signal}: ${party.stderr}`);
  }));
});

test("SIGTERM ends a program that waits with 130, and the other party hears of it at once", async () => {
  // Both wait for the third, which only serves.
  const parties = await startParties(
    [command, command, command],
    (rank) => rank === 2 ? ["--session=s"] : ["--session=s", "--run=hello"],
  );
  await Promise.all(parties.map((party) => sessionAt(party.url, "s")));
  const [first, second, third] = parties as [ScriptProcess, ScriptProcess, ScriptProcess];
  second.kill("SIGTERM");
  assert.is(await soon(second.exited), 130);
  assert.is(second.stderr.trim(), "partyline: Stopped by SIGTERM");
  assert.is(await soon(first.exited), 1);
  assert.match(first.stderr, /^partyline: .* was cancelled at rank 1: Stopped by SIGTERM.*\n$/);
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

test("a party that is stopped ends, though a client sends but half of a request", async () => {
  const body = "content-type: application/json\r\ncontent-length: 99\r\n\r\n{";
  const halves = ["POST /sessions HTT", `POST /sessions HTTP/1.1\r\nhost: localhost\r\n${body}`];
  await Promise.all(halves.map(async (half) => {
    const party = new ScriptProcess(command, "scripts/party.ts", ["--port=0", "--json"]);
    const { port } = new URL(JSON.parse(await party.line()).url);
    const client = connect(Number(port), "127.0.0.1").on("error", () => {});
    client.write(half);
    await new Promise((resolve) => setTimeout(resolve, 200));
    party.kill("SIGTERM");
    assert.is(await soon(party.exited), 0, party.stderr);
    client.destroy();
  }));
});

test("a folder for values that cannot be made is one line and exit code 1", async () => {
  const path = await file("no-folder", "");
  const { code, stderr } = await partyline("--port=0", `--store=${path}/values`);
  assert.is(code, 1);
  assert.match(stderr, /^partyline: Cannot keep values in .*no-folder\/values: .*\n$/);
});

test("values in a folder outlast the process, are told at its start, and the log is JSON lines", async () => {
  const args = ["--port=0", "--json", "--log=json", `--store=${folder}/values`];
  const headers = { "content-type": "application/json" };
  for (const round of ["first", "second"]) {
    const party = new ScriptProcess(command, "scripts/party.ts", args);
    const { url } = JSON.parse(await party.line());
    // The same endpoints each time: the folder is of a session of these parties.
    const spec = { name: "kept", rank: 0, endpoints: ["http://127.0.0.1:1"] };
    const body = JSON.stringify(spec);
    assert.is(await statusOf(`${url}/sessions`, { method: "POST", headers, body }), 200);
    if (round === "first") {
      const symbol = JSON.stringify({ name: "x", data: "MQ==" });
      const init = { method: "POST", headers, body: symbol };
      assert.is(await statusOf(`${url}/sessions/kept/symbols`, init), 200);
    } else assert.is(await statusOf(`${url}/sessions/kept/symbols/x`), 200);
    party.kill("SIGTERM");
    assert.is(await soon(party.exited), 0, party.stderr);
    const records = party.stderr.trim().split("\n").map((line) => JSON.parse(line));
    assert.ok(records.every(({ level }) => ["info", "warn"].includes(level)), party.stderr);
    assert.ok(records.some(({ session }) => session === "kept"), party.stderr);
    // What earlier sessions left is told at once: nobody may ever create them again.
    const kept = records.filter(({ message }) => message === "Kept").map(({ fields }) => fields);
    if (round === "first") assert.equal(kept, []);
    else {
      const [{ folder, symbols, bytes }, ...more] = kept;
      assert.match(folder, /^kept-[0-9a-f]{32}$/);
      assert.is(symbols, 1);
      assert.ok(bytes > 50 && bytes < 500, `${bytes} bytes`);
      assert.equal(more, []);
    }
  }
});

test("what a session takes and remembers is limited by options", async () => {
  const headers = { "content-type": "application/json" };
  const serve = async (...args: string[]) => {
    const party = new ScriptProcess(command, "scripts/party.ts", ["--port=0", "--json", ...args]);
    const { url } = JSON.parse(await party.line());
    const post = (path: string, body: object) =>
      statusOf(`${url}/sessions${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    assert.is(await post("", { name: "s", rank: 0, endpoints: ["http://127.0.0.1:1"] }), 200);
    for (const id of ["one", "two"]) {
      const body = { computation_id: id, program: "latency", output_names: [id] };
      assert.is(await post("/s/computations", body), 200);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
    const { computations } = await (await fetch(`${url}/sessions/s/computations`)).json();
    const large = await post("/s/symbols", { name: "x", data: btoa(`"${"x".repeat(2_000)}"`) });
    party.kill("SIGTERM");
    assert.is(await soon(party.exited), 0, party.stderr);
    return { ids: computations.map((one: Record<string, string>) => one.computation_id), large };
  };
  const [few, young] = await Promise.all([
    serve("--max-ended-computations=1", "--max-symbol-bytes=1000"),
    serve("--max-ended-age-ms=1"),
  ]);
  assert.equal(few, { ids: ["two"], large: 413 });
  assert.equal(young, { ids: [], large: 200 });
});

test("a port that is taken is one line and exit code 1", async () => {
  const party = new ScriptProcess(command, "scripts/party.ts", ["--port=0", "--json"]);
  const { port } = new URL(JSON.parse(await party.line()).url);
  const { code, stderr } = await partyline(`--port=${port}`);
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
  await Promise.all(refusals.map(async ([args, message]) => {
    const { code, stdout, stderr } = await runCommand(
      [...command, `${ROOT}scripts/test.ts`, ...args],
    );
    assert.equal([code, stdout, stderr.trim()], [2, "", message]);
  }));
});

test.run();
