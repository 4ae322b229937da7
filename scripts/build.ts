/**
 * Builds the npm package's files into `dist`: JavaScript and types, with the pinned `npm:` imports
 * turned into the bare ones that Node resolves.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import process from "node:process";
import { ROOT } from "./processes.ts";

const OUT = `${ROOT}dist`;

/** `"npm:name@range/file"`, where a name may begin with `@scope/`. */
const NPM_SPECIFIER = /"npm:((?:@[^/"]+\/)?[^@"]+)@[^/"]+((?:\/[^"]*)?)"/g;

await rm(OUT, { recursive: true, force: true });
execFileSync(
  process.execPath,
  [`${ROOT}node_modules/typescript/bin/tsc`, "-p", `${ROOT}scripts/tsconfig.build.json`],
  { stdio: "inherit" },
);
for (const file of await readdir(OUT, { recursive: true })) {
  if (!/\.(js|d\.ts)$/.test(file)) continue;
  const path = `${OUT}/${file}`;
  const text = await readFile(path, "utf8");
  const bare = text.replaceAll(NPM_SPECIFIER, '"$1$2"');
  if (bare !== text) await writeFile(path, bare);
}
