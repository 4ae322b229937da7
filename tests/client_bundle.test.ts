import { createRequire } from "node:module";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ROOT } from "../scripts/processes.ts";

/** About a third of it goes over the network, once compressed. */
const MAX_BYTES = 176 * 1024;

test("the client bundles for a browser: small, and without what a server needs", async () => {
  // By its path: Deno would take it from a registry, without the program that it starts.
  const esbuild: typeof import("esbuild") = createRequire(`${ROOT}package.json`)("esbuild");
  const { metafile, outputFiles } = await esbuild.build({
    entryPoints: [`${ROOT}lib/client/mod.ts`],
    absWorkingDir: ROOT,
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    metafile: true,
    write: false,
  });
  await esbuild.stop();
  const [output] = Object.values(metafile.outputs);
  const used = Object.entries(output!.inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([file]) => file);
  const packages = new Set(
    used.flatMap((file) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []),
  );
  const expected = [
    "@scure/base",
    "cborg",
    "eventsource-parser",
    "http-message-sig",
    "itty-router",
    "structured-headers",
    "valibot",
  ];
  assert.equal([...packages].sort(), expected);
  const folders = new Set(used.flatMap((file) => /^lib\/([^/]+)/.exec(file)?.[1] ?? []));
  for (const folder of ["comm", "resources", "server", "serve", "programs", "party.ts"]) {
    assert.not.ok(folders.has(folder), `lib/${folder} is in the bundle`);
  }
  assert.equal(output!.imports, []);
  const [{ text, contents }] = outputFiles as [typeof outputFiles[0]];
  assert.not.match(text, /["']node:|\brequire\(/);
  assert.ok(contents.byteLength < MAX_BYTES, `${contents.byteLength} bytes`);
});

test.run();
