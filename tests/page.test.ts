import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createParty } from "../mod.ts";
import { SCRIPT, statusPage } from "../lib/page/page.ts";
import { findRuntimes, ROOT } from "../scripts/processes.ts";

async function get(path: string, method = "GET"): Promise<Response> {
  await using party = createParty();
  return await party.fetch(new Request(`http://localhost${path}`, { method }));
}

async function sha256(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(bytes)));
}

test("the page comes with a policy under which it can load and run nothing else", async () => {
  const response = await get("/");
  assert.is(response.status, 200);
  const { headers } = response;
  assert.is(headers.get("content-type"), "text/html; charset=utf-8");
  assert.is(headers.get("cache-control"), "no-store");
  assert.is(headers.get("referrer-policy"), "no-referrer");
  assert.is(headers.get("x-content-type-options"), "nosniff");
  const html = await response.text();
  const [, script] = /<script>([^]*)<\/script>/.exec(html)!;
  const [, style] = /<style>([^]*)<\/style>/.exec(html)!;
  const policy = headers.get("content-security-policy")!.split("; ");
  for (
    const directive of [
      "default-src 'none'",
      "connect-src 'self'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
      `script-src 'sha256-${await sha256(script!)}'`,
      `style-src 'sha256-${await sha256(style!)}'`,
      "require-trusted-types-for 'script'",
    ]
  ) assert.ok(policy.includes(directive), directive);
});

test("the page needs nothing from anywhere else", async () => {
  const { html } = await statusPage();
  const links = [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, link]) => link!);
  assert.equal(links.filter((link) => !link.startsWith("data:")), [
    "status",
    "status",
    "metrics",
    "openapi.json",
  ]);
  assert.not.match(html, /url\(|@import/);
});

test("the page's script puts what it hears nowhere but into text", () => {
  assert.not.match(
    SCRIPT,
    /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|setAttribute\("(on|href|src|style)|<\/script/,
  );
  new Function(SCRIPT); // throws when it cannot be parsed
});

const node = findRuntimes().get("node")?.[0];
(node === undefined ? test.skip : test)("the page's script has no error of types", async () => {
  const folder = await mkdtemp(join(tmpdir(), "partyline-page-script-"));
  try {
    const file = join(folder, "script.js");
    await writeFile(file, SCRIPT);
    const checks = "--ignoreConfig --noEmit --allowJs --checkJs --strict --noImplicitAny false";
    const target = "--target es2022 --lib es2023,dom,dom.iterable";
    const { status, stdout } = spawnSync(node!, [
      `${ROOT}node_modules/typescript/bin/tsc`,
      ...`${checks} ${target}`.split(" "),
      file,
    ], { encoding: "utf8" });
    assert.is(status, 0, stdout);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("the page is at / alone, and HEAD tells of it", async () => {
  assert.is((await get("/", "HEAD")).status, 200);
  for (const path of ["//", "/index.html", "/page"]) assert.is((await get(path)).status, 404, path);
  const refused = await get("/", "POST");
  assert.is(refused.status, 405);
  assert.is(refused.headers.get("allow"), "GET, HEAD");
});

test.run();
