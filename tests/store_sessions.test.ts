/**
 * Parties in processes of their own that keep symbols on disk, as one of them is killed and started
 * again: a session's values are there as long as nobody says that they are to go.
 */

import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { ScriptProcess } from "../scripts/processes.ts";
import { partylineJson, startPartyline } from "./helpers/cluster.ts";
import type { CommandResult } from "./helpers/command.ts";
import { partyline } from "./helpers/command_line.ts";
import { freeUrls, makeList, writeList } from "./helpers/keyed.ts";

const SIZE = 3;

/** Three parties, each with a store, and session `study` with a value at each. */
class Study {
  readonly parties: ScriptProcess[] = [];
  readonly folder: string;
  /** Where the parties are, and who asks them. */
  readonly on: string[];
  readonly #hasKeys: boolean;

  constructor(folder: string, hasKeys: boolean) {
    this.folder = folder;
    this.on = [`--config=${folder}/parties.json`];
    if (hasKeys) this.on.push(`--operator-key=${folder}/alice.key.json`);
    this.#hasKeys = hasKeys;
  }

  async start(rank: number): Promise<void> {
    const party = this.parties[rank] = startPartyline(
      ...["serve", this.on[0]!, `--store=${this.folder}/${rank}`, "--json", "--log=none"],
      this.#hasKeys ? `--key=${this.folder}/${"abc"[rank]}.key.json` : `--rank=${rank}`,
    );
    party.url = JSON.parse(await party.line()).url;
  }

  async kill(rank: number): Promise<void> {
    this.parties[rank]!.kill("SIGKILL");
    await this.parties[rank]!.exited;
  }

  /** Runs `sum` of the values that were put before. */
  async run(): Promise<CommandResult> {
    return await partyline(
      ...["run", "sum", ...this.on, "--session=study", "--input=values=mine", "--output=total=sum"],
    );
  }

  /** How many values each party has on its disk. */
  async kept(): Promise<number[]> {
    return await Promise.all(this.parties.map(async (_, rank) => {
      const files = await readdir(`${this.folder}/${rank}`, { recursive: true }).catch(() => []);
      return files.filter((file) => file.endsWith(".symbol")).length;
    }));
  }

  /** The ranks that have session `study`. */
  async ranks(): Promise<number[]> {
    const { lines: [{ sessions }] } = await partylineJson("sessions", ...this.on);
    return sessions.map(({ rank }: { rank: number }) => rank);
  }
}

async function withStudy(
  hasKeys: boolean,
  body: (study: Study) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(`${tmpdir()}/partyline-study-`);
  const study = new Study(folder, hasKeys);
  try {
    const urls = await freeUrls(SIZE);
    const parties = urls.map((url, rank) => ({ id: `party-${rank}`, url }));
    await writeList(folder, "parties.json", hasKeys ? await makeList(folder, urls) : { parties });
    await writeFile(`${folder}/value.json`, "[1, 2.5]");
    await Promise.all(urls.map((_, rank) => study.start(rank)));
    const puts = urls.map((_, rank) => `--put=${rank}:mine=${folder}/value.json`);
    const first = await partyline(
      ...[
        "run",
        "sum",
        ...study.on,
        "--session=study",
        "--input=values=mine",
        "--output=total=first",
      ],
      ...puts,
    );
    assert.equal([first.code, first.stdout], [0, "total: [3,7.5]\n"], first.stderr);
    assert.equal(await study.kept(), [2, 2, 2]);
    await body(study);
  } finally {
    for (const rank of study.parties.keys()) await study.kill(rank);
    await rm(folder, { recursive: true });
  }
}

for (const [what, hasKeys] of [["without keys", false], ["with keys", true]] as const) {
  test(`a party ${what} that was killed, and is back, has its values until a run can have them`, async () => {
    await withStudy(hasKeys, async (study) => {
      await study.kill(2);
      await study.start(2);
      for (let tries = 0; tries < 2; tries++) {
        const { code, stdout, stderr } = await study.run();
        assert.equal([code, stdout], [1, ""], stderr);
        assert.match(
          stderr,
          /^partyline: Cannot attach to session study, which is lost at rank 2, .*; once all parties are up, partyline sessions --close study --keep-values, and run this again\n$/,
        );
        assert.equal(await study.kept(), [2, 2, 2], "a run that cannot begin deletes nothing");
        assert.equal(await study.ranks(), [0, 1], "and undoes what it began");
      }

      const closed = await partyline("sessions", "--close=study", "--keep-values", ...study.on);
      assert.equal(
        [closed.code, closed.stdout],
        [0, "Session study is closed, and its values are kept; ranks that had it: 0, 1\n"],
        closed.stderr,
      );
      assert.equal([await study.ranks(), await study.kept()], [[], [2, 2, 2]]);

      const { code, stdout, stderr } = await study.run();
      assert.equal([code, stdout], [0, "total: [3,7.5]\n"], stderr);
      assert.equal([await study.ranks(), await study.kept()], [[0, 1, 2], [3, 3, 3]]);

      const deleted = await partyline("sessions", "--close=study", ...study.on);
      assert.is(
        deleted.stdout,
        "Session study is closed; ranks that had it: all\n",
        deleted.stderr,
      );
      assert.equal(await study.kept(), [0, 0, 0], "without the option they are deleted, as ever");
    });
  });
}

test("a run that meets a party which restarted says how to go on with the values", async () => {
  await withStudy(false, async (study) => {
    await study.kill(1);
    await study.start(1);
    // As a tool would that takes a session of that name for its own.
    const endpoints = study.parties.map(({ url }) => url);
    const created = await fetch(`${endpoints[1]}/sessions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: "study", rank: 1, endpoints }),
    });
    assert.is(created.status, 200, await created.text());

    const lost = await study.run();
    assert.equal([lost.code, lost.stdout], [1, ""], lost.stderr);
    assert.match(
      lost.stderr,
      /Rank 1 restarted and has forgotten session study: .*; once all parties are up, partyline sessions --close study --keep-values, and run this again\n$/,
    );
    const closed = await partyline("sessions", "--close=study", "--keep-values", ...study.on);
    assert.is(closed.code, 0, closed.stderr);
    const { code, stdout, stderr } = await study.run();
    assert.equal([code, stdout], [0, "total: [3,7.5]\n"], stderr);
  });
});

test("values can be kept of a session that is closed alone", async () => {
  const { code, stderr } = await partyline("sessions", "--keep-values");
  assert.is(code, 2);
  assert.match(stderr, /^partyline: Cannot keep values of no session: add --close NAME/);
});

test.run();
