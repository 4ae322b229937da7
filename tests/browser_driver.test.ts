import { build } from "esbuild";
import type { Browser } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { findRuntimes, OWN_RUNTIME, ROOT, ScriptProcess } from "../scripts/processes.ts";
import { openBrowser, openPage } from "./helpers/browser.ts";
import { listen } from "./helpers/listen.ts";
import type { Jobs } from "./helpers/page_jobs.ts";

const HTML = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<script type="module" src="/jobs.js"></script>`;

interface Host {
  url: string;
  close(): Promise<void>;
}

let script: string;
let browser: Browser;
/** Serves a page that the parties allow to call them, and the same page from elsewhere. */
let [allowed, other]: Host[] = [];
let parties: ScriptProcess[];
let endpoints: string[];

/** The driver and its jobs as a page would have them: one file, without any runtime's own modules. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: ["tests/helpers/page_jobs.ts"],
    bundle: true,
    format: "esm",
    platform: "browser",
    write: false,
    logLevel: "silent",
  });
  return outputFiles[0]!.text;
}

function hostPage(): Promise<Host> {
  return listen(({ url }, response) => {
    const isScript = url === "/jobs.js";
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
    response.end(isScript ? script : HTML);
  });
}

/** @returns what a job came to in a page of a host, and what the browser complained of */
async function run<Name extends keyof Jobs>(
  host: Host,
  name: Name,
): Promise<{ outcome: Awaited<ReturnType<Jobs[Name]>>; complaints: string[] }> {
  const { page, complaints } = await openPage(browser);
  try {
    await page.goto(host.url);
    await page.waitForFunction(() => "jobs" in globalThis);
    const outcome = await page.evaluate(
      async ([name, endpoints]) => {
        const { jobs } = globalThis as typeof globalThis & { jobs: Jobs };
        try {
          return await jobs[name as keyof Jobs](endpoints as string[]);
        } catch (error) {
          return String(error);
        }
      },
      [name, endpoints],
    );
    return { outcome: outcome as Awaited<ReturnType<Jobs[Name]>>, complaints };
  } finally {
    await page.close();
  }
}

const test = suite("the driver in a browser");

test.before(async () => {
  [script, browser, allowed, other] = await Promise.all([
    bundle(),
    openBrowser(),
    hostPage(),
    hostPage(),
  ]);
  const command = findRuntimes().get(OWN_RUNTIME)!;
  const args = ["0", allowed.url];
  parties = [0, 1, 2].map(() => new ScriptProcess(command, "tests/helpers/slow_party.ts", args));
  endpoints = await Promise.all(parties.map((party) => party.line()));
});

test.after(async () => {
  for (const party of parties) party.kill("SIGKILL");
  await Promise.all(parties.map((party) => party.exited));
  await Promise.all([browser, allowed!, other!].map((one) => one.close()));
});

test("runs a program over all parties, and hears how it goes", async () => {
  const { outcome: { totals, states }, complaints } = await run(allowed!, "sum");
  assert.equal(totals, [[111, 222.5], [111, 222.5], [111, 222.5]]);
  for (const rank of [0, 1, 2]) assert.ok(states.includes(`${rank} completed`), String(states));
  assert.equal(complaints.filter((text) => !text.includes("404")), []); // a session that is new
});

test("hears of a program's own steps while it runs, and cancels it", async () => {
  const { outcome: { error, notes, states } } = await run(allowed!, "cancel");
  assert.is(error, "Error: enough");
  assert.ok(notes.includes("step 2 of 50"), String(notes));
  assert.equal(states, ["cancelled", "cancelled", "cancelled"]);
});

test("tells what a party refuses", async () => {
  const { outcome: { isOurs, code, message } } = await run(allowed!, "refused");
  assert.ok(isOurs, message);
  assert.is(code, "UNKNOWN_PROGRAM", message);
});

test("is refused by the browser where the parties do not allow its origin", async () => {
  const { outcome, complaints } = await run(other!, "sum");
  assert.match(String(outcome), /Cannot create session from-a-page/);
  assert.ok(complaints.some((text) => /blocked by CORS policy/.test(text)), complaints.join());
  for (const url of endpoints) {
    assert.equal(await (await fetch(`${url}/sessions`)).json(), { sessions: [] });
  }
});

test.run();
