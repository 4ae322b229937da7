import { access, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { VERSION } from "../mod.ts";
import { findRuntimes, OWN_RUNTIME, ROOT } from "../scripts/processes.ts";
import { runCommand } from "./helpers/command.ts";

const deno = findRuntimes().get("deno")?.[0];
const withDeno = deno === undefined ? test.skip : test;
// The npm package is Node's; on Deno there is nothing more to see of it.
const onNode = OWN_RUNTIME === "node" ? test : () => {};

test("the version is the same in every place that names it", async () => {
  for (const file of ["package.json", "deno.json"]) {
    assert.is(JSON.parse(await readFile(`${ROOT}${file}`, "utf8")).version, VERSION, file);
  }
  assert.match(await readFile(`${ROOT}CHANGELOG.md`, "utf8"), `## ${VERSION}`);
});

test("deno.json, package.json and tsconfig.json name the same packages as the code", async () => {
  const manifest = JSON.parse(await readFile(`${ROOT}package.json`, "utf8"));
  const { compilerOptions } = JSON.parse(await readFile(`${ROOT}tsconfig.json`, "utf8"));
  for (const specifier of Object.keys(compilerOptions.paths)) {
    const [, name, range] = /^npm:(@?[^@]+)@([^/]+)/.exec(specifier)!;
    assert.is(manifest.dependencies[name!], range, specifier);
  }
});

test("what is published exists", async () => {
  const { publish } = JSON.parse(await readFile(`${ROOT}deno.json`, "utf8"));
  for (const entry of publish.include) {
    await access(`${ROOT}${entry}`).catch(() => assert.unreachable(`there is no ${entry}`));
  }
});

onNode("Node imports the packed package, with its types and its command", async () => {
  const folder = await mkdtemp(`${tmpdir()}/partyline-npm-`);
  const run = async (...command: string[]) => {
    const result = await runCommand(command, { cwd: folder });
    assert.is(result.code, 0, `${command.join(" ")}: ${result.stdout}${result.stderr}`);
    return result.stdout;
  };
  try {
    const packed = await runCommand(["npm", "pack", "--pack-destination", folder], { cwd: ROOT });
    assert.is(packed.code, 0, packed.stderr);
    const tarball = packed.stdout.trim().split("\n").at(-1)!;

    await writeFile(`${folder}/package.json`, '{ "type": "module", "private": true }');
    await run("npm", "install", "--prefer-offline", "--no-audit", "--no-fund", `./${tarball}`);
    await writeFile(
      `${folder}/main.ts`,
      `import { createParty, type Party, serve } from "partyline";
       const party: Party = createParty();
       const server = await serve(party, { port: 0 });
       console.log(await (await fetch(server.url + "/health")).text());
       await server.close();`,
    );
    for (const resolution of [["NodeNext", "NodeNext"], ["ESNext", "Bundler"]]) {
      const options = ["--strict", "--target", "ES2023", "--outDir", `out-${resolution[1]}`];
      await mkdir(`${folder}/node_modules/@types`, { recursive: true });
      await run(
        "node",
        `${ROOT}node_modules/typescript/bin/tsc`,
        ...options,
        ...["--types", "node", "--typeRoots", `${ROOT}node_modules/@types`],
        ...["--module", resolution[0]!, "--moduleResolution", resolution[1]!, "main.ts"],
      );
      assert.is(await run("node", `out-${resolution[1]}/main.js`), '{"status":"ok"}\n');
    }
    assert.is(await run("npx", "--no-install", "partyline", "--version"), `${VERSION}\n`);
  } finally {
    await rm(folder, { recursive: true });
  }
});

withDeno("deno publish --dry-run passes", async () => {
  const command = [deno!, "publish", "--dry-run", "--allow-dirty"];
  const { code, stderr } = await runCommand(command, { cwd: ROOT });
  assert.is(code, 0, stderr);
  assert.match(stderr, "Dry run complete");
});

test.run();
