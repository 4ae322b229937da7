/**
 * The files of a directory store: what a crash, a bad disk or a stranger may make of them.
 */

import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import process from "node:process";
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createParty, directoryStore, type LogRecord, type Party } from "../mod.ts";
import { fileOf, unfinishedName } from "../lib/resources/store/format.ts";
import { partyError } from "./helpers/waiting.ts";

const SPEC = { name: "Demo", rank: 0, endpoints: ["http://127.0.0.1:2"] };

/** A directory in which one session has the symbols `a`, `b` and `c`. */
class Directory {
  readonly root: string;
  readonly records: LogRecord[] = [];

  private constructor(root: string) {
    this.root = root;
  }

  static async make(): Promise<Directory> {
    const directory = new Directory(await mkdtemp(`${tmpdir()}/partyline-files-`));
    await directory.use(async (_, symbols) => {
      for (const name of ["a", "b", "c"]) await symbols.put(name, `value of ${name}`);
    });
    return directory;
  }

  /** The session's folder. */
  async folder(): Promise<string> {
    const [folder] = await readdir(this.root);
    return `${this.root}/${folder}`;
  }

  /** The path of a symbol's file. */
  async pathOf(symbol: string): Promise<string> {
    return `${await this.folder()}/${await fileOf(symbol)}`;
  }

  /** Opens a party with the session, and closes it again. */
  async use<T>(
    body: (
      party: Party,
      symbols: Awaited<ReturnType<Party["createSession"]>>["symbols"],
    ) => Promise<T>,
    spec = SPEC,
  ): Promise<T> {
    const log = (record: LogRecord) => void this.records.push(record);
    const party = createParty({ store: directoryStore(this.root), log });
    try {
      return await body(party, (await party.createSession(spec)).symbols);
    } finally {
      await party.close();
    }
  }

  /** The symbols that a party finds, and the warnings that it writes meanwhile. */
  async found(spec = SPEC): Promise<{ names: string[]; warnings: string[] }> {
    this.records.length = 0;
    const names = await this.use((_, symbols) => {
      const list = symbols.list();
      for (const { name, value } of list) assert.is(value, `value of ${name}`);
      return Promise.resolve(list.map(({ name }) => name));
    }, spec);
    const told = this.records.filter(({ level }) => level === "warn" || level === "error");
    return { names, warnings: told.map(({ message }) => message) };
  }

  remove(): Promise<void> {
    return rm(this.root, { recursive: true });
  }
}

function declare(name: string, body: (directory: Directory) => Promise<void>): void {
  test(name, async () => {
    const directory = await Directory.make();
    try {
      await body(directory);
    } finally {
      await directory.remove();
    }
  });
}

declare(
  "files and folders are for their owner alone, and their names are safe",
  async (directory) => {
    const folder = await directory.folder();
    assert.is((await stat(folder)).mode & 0o777, 0o700);
    const files = await readdir(folder);
    assert.is(files.length, 3);
    for (const file of [folder.slice(directory.root.length + 1), ...files]) {
      assert.match(file, /^[a-z0-9_-]+-[0-9a-f]{32}(\.symbol)?$/);
    }
    for (const file of files) assert.is((await stat(`${folder}/${file}`)).mode & 0o777, 0o600);
  },
);

declare(
  "a file that was cut anywhere is told by its name, left, and not loaded",
  async (directory) => {
    const path = await directory.pathOf("b");
    const whole = await readFile(path);
    assert.ok(whole.byteLength < 300);
    for (let length = 0; length < whole.byteLength; length++) {
      await writeFile(path, whole.subarray(0, length));
      const { names, warnings } = await directory.found();
      assert.equal(names, ["a", "c"], `cut to ${length}`);
      assert.is(warnings.length, 1);
      assert.match(warnings[0]!, /^Cannot load demo-.*\/b-.*\.symbol of the store: it is/);
      assert.is((await readFile(path)).byteLength, length);
    }
    await writeFile(path, whole);
    assert.equal(await directory.found(), { names: ["a", "b", "c"], warnings: [] });
  },
);

declare(
  "a file with any other bytes is not loaded, and nobody is told what it holds",
  async (directory) => {
    const path = await directory.pathOf("b");
    const whole = await readFile(path);
    const change = fc.record({
      at: fc.nat({ max: whole.byteLength - 1 }),
      by: fc.integer({ min: 1, max: 255 }),
    });
    const changed = fc.oneof(
      fc.array(change, { minLength: 1, maxLength: 3 }).map((changes) => {
        const bytes = Uint8Array.from(whole);
        for (const { at, by } of changes) bytes[at]! ^= by;
        return bytes;
      }),
      fc.uint8Array({ minLength: 1 }).map((more) => Uint8Array.from([...whole, ...more])),
      fc.uint8Array({ maxLength: 300 }),
    ).filter((bytes) => !whole.equals(bytes));
    await fc.assert(
      fc.asyncProperty(changed, async (bytes) => {
        await writeFile(path, bytes);
        const { names, warnings } = await directory.found();
        assert.equal(names, ["a", "c"]);
        assert.is(warnings.length, 1);
        assert.not.match(warnings[0]!, "value of");
        assert.equal(new Uint8Array(await readFile(path)), bytes);
      }),
      { numRuns: 100 },
    );
  },
);

