import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { ScriptProcess } from "../scripts/processes.ts";
import { Authority } from "./helpers/certificates.ts";
import { partylineIn, partylineJson } from "./helpers/cluster.ts";
import type { CommandResult } from "./helpers/command.ts";
import { partyline } from "./helpers/command_line.ts";
import {
  endAll,
  freeUrls,
  type KeyList,
  makeList,
  refused,
  startKeyed,
  writeList,
} from "./helpers/keyed.ts";

const folder = await mkdtemp(`${tmpdir()}/partyline-tls-`);
const on = `--config=${folder}/parties.json`;
const asAlice = `--operator-key=${folder}/alice.key.json`;
const asEve = `--operator-key=${folder}/eve.key.json`;
const trusting = `--tls-ca=${folder}/ca.pem`;
const reached = [on, trusting, ...certificateOf("alice")];

let list: KeyList;
let parties: ScriptProcess[] = [];

/** The options that show it. */
function certificateOf(name: string): string[] {
  return [`--tls-cert=${folder}/${name}.pem`, `--tls-key=${folder}/${name}.key.pem`];
}

async function issue(authority: Authority, name: string, hosts?: string[]): Promise<void> {
  const { cert, key } = await authority.issue(name, hosts);
  await writeFile(`${folder}/${name}.pem`, cert);
  await writeFile(`${folder}/${name}.key.pem`, key);
}

/** What each party is started with. */
function secured(rank: number): string[] {
  return [trusting, ...certificateOf(`p${rank}`), "--mutual-tls"];
}

test.before(async () => {
  const authority = await Authority.create("test");
  await writeFile(`${folder}/ca.pem`, authority.ca);
  await Promise.all([0, 1, 2].map((rank) => issue(authority, `p${rank}`)));
  await issue(authority, "alice", []);
  await issue(await Authority.create("rogue"), "rogue");
  list = await makeList(folder, await freeUrls(3, "https"));
  await writeList(folder, "parties.json", list);
  await Promise.all(
    ["x\n1\n2\n", "x\n3\nNA\n", "x\n6\n"].map((text, rank) =>
      writeFile(`${folder}/${rank}.csv`, text)
    ),
  );
  parties = await startKeyed(
    folder,
    list,
    (rank) => [...secured(rank), `--data=table=${folder}/${rank}.csv`],
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

test("an operator runs a program over mutual TLS, from a process of its own", async () => {
  const result = await partylineIn(
    folder,
    ...["run", "mean", "--param", "column=x", "--operator-key", "alice.key.json"],
    ...["--tls-ca", "ca.pem", "--tls-cert", "alice.pem", "--tls-key", "alice.key.pem"],
  );
  assert.match(
    printed(result),
    /^moments: count 4, missing 1, mean 3, standardDeviation 2\.16\d+\n$/,
  );
});

test("the other commands get through, too", async () => {
  const study = ["--session=study", "--param=column=x"];
  printed(await partyline("run", "mean", ...reached, asAlice, ...study));
  assert.match(printed(await partyline("status", ...reached, asEve)), /\n2 +c +up /);
  assert.match(printed(await partyline("sessions", ...reached, asEve)), /\nstudy +c +2 +open/);
  assert.match(printed(await partyline("symbols", "study", ...reached, asEve)), /\ntable +all /);
  assert.match(printed(await partyline("programs", ...reached, asEve)), /\nmean /);
  const { lines: [{ sessions: [{ computations: [{ id }] }] }] } = await partylineJson(
    ...["sessions", ...reached, asEve],
  );
  const cancelled = await partyline("cancel", "study", id, ...reached, asAlice);
  assert.match(printed(cancelled), /^(Rank \d: completed\n){3}$/);
  const closed = await partyline("sessions", "--close=study", ...reached, asAlice);
  assert.match(printed(closed), "ranks that had it: all");
});

test("doctor signs and trusts in all that it does", async () => {
  const { code, lines: [{ checks, latency_p50_ms }] } = await partylineJson(
    ...["doctor", ...reached, asAlice],
  );
  assert.is(code, 0);
  const found = checks as { rank: number; check: string; state: string; detail: string }[];
  assert.equal(found.filter(({ state }) => state !== "ok"), []);
  const sizes = found.filter(({ check }) => check === "request size");
  assert.equal(sizes.map(({ rank, detail }) => [rank, detail]), [
    [0, "8 MiB pass"],
    [1, "8 MiB pass"],
    [2, "8 MiB pass"],
  ]);
  assert.is(latency_p50_ms.length, 3);
});

test("who does not trust the authority is told how", async () => {
  const status = await partyline("status", on, asAlice, ...certificateOf("alice"));
  assert.is(status.code, 1);
  assert.match(
    status.stderr,
    /^partyline: 3 of 3 parties did not answer: .*, or give --tls-ca for its certificate, .*\n$/,
  );
  const run = await partyline("run", "hello", on, asAlice, ...certificateOf("alice"));
  assert.match(
    refused(run, 1),
    /; start it, or correct its URL in .*, or give --tls-ca for its certificate, .*\n$/,
  );
  const { lines: [{ checks }] } = await partylineJson(
    ...["doctor", on, asAlice, ...certificateOf("alice")],
  );
  const failed = checks.filter(({ state, rank }: { state: string; rank: number | null }) =>
    state === "fail" && rank !== null
  );
  assert.equal(failed.map(({ rank, check }: Record<string, unknown>) => [rank, check]), [
    [0, "answer"],
    [1, "answer"],
    [2, "answer"],
  ]);
  for (const { advice } of failed) assert.match(advice, /--tls-ca/);
});

for (
  const [whose, args] of [["no certificate", []], ["a rogue one", certificateOf("rogue")]] as const
) {
  test(`who shows ${whose} learns nothing, whoever signs`, async () => {
    const { code, stderr, stdout } = await partyline("status", on, trusting, asAlice, ...args);
    assert.is(code, 1, stdout);
    assert.match(
      stderr,
      /^partyline: 3 of 3 parties did not answer: [^\n]+ --tls-cert with --tls-key [^\n]+\n$/,
    );
  });
}

test("the signature is needed besides the certificate", async () => {
  assert.match(refused(await partyline("status", ...reached), 2), "--operator-key FILE");
});

test("parties run a program over mutual TLS without anyone who drives them", async () => {
  await endAll(parties);
  parties = await startKeyed(folder, list, (rank) => [...secured(rank), "--run=hello"]);
  for (const party of parties) {
    const { event, program } = JSON.parse(await party.line());
    assert.equal([event, program], ["result", "hello"]);
    assert.equal([await party.exited, party.stderr], [0, ""]);
  }
});

test.run();
