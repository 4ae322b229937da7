import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { findRuntimes, OWN_RUNTIME, ROOT, type ScriptProcess } from "../scripts/processes.ts";
import { partylineIn, partylineJson, startPartyline } from "./helpers/cluster.ts";
import { type CommandResult, runCommand } from "./helpers/command.ts";
import { partyline } from "./helpers/command_line.ts";
import { endAll, freeUrls, type KeyList, refused, startKeyed } from "./helpers/keyed.ts";

const folder = await mkdtemp(`${tmpdir()}/partyline-security-`);
const TABLES = ["x\n1\n2\n", "x\n3\nNA\n", "x\n6\n"];
const VALUES = [[1, 2], [10, 20], [100, 200]];
const FOR_EVER = `
  import { defineProgram } from "${new URL("mod.ts", `file://${ROOT}`).href}";
  export default defineProgram({
    name: "for-ever", version: "1.0.0", description: "Waits until it is cancelled.",
    run: ({ signal, progress }) => new Promise((_, reject) => {
      progress(0.25, "waiting");
      signal.addEventListener("abort", () => reject(signal.reason));
    }),
  });`;
const MEAN = /^moments: count 4, missing 1, mean 3, standardDeviation 2\.16\d+\n$/;

const on = `--config=${folder}/parties.json`;
const asAlice = `--operator-key=${folder}/alice.key.json`;
const asEve = `--operator-key=${folder}/eve.key.json`;

let list: KeyList;
let fingerprint: string;
let parties: ScriptProcess[] = [];

test.before(async () => {
  await writeFile(`${folder}/for-ever.ts`, FOR_EVER);
  await Promise.all(TABLES.map((text, rank) => writeFile(`${folder}/${rank}.csv`, text)));
  await Promise.all(
    VALUES.map((value, rank) => writeFile(`${folder}/${rank}.json`, JSON.stringify(value))),
  );
});

test.after(async () => {
  for (const party of parties) party.kill("SIGKILL");
  await rm(folder, { recursive: true });
});

/** Done. @returns what it printed */
function printed({ code, stdout, stderr }: CommandResult): string {
  assert.is(code, 0, stderr);
  return stdout;
}

function dataOf(rank: number): string[] {
  return [`--data=table=${folder}/${rank}.csv`, `--data=values=${folder}/${rank}.json`];
}

test("what keygen prints makes a list, which check takes and which starts parties", async () => {
  const urls = await freeUrls(3);
  const keys = [
    ...urls.map((url, rank) => ["--url", url, "--id", "abc"[rank]!]),
    ...["alice", "eve"].map((id) => ["--kind", "operator", "--id", id]),
  ];
  const made = await Promise.all(
    keys.map((args) => partylineIn(folder, "keygen", "--out", `${args[3]}.key.json`, ...args)),
  );
  assert.match(made[0]!.stderr, "\n  partyline serve --config parties.json --key a.key.json\n");
  assert.match(made[3]!.stderr, "\n  partyline status --config parties.json --operator-key alice.");
  const [a, b, c, alice, eve] = made.map((result) => JSON.parse(printed(result)));
  list = { parties: [a, b, c], operators: [alice, { ...eve, allow: ["read"] }] };
  await writeFile(`${folder}/parties.json`, JSON.stringify(list));

  const text = printed(await partylineIn(folder, "config", "check"));
  assert.match(text, "\n  partyline serve --config parties.json --key ITS.key.json\n");
  [, fingerprint] = /\nFingerprint (\S+)\n/.exec(text) as unknown as [string, string];
  parties = await startKeyed(
    folder,
    list,
    (rank) => [`--program=${folder}/for-ever.ts`, ...dataOf(rank)],
  );
});

test("an operator runs programs on data that stay where they are", async () => {
  const mean = ["run", "mean", "--param", "column=x", "--operator-key", "alice.key.json"];
  assert.match(printed(await partylineIn(folder, ...mean)), MEAN);
  assert.is(printed(await partyline("run", "sum", on, asAlice)), "total: [111,222]\n");
});

test("the key may be named by the environment", async () => {
  const command = [...findRuntimes().get(OWN_RUNTIME)!, `${ROOT}scripts/party.ts`, "status"];
  const env = {
    TSX_TSCONFIG_PATH: `${ROOT}tsconfig.json`,
    PARTYLINE_OPERATOR_KEY: "eve.key.json",
  };
  assert.match(printed(await runCommand(command, { cwd: folder, env })), /\n2 +c +up /);
});

test("all commands work with the key, and nothing is told without it", async () => {
  const study = "--session=study";
  assert.match(
    printed(await partyline("run", "mean", on, asAlice, study, "--param=column=x")),
    MEAN,
  );
  const shown: [string[], RegExp][] = [
    [["status"], /\n0 +a +up .*\n1 +b +up .*\n2 +c +up /],
    [["sessions"], /\nstudy +b +1 +open/],
    [["symbols", "study"], /\ntable +all .* yes +-\n/],
    [["programs"], /\nmean 1\.\d\.\d +all /],
    [["doctor"], /\nall +together +ok +each reaches each/],
  ];
  for (const [args, expected] of shown) {
    assert.match(printed(await partyline(...args, on, asAlice)), expected);
    const said = refused(await partyline(...args, on), 2);
    assert.match(said, /has keys, .*--operator-key FILE, or in PARTYLINE_OPERATOR_KEY; see/);
  }
  for (
    const args of [["cancel", "study", "job"], ["run", "hello"], ["sessions", "--close=study"]]
  ) {
    assert.match(refused(await partyline(...args, on), 2), "--operator-key FILE");
  }
});

test("who may only read sees all, and changes nothing", async () => {
  printed(await partyline("status", on, asEve));
  printed(await partyline("symbols", "study", on, asEve));
  assert.match(refused(await partyline("run", "hello", on, asEve), 1), "Operator eve may read");
  const close = await partyline("sessions", "--close=study", on, asEve);
  assert.match(refused(close, 1), /3 of 3 parties refused: .*Operator eve may read/);
  assert.match(printed(await partyline("sessions", on, asEve)), /\nstudy +a +0 +open/);
});

test("cancel is for who may run", async () => {
  const run = startPartyline("run", "for-ever", on, asAlice, "--session=long", "--json");
  while (JSON.parse(await run.line()).note !== "waiting");
  const { lines: [{ sessions }] } = await partylineJson("sessions", on, asEve);
  const long = sessions.find(({ name }: { name: string }) => name === "long");
  const [{ id }] = long.computations;
  assert.match(refused(await partyline("cancel", "long", id, on, asEve), 1), "Operator eve");
  const cancelled = printed(await partyline("cancel", "long", id, on, asAlice));
  assert.match(cancelled, /^(Rank \d: cancelled\n){3}$/);
  assert.is(await run.exited, 1);
});

test("status and doctor tell the list that parties have, and doctor what eve may not try", async () => {
  const { lines: [{ parties }] } = await partylineJson("status", on, asEve);
  const fingerprints = parties.map((party: Record<string, unknown>) => party["config_fingerprint"]);
  assert.equal(fingerprints, Array(3).fill(fingerprint));
  const { code, lines: [{ checks, latency_p50_ms }] } = await partylineJson("doctor", on, asEve);
  assert.equal([code, latency_p50_ms], [0, null]);
  const same = checks.find(({ check }: { check: string }) => check === "same list");
  assert.equal(same, {
    rank: null,
    check: "same list",
    state: "ok",
    detail: `${fingerprint} at all`,
  });
  const warned = checks.filter(({ state }: { state: string }) => state !== "ok");
  assert.equal(warned.map(({ check, state }: Record<string, unknown>) => [check, state]), [
    ["together", "warn"],
  ]);
  assert.match(warned[0].detail, "operator eve may only read");
});

test("doctor names the ranks that have another list, also where only operators differ", async () => {
  await endAll(parties);
  const { operators: [alice] } = list;
  const other = { ...list, operators: [alice] };
  await writeFile(`${folder}/other.json`, JSON.stringify(other));
  parties = await startKeyed(
    folder,
    list,
    (rank) => rank === 1 ? [`--config=${folder}/other.json`] : [],
  );
  const { code, lines } = await partylineJson("doctor", on, asAlice);
  assert.is(code, 1);
  const [{ checks }, { event }] = lines;
  assert.is(event, "error");
  const failed = checks.filter(({ state }: { state: string }) => state !== "ok");
  assert.equal(failed.map(({ check, state }: Record<string, unknown>) => [check, state]), [
    ["same list", "fail"],
  ]);
  const [{ detail, advice }] = failed;
  assert.match(detail, `${fingerprint} here; ${fingerprint} at ranks 0, 2; `);
  assert.match(detail, / at ranks 1$/);
  assert.match(advice, "have it here and at ranks 1,");
  const told = await partyline("status", on, asEve);
  assert.is(told.code, 1);
  assert.match(told.stdout, /\n0 +a +up .*\n1 +b +refuses +-/);
  assert.match(told.stdout, /\nrank 1 refuses: Rank 1 at .* 401/);
});

test("parties with keys run a program together without anyone who drives them", async () => {
  await endAll(parties);
  const run = (rank: number) => [...dataOf(rank), "--run=mean", "--param=column=x"];
  parties = await startKeyed(folder, list, run);
  for (const party of parties) {
    const { outputs: { moments } } = JSON.parse(await party.line());
    assert.equal([moments.count, moments.missing, moments.mean], [4, 1, 3]);
    assert.equal([await party.exited, party.stderr], [0, ""]);
  }
});

test.run();