declare(
  "files of other symbols, of other sessions and of strangers are not loaded",
  async (directory) => {
    const folder = await directory.folder();
    await directory.use((_, symbols) => symbols.put("d", 1), { ...SPEC, name: "other" });
    const [other] = (await readdir(directory.root)).filter((name) => name.startsWith("other"));
    await copyFile(await directory.pathOf("a"), `${folder}/${await fileOf("x")}`);
    await copyFile(
      `${directory.root}/${other}/${await fileOf("d")}`,
      `${folder}/${await fileOf("d")}`,
    );
    await writeFile(`${folder}/README.txt`, "hello");
    await writeFile(`${folder}/a.symbol.unfinished`, "hello");
    await mkdir(`${folder}/${await fileOf("dir")}`);
    await symlink(await directory.pathOf("a"), `${folder}/${await fileOf("link")}`);
    await rename(await directory.pathOf("b"), `${folder}/B.symbol`);
    const { names, warnings } = await directory.found();
    assert.equal(names, ["a", "c"]);
    const told = warnings.map((warning) => /\/(\S+) of the store: (.*)/.exec(warning)!.slice(1));
    assert.equal(
      new Map(told as [string, string][]),
      new Map([
        ["B.symbol", "it has the name of another symbol's file"],
        ["README.txt", "it does not have the name of a symbol's file"],
        ["a.symbol.unfinished", "it does not have the name of a symbol's file"],
        [await fileOf("d"), "it belongs to another session"],
        [await fileOf("dir"), "it is no file"],
        [await fileOf("link"), "it is no file"],
        [await fileOf("x"), "it has the name of another symbol's file"],
      ]),
    );
    assert.is((await readdir(folder)).length, 9, "all of them are still there");
  },
);

declare(
  "what a crash left before the rename is no symbol, and is cleared away",
  async (directory) => {
    const folder = await directory.folder();
    const whole = await readFile(await directory.pathOf("b"));
    const left = [
      [await fileOf("d"), whole],
      [await fileOf("a"), whole.subarray(0, 40)],
      [await fileOf("b"), new Uint8Array()],
    ] as const;
    for (const [file, bytes] of left) await writeFile(`${folder}/${unfinishedName(file)}`, bytes);
    assert.equal(await directory.found(), { names: ["a", "b", "c"], warnings: [] });
    assert.is((await readdir(folder)).length, 3);
  },
);

declare("a damaged file makes room for a new one, and is still there", async (directory) => {
  const path = await directory.pathOf("b");
  await writeFile(path, "damaged");
  await directory.use((_, symbols) => symbols.put("b", "value of b"));
  const { names, warnings } = await directory.found();
  assert.equal(names, ["a", "c", "b"]);
  assert.is(warnings.length, 1);
  const [, damaged] = /\/(b-\S+\.damaged) of the store/.exec(warnings[0]!)!;
  const kept = `${await directory.folder()}/${damaged}`;
  assert.is(await readFile(kept, "utf8"), "damaged");
  await directory.use((party) => party.session(SPEC.name).close());
  assert.equal(await readdir(await directory.folder()), [damaged], "the rest is deleted");
});

declare("a closed session leaves no file and no folder", async (directory) => {
  await directory.use(async (party) => {
    const one = await party.createSession({ ...SPEC, name: "one" });
    await one.symbols.put("x", 1);
    await party.session(SPEC.name).close();
    await one.symbols.delete("x");
  });
  assert.equal(await readdir(directory.root), []);
});

declare(
  "a directory that cannot be used fails what needs it, without its path",
  async (directory) => {
    if (process.getuid?.() === 0) {
      // Root may write anywhere; a file in place of the folder stops it, too.
      const folder = await directory.folder();
      await rm(folder, { recursive: true });
      await writeFile(folder, "in the way");
    } else {
      await chmod(await directory.folder(), 0);
    }
    const error = await partyError(directory.found(), "INTERNAL");
    assert.not.match(error.message, directory.root);
    const [{ level, error: cause }] = directory.records as [LogRecord];
    assert.is(level, "error");
    assert.match((cause as Error).message, directory.root);
    if (process.getuid?.() !== 0) await chmod(await directory.folder(), 0o700);
  },
);

declare(
  "a stored symbol whose name is now private is left out, kept, and deleted with its session",
  async (directory) => {
    const warnings: string[] = [];
    const open = () =>
      createParty({
        store: directoryStore(directory.root),
        data: { b: "private" },
        log: ({ level, message }) => void (level === "warn" && warnings.push(message)),
      });
    const party = open();
    const { symbols } = await party.createSession(SPEC);
    assert.equal(symbols.list().map(({ name }) => name), ["b", "a", "c"]);
    assert.is(symbols.get("b").value, "private");
    await party.close();
    assert.equal(warnings, ["Symbol b of the store is left out: private data has that name"]);
    assert.equal((await directory.found()).names, ["a", "b", "c"]);
    const again = open();
    await (await again.createSession(SPEC)).close();
    await again.close();
    assert.equal(await readdir(directory.root), []);
  },
);

test.run();
