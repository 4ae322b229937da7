import { readdir, readFile } from "node:fs/promises";
import { posix } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ROOT } from "../scripts/processes.ts";

/** What each folder of `lib`, and each file beside them, may import of the others. */
const MAY_IMPORT: Record<string, string[]> = {
  "deps.ts": [],
  "errors.ts": [],
  "log.ts": [],
  "names.ts": [],
  "random.ts": [],
  "page": [],
  "timing.ts": [],
  "trace.ts": ["random.ts"],
  "version.ts": [],
  "schema.ts": ["deps.ts", "errors.ts", "names.ts"],
  "wire": ["deps.ts", "errors.ts", "schema.ts"],
  "comm": ["errors.ts", "names.ts", "timing.ts", "wire"],
  "security": ["comm/link/sealed/cover.ts", "deps.ts", "errors.ts", "schema.ts", "wire"],
  "mpc": ["comm/communicator.ts", "errors.ts"],
  "programs": [
    "comm/communicator.ts",
    "deps.ts",
    "errors.ts",
    "log.ts",
    "mpc",
    "names.ts",
    "schema.ts",
    "wire/json.ts",
  ],
  "resources": [
    "comm",
    "deps.ts",
    "errors.ts",
    "log.ts",
    "programs",
    "random.ts",
    "schema.ts",
    "timing.ts",
    "trace.ts",
    "wire",
  ],
  "server": [
    "comm",
    "deps.ts",
    "errors.ts",
    "log.ts",
    "names.ts",
    "page",
    "programs",
    "resources",
    "schema.ts",
    "security",
    "timing.ts",
    "trace.ts",
    "version.ts",
    "wire",
  ],
  "serve": ["errors.ts", "server", "timing.ts", "tls/pem.ts"],
  "client": [
    "deps.ts",
    "errors.ts",
    "names.ts",
    "random.ts",
    "schema.ts",
    "security/signatures/deps.ts",
    "security/signatures/profile.ts",
    "timing.ts",
    "trace.ts",
    "wire",
  ],
  "testing": ["deps.ts", "timing.ts"],
  "tls": [],
  "party.ts": ["log.ts", "programs", "resources", "security", "server"],
};

/** Where a package or a runtime's own module may be named. */
const OUTSIDE: Record<string, RegExp> = {
  "lib/deps.ts": /^npm:/,
  "lib/client/deps.ts": /^npm:eventsource-parser@/,
  "lib/security/keys/deps.ts": /^npm:@noble\/curves@/,
  "lib/security/noise/seal_node.ts": /^node:crypto$/,
  "lib/security/signatures/deps.ts": /^npm:http-message-sig@/,
  "lib/server/metrics/deps.ts": /^npm:prom-client@/,
  "lib/resources/store/files.ts": /^node:/,
  "lib/serve/connections.ts": /^node:(http|net)$/,
  "lib/serve/exchange.ts": /^node:(http|timers)$/,
  "lib/serve/node.ts": /^node:/,
  "lib/serve/tls.ts": /^node:(crypto|net|tls)$/,
  "lib/tls/node.ts": /^(node:tls|undici)$/,
  "lib/tls/pem.ts": /^node:crypto$/,
};

const files = [
  "mod.ts",
  ...(await readdir(`${ROOT}lib`, { recursive: true }))
    .filter((file) => file.endsWith(".ts"))
    .map((file) => `lib/${file.replaceAll("\\", "/")}`),
];

const imports = new Map<string, string[]>();
for (const file of files) {
  imports.set(file, importsOf(await readFile(`${ROOT}${file}`, "utf8")));
}

/** What a source file imports, in whatever form; what comments say is left out. */
function importsOf(source: string): string[] {
  const code = source.replaceAll(/^\s*(\/?\*|\/\/).*$/gm, "");
  const forms = [
    /^\s*(?:import|export)\b[^"'();=]*\bfrom\s*["']([^"']+)["']/gm,
    /^\s*import\s*["']([^"']+)["']/gm,
    /\bimport\s*\(\s*["'`]([^"'`]+)["'`]/g,
  ];
  return forms.flatMap((form) => [...code.matchAll(form)].map(([, specifier]) => specifier!));
}

function resolve(file: string, specifier: string): string {
  return posix.join(posix.dirname(file), specifier);
}

function local(file: string): string[] {
  return imports.get(file)!.filter((specifier) => specifier.startsWith("."))
    .map((specifier) => resolve(file, specifier));
}

test("an import is seen in every form that it can have", () => {
  const forms = [
    'import process from "x";',
    'import "x";',
    'import * as all from "x";',
    'import type { A } from "x";',
    'import first, { second } from "x";',
    'import {\n  a,\n  b as c,\n} from "x";',
    'import data from "x" with { type: "json" };',
    "import single from 'x';",
    'export * from "x";',
    'export * as all from "x";',
    'export { a, type B } from "x";',
    'const { a } = await import("x");',
    'const a = await import(\n  "x"\n);',
    'let a: import("x").A;',
  ];
  for (const form of forms) assert.equal(importsOf(`${form}\nf();`), ["x"], form);
  const none = ['// import "x";', ' * import { a } from "x";', 'export const a = b("from", "x");'];
  for (const text of none) assert.equal(importsOf(text), [], text);
});

test("every import of a file leads to a file", () => {
  for (const file of files) {
    for (const target of local(file)) assert.ok(imports.has(target), `${file} -> ${target}`);
  }
});

test("folders import one way only", () => {
  for (const file of files.filter((file) => file.startsWith("lib/"))) {
    const place = file.split("/")[1]!;
    for (const target of local(file)) {
      const path = target.slice("lib/".length);
      const targetPlace = path.split("/")[0]!;
      const allowed = MAY_IMPORT[place] ?? assert.unreachable(`no rule for ${place}`);
      assert.ok(
        targetPlace === place || allowed!.includes(targetPlace) || allowed!.includes(path),
        `${file} must not import ${target}`,
      );
    }
  }
});

test("only mod.ts imports party.ts", () => {
  const importers = files.filter((file) => local(file).includes("lib/party.ts"));
  assert.equal(importers, ["mod.ts"]);
});

test("no file imports itself, directly or through others", () => {
  const done = new Set<string>();
  const visit = (file: string, path: string[]) => {
    assert.not.ok(path.includes(file), `cycle: ${[...path, file].join(" -> ")}`);
    if (done.has(file)) return;
    for (const target of local(file)) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
});

test("packages and runtime modules are named in one place each", () => {
  for (const file of files) {
    for (const specifier of imports.get(file)!.filter((name) => !name.startsWith("."))) {
      assert.ok(OUTSIDE[file]?.test(specifier), `${file} must not import ${specifier}`);
    }
  }
});

test.run();
