import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { VERSION } from "../mod.ts";
import { findRuntimes } from "../scripts/processes.ts";
import { runCommand } from "./helpers/command.ts";
import { hostCheckout } from "./helpers/static_host.ts";

const deno = findRuntimes().get("deno")?.[0];
const withDeno = deno === undefined ? test.skip : test;

// A package.json in any folder above would be taken for this one's.
const env = { DENO_NO_PACKAGE_JSON: "1" };
const host = await hostCheckout();
const folder = await mkdtemp(`${tmpdir()}/partyline-empty-`);

test.after(async () => {
  await host.close();
  await rm(folder, { recursive: true });
});

withDeno("Deno imports mod.ts from a URL, in an empty folder, with all types checked", async () => {
  await writeFile(
    `${folder}/main.ts`,
    `import { createParty, serve } from "${host.url}/mod.ts";
     const party = createParty();
     const server = await serve(party, { port: 0 });
     const session = await party.createSession({ name: "s", rank: 0, endpoints: [server.url] });
     await session.communicator.send(0, "key", 42n);
     const value: bigint = await session.communicator.recv<bigint>(0, "key");
     console.log(String(value), await (await fetch(server.url + "/health")).text());
     await party.close();
     await server.close();`,
  );
  const command = [deno!, "run", "--reload=" + host.url, "--check=all", "-A", "main.ts"];
  const { code, stdout, stderr } = await runCommand(command, { cwd: folder, env });
  assert.is(code, 0, stderr);
  assert.is(stdout, '42 {"status":"ok"}\n');
});

withDeno("Deno runs the command line from a URL", async () => {
  const command = [deno!, "run", "-A", `${host.url}/scripts/party.ts`];
  const version = await runCommand([...command, "--version"], { cwd: folder, env });
  assert.is(version.stdout, `${VERSION}\n`, version.stderr);

  const data = `${folder}/rows.csv`;
  await writeFile(data, "x\n1\n2\n3\nNA\n");
  const job = [...command, "--rank=0", "--port=0", "--endpoints=-", "--run=mean", "--json"];
  const { code, stdout, stderr } = await runCommand(
    [...job, `--data=table=${data}`, "--param=column=x"],
    { cwd: folder, env, input: "http://127.0.0.1:1\n" },
  );
  assert.is(code, 0, stderr);
  const result = JSON.parse(stdout.trim().split("\n").at(-1)!);
  assert.equal(result.outputs.moments, { count: 3, missing: 1, mean: 2, standardDeviation: 1 });
});

test.run();
