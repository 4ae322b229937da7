import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readKeyFile } from "../scripts/cli/key_file.ts";
import { findRuntimes, OWN_RUNTIME, ROOT } from "../scripts/processes.ts";
import { partylineIn } from "./helpers/cluster.ts";
import { type CommandResult, runCommand } from "./helpers/command.ts";

const folder = await mkdtemp(`${tmpdir()}/partyline-keys-`);
test.after(() => rm(folder, { recursive: true }));

const cli = (...args: string[]) => partylineIn(folder, ...args);
const path = (name: string) => `${folder}/${name}`;

/** The one line of a command that failed, or was used wrongly. */
function oneLine({ code, stdout, stderr }: CommandResult, expected: number): string {
  assert.equal([code, stdout], [expected, ""], stderr);
  assert.match(stderr, /^partyline: [^\n]+\n$/);
  return stderr;
}

async function modeOf(name: string): Promise<number> {
  return (await stat(path(name))).mode & 0o777;
}

/** Makes a key. @returns the public line */
async function keygen(name: string, ...args: string[]) {
  const made = await cli("keygen", `--id=${name}`, `--out=${name}.key.json`, "--json", ...args);
  assert.equal([made.code, made.stderr], [0, ""], made.stderr);
  assert.match(made.stdout, /^\{[^\n]+\}\n$/);
  return JSON.parse(made.stdout);
}

test("keygen writes a file for its owner alone, and prints what the others need", async () => {
  const { code, stdout, stderr } = await cli(
    ...["keygen", "--id", "first", "--out", "first.key.json", "--url", "HTTPS://A.example:443/"],
  );
  assert.is(code, 0, stderr);
  assert.match(stderr, /^Wrote first\.key\.json, [^\n]+\n[^\n]+ partyline config check, [^\n]+\n/);
  assert.match(stderr, /\n {2}partyline serve --config parties\.json --key first\.key\.json\n$/);
  const line = JSON.parse(stdout);
  assert.equal(Object.keys(line), ["id", "url", "public_key"]);
  assert.equal([line.id, line.url], ["first", "https://a.example"]);
  const file = JSON.parse(await readFile(path("first.key.json"), "utf8"));
  assert.equal(Object.keys(file), ["id", "kind", "public_key", "private_key"]);
  assert.equal([file.id, file.kind, file.public_key], ["first", "party", line.public_key]);
  assert.not.match(stdout + stderr, file.private_key.slice(0, 8));
  assert.is(await modeOf("first.key.json"), 0o600);
  const key = await readKeyFile(path("first.key.json"), "party");
  assert.equal([key.id, key.publicKey], ["first", line.public_key]);
});

test("keygen for an operator prints its rights, and no URL is needed", async () => {
  const line = await keygen("alice", "--kind=operator");
  assert.equal(Object.keys(line), ["id", "public_key", "allow"]);
  assert.equal(line.allow, ["read", "run"]);
  assert.is((await readKeyFile(path("alice.key.json"), "operator")).publicKey, line.public_key);
  assert.equal(Object.keys(await keygen("no-url")), ["id", "public_key"]);
});

for (const mask of ["000", "077", "777"]) {
  test(`the mode is 0600 under a umask of ${mask}`, async () => {
    const command = [
      ...findRuntimes().get(OWN_RUNTIME)!,
      `${ROOT}scripts/party.ts`,
      ...["keygen", "--id=masked", `--out=${path(`${mask}.key.json`)}`],
    ];
    const script = `umask ${mask}; exec "$@"`;
    const { code, stderr } = await runCommand(["sh", "-c", script, "sh", ...command], {
      env: { TSX_TSCONFIG_PATH: `${ROOT}tsconfig.json`, TSX_DISABLE_CACHE: "1" },
    });
    assert.is(code, 0, stderr);
    assert.is(await modeOf(`${mask}.key.json`), 0o600);
  });
}

test("keygen overwrites nothing", async () => {
  await writeFile(path("there.json"), "mine");
  execFileSync("ln", ["-s", path("nowhere"), path("link.json")]);
  for (const name of ["there.json", "link.json"]) {
    const refused = await cli("keygen", "--id=a", `--out=${name}`);
    assert.match(oneLine(refused, 1), `Cannot write ${name}: it is there already`);
  }
  assert.is(await readFile(path("there.json"), "utf8"), "mine");
  assert.not.ok((await readdir(folder)).includes("nowhere"));
  const lost = await cli("keygen", "--id=a", "--out=no/such/folder.json");
  assert.match(oneLine(lost, 1), /Cannot write no\/such\/folder\.json.*--out/);
});

const BAD_USAGE: [string, string[], RegExp][] = [
  ["keygen without an id", ["keygen", "--out=x.json"], /--id/],
  ["keygen without a file", ["keygen", "--id=a"], /--out/],
  ["keygen with a bad id", ["keygen", "--id=a/b", "--out=x.json"], /128 letters/],
  ["keygen of an unknown kind", ["keygen", "--id=a", "--out=x.json", "--kind=admin"], /operator/],
  ["keygen with a bad URL", ["keygen", "--id=a", "--out=x.json", "--url=ftp://a"], /--url/],
  [
    "keygen of an operator with a URL",
    ["keygen", "--id=a", "--out=x.json", "--kind=operator", "--url=http://a"],
    /--url is of a party/,
  ],
  ["config alone", ["config"], /Missing required argument/],
  ["config with another word", ["config", "chekc"], /Use one of check/],
  ["a list that is not there", ["config", "check", "none.json"], /Cannot read none\.json/],
  ["a folder for a list", ["config", "check", "."], /Cannot read \./],
];

