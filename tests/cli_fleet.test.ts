import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { VERSION } from "../mod.ts";
import { ROOT } from "../scripts/processes.ts";
import type { CommandResult } from "./helpers/command.ts";
import {
  type Cluster,
  partylineIn,
  partylineJson,
  startCluster,
  startPartyline,
} from "./helpers/cluster.ts";
import { partyline } from "./helpers/command_line.ts";

const folder = await mkdtemp(`${tmpdir()}/partyline-fleet-`);

const PROGRAMS = `
  import { defineProgram } from "${new URL("mod.ts", `file://${ROOT}`).href}";
  const standard = { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) };
  const any = { "~standard": standard };
  const fields = { properties: { unit: {}, limit: {} }, required: ["unit"] };
  const some = { "~standard": { ...standard, jsonSchema: { input: () => fields } } };
  export default [
    defineProgram({
      name: "own-rank", version: "2.0.0", description: "Each party's rank.", outputs: { rank: any },
      run: ({ rank, progress }) => {
        progress(0.5, "half way");
        return Promise.resolve({ rank });
      },
    }),
    defineProgram({
      name: "fields", version: "1.0.0", description: "It.", params: some,
      run: () => Promise.resolve({}),
    }),
    defineProgram({
      name: "anything", version: "1.0.0", description: "It.", params: any,
      run: () => Promise.resolve({}),
    }),
    defineProgram({
      name: "for-ever", version: "1.0.0", description: "Waits until it is cancelled.",
      run: ({ signal, progress }) => new Promise((_, reject) => {
        progress(0.25, "waiting");
        signal.addEventListener("abort", () => reject(signal.reason));
      }),
    }),
  ];`;

async function file(name: string, text: string): Promise<string> {
  const path = `${folder}/${name}`;
  await writeFile(path, text);
  return path;
}

let cluster: Cluster;
let on: string;

test.before(async () => {
  const programs = await file("programs.ts", PROGRAMS);
  const tables = await Promise.all(
    ["x\n1\n2\n", "x\n3\nNA\n", "x\n6\n"].map((text, rank) => file(`${rank}.csv`, text)),
  );
  cluster = await startCluster(
    `${folder}/parties.json`,
    "--parties=3",
    `--program=${programs}`,
    ...tables.map((path, rank) => `--data=${rank}:table=${path}`),
  );
  on = `--config=${cluster.config}`;
});

test.after(async () => {
  cluster.up.kill("SIGINT");
  const code = await cluster.up.exited;
  await rm(folder, { recursive: true });
  if (code !== 0) throw new Error(`up ended with ${code}: ${cluster.up.stderr}`);
});

/** Done, in lines of at most 80 columns. @returns what it printed */
function table({ code, stdout, stderr }: CommandResult): string {
  assert.is(code, 0, stderr);
  for (const line of stdout.split("\n")) assert.ok(line.length <= 80, line);
  return stdout;
}

/** Failed, with one line. @returns it */
function oneLine({ code, stderr }: { code: number | null; stderr: string }, expected = 1): string {
  assert.is(code, expected, stderr);
  assert.is(stderr.trim().split("\n").length, 1, stderr);
  return stderr;
}

test("each command ends by itself, as a process", async () => {
  const commands = ["status", "sessions", "programs", "doctor", "run hello"];
  const results = await Promise.all(
    commands.map((command) => partylineIn(folder, ...command.split(" "))),
  );
  for (const { code, stderr } of results) assert.is(code, 0, stderr);
});

test("status tells how each party is", async () => {
  const text = table(await partyline("status", on));
  assert.match(text, /^rank +party +is +version +up for +sessions +running +sent\n/);
  for (const rank of [0, 1, 2]) assert.match(text, `\n${rank}     party-${rank}  up  ${VERSION}`);
  const { code, lines } = await partylineJson("status", on);
  assert.is(code, 0);
  assert.is(lines.length, 1);
  for (const { uptime_s: uptime, sees } of lines[0].parties) {
    assert.ok(uptime > 0);
    assert.equal(sees, []);
  }
  assert.equal(
    lines[0].parties.map(({ rank, url, up, version }: Record<string, unknown>) => [
      rank,
      url,
      up,
      version,
    ]),
    cluster.urls.map((url, rank) => [rank, url, true, VERSION]),
  );
});

test("programs lists what the parties run, own programs too", async () => {
  const text = table(await partyline("programs", on));
  assert.match(text, /^program +ranks +inputs +params +outputs +does\n/);
  assert.match(text, /\nmean 1\.0\.0 +all +table +column +moments +The mean/);
  assert.match(text, /\nown-rank 2\.0\.0 +all +- +- +rank +Each party's rank\./);
  assert.match(text, /\nfields 1\.0\.0 +all +- +unit, limit\? +- +It\.\n/);
  assert.match(text, /\nanything 1\.0\.0 +all +- +any +- +It\.\n/);
  const { lines: [{ programs }] } = await partylineJson("programs", on);
  const mean = programs.find(({ name }: { name: string }) => name === "mean");
  assert.equal(Object.keys(mean.inputs), ["table"]);
  assert.equal(mean.ranks, [0, 1, 2]);
});

test("run prints what all parties have once, with their private data as inputs", async () => {
  const args = ["run", "mean", on, "--param", "column=x"];
  const { code, stdout, stderr } = await partyline(...args);
  assert.is(code, 0, stderr);
  assert.match(stdout, /^moments: count 4, missing 1, mean 3, standardDeviation 2\.16\d+\n$/);
  for (const rank of [0, 1, 2]) assert.match(stderr, `rank ${rank}: completed`);
  const { lines } = await partylineJson(...args);
  const { outputs } = lines.at(-1);
  assert.equal(outputs.moments.map(({ ranks }: { ranks: number[] }) => ranks), [[0, 1, 2]]);
  assert.is(outputs.moments[0].value.count, 4);
  assert.ok(lines.slice(0, -1).every(({ event }) => event === "progress"));
});

test("run prints what differs for each rank", async () => {
  const { code, stdout, stderr } = await partyline("run", "own-rank", on);
  assert.is(code, 0, stderr);
  assert.is(stdout, "rank at rank 0: 0\nrank at rank 1: 1\nrank at rank 2: 2\n");
});

test("run puts values, in a session that stays and whose values symbols lists", async () => {
  const values = await Promise.all(
    [[1, 2], [10, 20], [100, 200]].map((value, rank) =>
      file(`values-${rank}.json`, JSON.stringify(value))
    ),
  );
  const puts = values.map((path, rank) => `--put=${rank}:mine=${path}`);
  const session = "--session=study";
  const first = await partyline(
    ...["run", "sum", on, session, "--input=values=mine", "--output=total=first"],
    ...puts,
  );
  assert.is(first.code, 0, first.stderr);
  assert.is(first.stdout, "total: [111,222]\n");
  // Its result is an input of the next run.
  const second = await partyline(
    ...["run", "sum", on, session, "--input=values=first", "--output=total=second"],
  );
  assert.is(second.stdout, "total: [333,666]\n", second.stderr);

  const shown = table(await partyline("symbols", "study", on));
  assert.match(shown, /\nsecond +all +2 +\d+ +no +-\n/);
  assert.match(shown, /\ntable +all +1 x \d(, 1 x \d)* +\d+(, \d+)* +yes +-\n/);
  const { lines: [{ symbols }] } = await partylineJson("symbols", "study", on);
  const names = symbols.map(({ name }: { name: string }) => name);
  for (const name of ["mine", "first", "second"]) assert.ok(names.includes(name), name);
  const [mine] = symbols.filter(({ name }: { name: string }) => name === "mine");
  const { bytes, ...held } = mine.held[2];
  assert.equal(held, { rank: 2, shape: [2], private: false });
  assert.ok(bytes > 0);

  assert.match(table(await partyline("sessions", on)), /study +party-2 +2 +open/);
  const { lines: [{ sessions }] } = await partylineJson("sessions", on);
  const study = sessions.filter(({ name }: { name: string }) => name === "study");
  assert.equal(study.map(({ computations }: { computations: unknown[] }) => computations.length), [
    2,
    2,
    2,
  ]);
  assert.ok(
    sessions.every(({ name }: { name: string }) => name === "study"),
    "only this one stays",
  );
});

test("cancel ends a computation at all parties, and the session goes on", async () => {
  for (const form of [partyline, partylineJson]) {
    const session = `cancelled-${form.name}`;
    const run = startPartyline("run", "for-ever", on, `--session=${session}`, "--json");
    let event = JSON.parse(await run.line());
    while (event.note !== "waiting") event = JSON.parse(await run.line());
    const { lines: [{ sessions }] } = await partylineJson("sessions", on);
    const [{ computations: [{ id }] }] = sessions.filter(({ name }: { name: string }) =>
      name === session
    );
    const cancelled = await form("cancel", session, id, on);
    assert.is(cancelled.code, 0, cancelled.stderr);
    if ("lines" in cancelled) {
      const { ranks } = cancelled.lines[0];
      assert.equal(ranks.map(({ state }: { state: string }) => state), Array(3).fill("cancelled"));
    } else assert.match(cancelled.stdout, /^(Rank \d: cancelled\n){3}$/);
    assert.is(await run.exited, 1);
    assert.match(run.stderr, /cancelled/);
    const again = await partyline("run", "hello", on, `--session=${session}`);
    assert.is(again.code, 0, again.stderr);
  }
  for (const unknown of [["cancel", "study", "nope"], ["cancel", "nowhere", "nope"]]) {
    assert.match(
      oneLine(await partyline(...unknown, on)),
      "; partyline sessions tells which there are\n",
    );
  }
});

test("sessions --close closes what a killed run left, at all parties", async () => {
  const left = async () => {
    const { lines: [{ sessions }] } = await partylineJson("sessions", on);
    return sessions.filter(({ name }: { name: string }) => name === "left").length;
  };
  for (const form of [partyline, partylineJson]) {
    const run = startPartyline("run", "for-ever", on, "--session=left", "--json");
    while (JSON.parse(await run.line()).note !== "waiting");
    run.kill("SIGKILL");
    await run.exited;
    assert.is(await left(), 3);
    const closed = await form("sessions", "--close=left", on);
    assert.is(closed.code, 0, closed.stderr);
    if ("lines" in closed) {
      const ranks = [0, 1, 2].map((rank) => ({ rank, closed: true }));
      assert.equal(closed.lines, [{ session: "left", ranks }]);
    } else assert.is(closed.stdout, "Session left is closed; ranks that had it: all\n");
    assert.is(await left(), 0);
  }
  assert.match(
    oneLine(await partyline("sessions", "--close=left", on)),
    "No party has a session left",
  );
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`${signal} cancels a run at all parties, with 130`, async () => {
    const run = startPartyline("run", "for-ever", on, "--json");
    const running = new Set<number>();
    while (running.size < 3) {
      const { rank, note } = JSON.parse(await run.line());
      if (note === "waiting") running.add(rank);
    }
    run.kill(signal);
    const code = await run.exited;
    assert.match(oneLine({ code, stderr: run.stderr }, 130), `Stopped by ${signal}`);
    const { lines: [{ parties }] } = await partylineJson("status", on);
    for (const { computations } of parties) {
      assert.is((computations.running ?? 0) + (computations.pending ?? 0), 0);
    }
  });
}

test("doctor finds nothing wrong, measures all pairs, and leaves nothing behind", async () => {
  const text = table(await partyline("doctor", on));
  assert.match(text, /0 +request size +ok +8 MiB pass\n/);
  assert.match(text, /all +together +ok +each reaches each/);
  assert.match(text, /\n0 +- +\d+\.\d\d +\d+\.\d\d\n/);
  const { code, lines: [found] } = await partylineJson("doctor", on);
  assert.is(code, 0);
  for (const { check, state, detail } of found.checks) assert.is(state, "ok", `${check} ${detail}`);
  assert.is(found.latency_p50_ms[0][2], found.latency_p50_ms[2][0]);
  const { lines: [{ sessions }] } = await partylineJson("sessions", on);
  assert.not.ok(sessions.some(({ name }: { name: string }) => name.startsWith("doctor")));
});

test("a program that is not there is one line that says what is", async () => {
  const unknown = oneLine(await partyline("run", "nope", on));
  assert.match(
    unknown,
    /Cannot run nope: no party has it, and all parties together run hello, mean.*--program/,
  );
  const bare = startPartyline("serve", "--port=0", "--json", "--log=none");
  const { url } = JSON.parse(await bare.line());
  const parties = [cluster.urls[0], url, cluster.urls[2]].map((url, rank) => ({
    id: `${rank}`,
    url,
  }));
  const config = `--config=${await file("lacking.json", JSON.stringify({ parties }))}`;
  assert.match(
    oneLine(await partyline("run", "own-rank", config)),
    "own-rank: rank 1 lacks it, and",
  );
  bare.kill("SIGTERM");
  assert.is(await bare.exited, 0, bare.stderr);
});

test("a run that cannot be says by which option it can", async () => {
  const refusal = async (...args: string[]) => {
    const { code, stderr } = await partyline("run", ...args, on);
    assert.is(code, 1, stderr);
    return stderr.trim().split("\n").at(-1)!;
  };
  assert.match(await refusal("mean"), /column is missing; give --param column=\.\.\.$/);
  assert.match(
    await refusal("mean", "--param=column=90210001"),
    /column has to be a string, not a number; write text .* --param 'column="5"'$/,
  );
  assert.match(
    await refusal("mean", "--param=column=x", "--param=foo=1"),
    /there is no foo; it takes column$/,
  );
  assert.match(
    await refusal("sum"),
    /no such symbol; put it there, as partyline run --put does, or .*, as serve --data does$/,
  );
  const late = await refusal("for-ever", "--timeout-ms=300");
  assert.match(late, /did not end within 300 ms.* or raise --timeout-ms$/);
  const hello = ["hello", "--session=twice"];
  assert.is((await partyline("run", ...hello, on)).code, 0);
  assert.match(await refusal(...hello), /symbol greeting .*; --output NAME=SYMBOL names another$/);
  const again = await partyline("run", ...hello, "--output=greeting=second", on);
  assert.is(again.code, 0, again.stderr);
  assert.is((await partyline("sessions", "--close=twice", on)).code, 0);
});

test("a session that is not there is one line that says where all are told", async () => {
  const unknown = oneLine(await partyline("symbols", "no-session", on));
  assert.match(unknown, "; partyline sessions tells which there are\n");
});

test("a list of parties that is missing or wrong is bad usage", async () => {
  for (const command of ["status", "doctor", "programs", "sessions", "run hello", "symbols s"]) {
    const args = command.split(" ");
    const missing = oneLine(await partyline(...args, "--config=/nowhere.json"), 2);
    assert.match(missing, /Cannot read \/nowhere\.json.*partyline up/);
  }
  const same = await file("same.json", '{"parties":[{"id":"a","url":"http://a"},{"id":"b"}]}');
  assert.match(oneLine(await partyline("status", `--config=${same}`), 2), /parties\[1\]\.url/);
  const stray = await partyline("run", "sum", on, `--put=3:values=${folder}/values-0.json`);
  assert.match(oneLine(stray, 2), /rank 3.*lists 3 parties/);
});

test("a party that is down is told by every command, with 1", async () => {
  const { parties } = JSON.parse(await readFile(cluster.config, "utf8"));
  const listed = [...parties.slice(0, 2), { id: "away", url: "http://127.0.0.1:1" }];
  const config = `--config=${await file("away.json", JSON.stringify({ parties: listed }))}`;

  const status = await partyline("status", config);
  assert.match(oneLine(status), /1 of 3 parties did not answer.*127\.0\.0\.1:1.*start it/);
  assert.match(status.stdout, /\n2 +away +down/);
  const { lines: [{ parties: [, , away] }] } = await partylineJson("status", config);
  assert.equal([away.up, away.error.code], [false, "NETWORK"]);

  const doctor = await partyline("doctor", config);
  assert.match(oneLine(doctor), /2 of \d+ checks failed/);
  assert.match(doctor.stdout, /\n2 +port +FAIL +port 1 of 127\.0\.0\.1 took no connection/);
  assert.match(doctor.stdout, /start the party there/);
  assert.match(
    oneLine(await partyline("run", "hello", config)),
    `; start it, or correct its URL in ${folder}/away.json\n`,
  );
  for (const command of ["sessions", "programs"]) {
    assert.match(oneLine(await partyline(command, config)), "1 of 3 parties did not answer");
  }
});

test("doctor has nothing good to say of parties that do not answer", async () => {
  const parties = [{ id: "away", url: "http://127.0.0.1:1" }];
  const config = `--config=${await file("none-there.json", JSON.stringify({ parties }))}`;
  const { lines: [{ checks }] } = await partylineJson("doctor", config);
  const [programs] = checks.filter(({ check }: { check: string }) => check === "programs");
  assert.equal([programs.state, programs.detail], ["fail", "no party tells its programs"]);
});

test("doctor tells of parties that are listed in another order than they run", async () => {
  const { parties } = JSON.parse(await readFile(cluster.config, "utf8"));
  const other = await file("other.json", JSON.stringify({ parties: [...parties].reverse() }));
  const { lines: [{ checks }] } = await partylineJson("doctor", `--config=${other}`);
  const warned = checks.filter(({ state }: { state: string }) => state === "warn");
  assert.equal(warned.map(({ check, rank }: Record<string, unknown>) => [check, rank]), [
    ["endpoints", 0],
    ["endpoints", 1],
    ["endpoints", 2],
  ]);
});

test.run();
