/**
 * No secret is in what the command line prints and logs, whatever becomes of it: parties in processes
 * of their own, with keys, TLS and data, and every command that reaches them.
 */

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ROOT, type ScriptProcess } from "../scripts/processes.ts";
import { Authority } from "./helpers/certificates.ts";
import { partylineIn, startPartyline } from "./helpers/cluster.ts";
import type { CommandResult } from "./helpers/command.ts";
import { partyline } from "./helpers/command_line.ts";
import { freeUrls, makeList, writeList } from "./helpers/keyed.ts";
import { Secrets, type Written } from "./helpers/secrets.ts";

const AGE = 8_675_309.25;
const PATIENT = "Zephyrine Quillfeather";
const PUT = "put-by-the-driver-e7f1a2";
const SENT = "sent-by-a-program-9c41d8";

const PROGRAMS = `
  import { defineProgram } from "${new URL("mod.ts", `file://${ROOT}`).href}";
  const make = (name, run) =>
    defineProgram({ name, version: "1.0.0", description: "Made up for a test.", run });
  export default [
    make("talk", async ({ communicator, rank }) => {
      await communicator.send(1 - rank, "k", { note: "${SENT}" });
      await communicator.recv(1 - rank, "k");
    }),
    make("crash", async ({ communicator, rank }) => {
      await communicator.send(1 - rank, "k", { note: "${SENT}" });
      await communicator.recv(1 - rank, "k");
      if (rank === 1) setTimeout(() => { throw new Error("Beyond the program"); });
      await communicator.recv(1 - rank, "never");
    }),
  ];`;

const folder = await mkdtemp(`${tmpdir()}/partyline-secrets-`);
const path = (name: string) => `${folder}/${name}`;
const secrets = new Secrets({
  "a private number": AGE,
  "a private text": PATIENT,
  "a symbol's text": PUT,
  "a message's text": SENT,
});
const parties: ScriptProcess[] = [];
/** What each party printed. */
const printed: string[] = [];
const privateKeys: Record<string, string> = {};
let pem = "";

/** Runs a command of who may. */
function command(name: string, ...args: string[]): Promise<CommandResult> {
  return partyline(
    name,
    ...args,
    ...[`--config=${path("parties.json")}`, `--operator-key=${path("alice.key.json")}`],
    `--tls-ca=${path("ca.pem")}`,
  );
}

function foundIn(texts: Written[]): string[] {
  assert.ok(texts.every(({ text }) => text !== ""), "each has said something");
  return secrets.find(texts);
}

test.before(async () => {
  const list = await makeList(folder, await freeUrls(2, "https"));
  const config = await writeList(folder, "parties.json", list);
  const authority = await Authority.create("authority");
  await writeFile(path("ca.pem"), authority.ca);
  await writeFile(path("programs.ts"), PROGRAMS);
  await writeFile(path("table.json"), JSON.stringify({ age: [AGE], name: [PATIENT] }));
  await writeFile(path("put.json"), JSON.stringify({ note: PUT }));
  for (const id of ["a", "b", "alice"]) {
    const key = JSON.parse(await readFile(path(`${id}.key.json`), "utf8"));
    privateKeys[id] = key.private_key;
    secrets.add(`the private key of ${id}`, key.private_key);
  }
  for (const [rank, id] of ["a", "b"].entries()) {
    const { cert, key } = await authority.issue(id);
    await writeFile(path(`${id}.cert.pem`), cert);
    await writeFile(path(`${id}.tls.pem`), key);
    for (const line of key.split("\n").slice(1, -1)) {
      if (line.length > 40) secrets.addText(`the TLS key of ${id}`, line);
    }
    pem = key;
    const party = startPartyline(
      ...["serve", `--config=${config}`, `--key=${path(`${id}.key.json`)}`, "--json"],
      ...["--log=json", "--log-level=debug", `--program=${path("programs.ts")}`],
      ...[`--data=table=${path("table.json")}`, `--tls-cert=${path(`${id}.cert.pem`)}`],
      ...[`--tls-key=${path(`${id}.tls.pem`)}`, `--tls-ca=${path("ca.pem")}`],
    );
    parties.push(party);
    printed[rank] = await party.line();
  }
});

test.after(async () => {
  for (const party of parties) party.kill("SIGKILL");
  await rm(folder, { recursive: true });
});

test("commands show what a program makes, and none of the secrets around it", async () => {
  const put = `--put=0:token=${path("put.json")}`;
  const runs: [args: string[], code: number][] = [
    [["run", "talk", "--session=s", put], 0],
    [["run", "mean", "--input=table=table", "--param=column=name"], 1],
    [["run", "sum", "--input=values=table"], 1],
    [["run", "none"], 1],
    [["status"], 0],
    [["sessions"], 0],
    [["symbols", "s"], 0],
    [["programs"], 0],
    [["cancel", "s", "none"], 1],
    [["doctor"], 0],
    [["sessions", "--close=s"], 0],
  ];
  for (const [args, code] of runs) {
    for (const form of [[], ["--json"]]) {
      if (args[0] === "run" && args[1] === "talk" && form.length > 0) continue;
      if (args.includes("--close=s") && form.length > 0) continue;
      const result = await command(...args as [string], ...form);
      const text = result.stdout + result.stderr;
      assert.is(result.code, code, `${args}: ${text}`);
      assert.equal(foundIn([{ where: args.join(" "), text }]), []);
    }
  }
});

test("the check of a list shows its public keys alone", async () => {
  const { stdout, code } = await partyline("config", "check", path("parties.json"));
  assert.is(code, 0);
  assert.equal(foundIn([{ where: "config check", text: stdout }]), []);
});

test("what is given where the name of a file belongs is not repeated when it is a key", async () => {
  const keyFile = await readFile(path("alice.key.json"), "utf8");
  const config = `--config=${path("parties.json")}`;
  const cert = `--tls-cert=${path("a.cert.pem")}`;
  const wrong: string[][] = [
    ["status", config, `--operator-key=${privateKeys["alice"]}`],
    ["status", config, `--operator-key=${keyFile}`],
    ["serve", config, `--key=${privateKeys["a"]}`],
    ["status", config, `--operator-key=${path("alice.key.json")}`, cert, `--tls-key=${pem}`],
    ["status", config, `--operator-key=${path("a.key.json")}`],
    ["serve", config, `--key=${path("alice.key.json")}`],
    ["status", `--config=${path("a.key.json")}`],
    ["config", "check", path("alice.key.json")],
    ["config", "check", path("a.tls.pem")],
    ["serve", config, `--key=${path("a.key.json")}`, cert, `--tls-key=${path("b.tls.pem")}`],
    ["serve", config, `--key=${path("a.key.json")}`, cert, `--tls-key=${path("a.key.json")}`],
    ["serve", config, `--key=${path("a.tls.pem")}`],
  ];
  for (const args of wrong) {
    const { code, stdout, stderr } = await partyline(...args);
    assert.ok(code === 1 || code === 2, stderr);
    assert.equal(foundIn([{ where: args[0]!, text: stdout + stderr }]), [], args[2]);
  }
  const env = await partyline("status", config, "--operator-key", keyFile, "--json");
  assert.equal(foundIn([{ where: "status", text: env.stdout + env.stderr }]), []);
});

test("a program that brings its party down leaves no secret behind, and the logs have none", async () => {
  const failed = await command("run", "crash");
  assert.not.equal(failed.code, 0);
  assert.not.equal(await parties[1]!.exited, 0);
  assert.match(parties[1]!.stderr, /Beyond the program/);
  parties[0]!.kill("SIGTERM");
  assert.is(await parties[0]!.exited, 0, parties[0]!.stderr);
  assert.match(parties[0]!.stderr, /"message":"Computation completed"/);
  assert.match(parties[0]!.stderr, /"message":"Request answered"/);
  const texts = [
    { where: "run crash", text: failed.stdout + failed.stderr },
    ...parties.flatMap(({ stderr }, rank) => [
      { where: `log ${rank}`, text: stderr },
      { where: `output ${rank}`, text: printed[rank]! },
    ]),
  ];
  assert.equal(foundIn(texts), []);
  const planted = { where: "log 0", text: `${parties[0]!.stderr}${privateKeys["a"]}` };
  assert.ok(foundIn([planted]).includes("the private key of a as text in log 0"));
});

test("a file of data that is no table is named, and its rows are not shown", async () => {
  const bad: [name: string, text: string][] = [
    ["ragged.csv", `age,name\n${AGE}\n`],
    ["quoted.csv", `age,name\n${AGE},"${PATIENT}"x\n`],
    ["headless.csv", `${AGE},${PATIENT},${PATIENT}\n1,2,3\n`],
    ["bad.json", `{"age": ${AGE}, "name": ${PATIENT}}`],
    ["large.json", `{"${PATIENT}": 12345678901234567890}`],
  ];
  for (const [name, text] of bad) {
    await writeFile(path(name), text);
    const { code, stdout, stderr } = await partyline("serve", `--data=table=${path(name)}`);
    assert.is(code, 1, stderr);
    assert.equal(foundIn([{ where: name, text: stdout + stderr }]), []);
  }
});

test("keygen prints what is public", async () => {
  const made = await partylineIn(folder, "keygen", "--id=zoe", "--out=zoe.key.json");
  const { private_key } = JSON.parse(await readFile(path("zoe.key.json"), "utf8"));
  const own = new Secrets({ "the key": private_key });
  assert.is(made.code, 0, made.stderr);
  assert.equal(own.find([{ where: "keygen", text: made.stdout + made.stderr }]), []);
});

test.run();