for (const [what, args, message] of BAD_USAGE) {
  test(`${what} is bad usage: one line, exit code 2, and no file`, async () => {
    assert.match(oneLine(await cli(...args), 2), message);
    assert.not.ok((await readdir(folder)).includes("x.json"));
  });
}

test("a list made of what keygen printed is right; its fingerprint is the same as text and JSON", async () => {
  const parties = await Promise.all(
    ["a", "b", "c"].map((id) => keygen(id, `--url=https://${id}.example`)),
  );
  const operators = [await keygen("carol", "--kind=operator")];
  await writeFile(path("parties.json"), JSON.stringify({ parties, operators }));
  const text = await cli("config", "check");
  assert.equal([text.code, text.stderr], [0, ""], text.stderr);
  const [, fingerprint] = /^Fingerprint ((?:[0-9A-Z]{4}-){7}[0-9A-Z]{4})$/m.exec(text.stdout)!;
  assert.match(text.stdout, /^1 +b +https:\/\/b\.example$/m);
  assert.match(text.stdout, /^carol +read, run$/m);
  assert.match(text.stdout, "3 parties with keys, and 1 operator");
  assert.match(text.stdout, "\n  partyline serve --config parties.json --key ITS.key.json\n");
  assert.match(text.stdout, "\n  partyline status --config parties.json --operator-key THEIR.");
  for (const line of text.stdout.split("\n")) assert.ok(line.length <= 80, line);

  const pretty = `\uFEFF${JSON.stringify({ operators, parties }, null, 4)}\r\n`;
  await writeFile(path("pretty.json"), pretty);
  const json = await cli("config", "check", "pretty.json", "--json");
  const ranked = parties.map((party, rank) => ({ rank, ...party }));
  assert.equal(JSON.parse(json.stdout), { fingerprint, keys: true, parties: ranked, operators });
});

test("a list that is wrong is one line and exit code 1, and bad usage of other commands", async () => {
  const secret = JSON.parse(await readFile(path("a.key.json"), "utf8"));
  const { id, public_key, private_key } = secret;
  const url = "https://a.example";
  const lists: [string, object, RegExp][] = [
    [
      "twice.json",
      { parties: [{ id, url }, { id, url: "http://b" }] },
      /parties\[1\]\.id is that of/,
    ],
    ["secret.json", { parties: [{ id, url, public_key, private_key }] }, /holds a private key/],
    ["file.json", secret, /it is a key file/],
    ["empty.json", { parties: [] }, /give 1 to 1024/],
  ];
  for (const [name, list, message] of lists) {
    await writeFile(path(name), JSON.stringify(list));
    const checked = oneLine(await cli("config", "check", name), 1);
    const used = oneLine(await cli("status", `--config=${name}`), 2);
    for (const said of [checked, used]) {
      assert.match(said, message);
      assert.match(said, `Cannot take ${name}: `);
      assert.not.match(said, private_key.slice(0, 8));
    }
  }
});

test("a list without keys is right, and said to be", async () => {
  await writeFile(path("bare.json"), '{"parties": [{"id": "a", "url": "http://127.0.0.1:8000"}]}');
  const { code, stdout } = await cli("config", "check", "bare.json");
  assert.is(code, 0);
  assert.match(stdout, /^1 party without keys: for one machine only$/m);
  assert.match(stdout, "\n  partyline serve --config bare.json --rank 0\n");
});

async function refusal(name: string, kind: "party" | "operator" = "party"): Promise<string> {
  try {
    await readKeyFile(path(name), kind);
  } catch (error) {
    const { message } = error as Error;
    assert.not.match(message, "\n");
    return message;
  }
  return assert.unreachable("it was taken") as never;
}

test("a key file that others may use is refused with the command that mends it", async () => {
  const own = path("modes of mine.json");
  await writeFile(own, await readFile(path("a.key.json")), { mode: 0o600 });
  for (const mode of [0o644, 0o640, 0o604, 0o620, 0o601, 0o777, 0o660]) {
    await chmod(own, mode);
    const said = await refusal("modes of mine.json");
    assert.match(said, `its mode is 0${mode.toString(8)}; run: chmod 600 '${own}'`);
  }
  for (const mode of [0o600, 0o400]) {
    await chmod(own, mode);
    assert.is((await readKeyFile(own, "party")).id, "a");
  }
});

test("what is no key file is refused, and nothing is waited for", async () => {
  assert.match(await refusal("none.key.json"), /^Cannot read .*none\.key\.json: .*ENOENT/);
  await mkdir(path("folder.key.json"));
  assert.match(await refusal("folder.key.json"), /^Cannot read .*: /);
  execFileSync("mkfifo", ["-m", "600", path("pipe.key.json")]);
  assert.match(await refusal("pipe.key.json"), /it is no file/);
  assert.match(await refusal("alice.key.json"), /operator.*--kind party/);
  assert.match(await refusal("a.key.json", "operator"), /party.*--kind operator/);
});

test.run();
