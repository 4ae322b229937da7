/**
 * Runs all checks and tests, and closes with `N passed, N failed`, counted from what ran.
 *
 * `--only node` or `--only deno` runs one side; further arguments pick test files by a part of
 * their names, and leave the checks out.
 *
 * @module
 */

import { spawn } from "node:child_process";
import { readdir } from "node:fs/promises";
import { availableParallelism } from "node:os";
import process from "node:process";
import { parseArgs, stripVTControlCharacters } from "node:util";
import { findBrowser } from "./browser.ts";
import { findRuntimes, ROOT, type Runtime } from "./processes.ts";

/** A test file that takes longer hangs. */
const MAX_FILE_MS = 300_000;
/** One that told its outcome and does not end left something open. */
const MAX_ENDING_MS = 20_000;
/** How many files run at once: one more than there are cores, as many wait for deadlines. */
const AT_ONCE = availableParallelism() + 1;
/** What runs in a browser, and is left out where there is none. */
const IN_BROWSER = ["browser_driver.test.ts", "status_page.test.ts"];

interface Outcome {
  passed: number;
  failed: number;
  skipped: number;
}

const sides: Runtime[] = ["node", "deno"];
const testFiles = (await readdir(`${ROOT}tests`)).filter((file) => file.endsWith(".test.ts"));
const { only, parts } = parseOptions();
const chosen = testFiles
  .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)))
  .sort();
const browserFiles = chosen.filter((file) => IN_BROWSER.includes(file));
const hasBrowser = browserFiles.length > 0 && findBrowser() !== undefined;
const files = hasBrowser ? chosen : chosen.filter((file) => !IN_BROWSER.includes(file));
const runtimes = findRuntimes();
const total: Outcome = { passed: 0, failed: 0, skipped: 0 };
const jobs: (() => Promise<void>)[] = [];
for (const side of sides) {
  if (only !== undefined && only !== side) continue;
  const command = runtimes.get(side);
  if (command === undefined) {
    console.log(`left out: ${chosen.length} files on ${side}, which is not on this machine`);
    total.skipped += chosen.length;
    continue;
  }
  if (!hasBrowser && browserFiles.length > 0) {
    console.log(`left out on ${side}: ${browserFiles.join(", ")}, as there is no Chromium here`);
    total.skipped += browserFiles.length;
  }
  if (parts.length === 0) jobs.push(...checksOf(side, command[0]!));
  for (const file of files) {
    jobs.push(() => check(`${side} ${file}`, [...command, `tests/${file}`], uvuOutcome));
  }
}
await Promise.all(Array.from({ length: AT_ONCE }, async () => {
  for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) await job();
}));
const skipped = total.skipped === 0 ? "" : `, ${total.skipped} skipped`;
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;

/** What to run; ends the process with 2 when that makes no sense. */
function parseOptions(): { only: string | undefined; parts: string[] } {
  try {
    const { values: { only }, positionals: parts } = parseArgs({
      allowPositionals: true,
      options: { only: { type: "string" } },
    });
    if (only !== undefined && !sides.includes(only as Runtime)) {
      throw new Error(`Cannot test only ${only}: give node or deno`);
    }
    const unknown = parts.find((part) => !testFiles.some((file) => file.includes(part)));
    if (unknown !== undefined) {
      throw new Error(`No test file has ${JSON.stringify(unknown)} in its name: see tests/`);
    }
    return { only, parts };
  } catch (error) {
    console.error((error as Error).message.replace(/\. To specify.*$/s, ""));
    return process.exit(2);
  }
}

/** What one side checks besides its tests. */
function checksOf(side: Runtime, program: string): (() => Promise<void>)[] {
  if (side === "node") {
    const soak = [...runtimes.get("node")!, "scripts/soak.ts", "--minutes", "1"];
    return [
      () => check("types with tsc", [program, "node_modules/typescript/bin/tsc"], checkOutcome),
      () => check("soak, 1 minute", soak, checkOutcome),
    ];
  }
  const types = [program, "check", "mod.ts", "scripts", "tests"];
  const docs = [program, "doc", "--lint", "mod.ts"];
  const examples = [program, "test", "-A", "--doc", "mod.ts", "lib", "README.md"];
  return [
    () => check("types with deno check", types, checkOutcome),
    () => check("format", [program, "fmt", "--check"], checkOutcome),
    () => check("lint", [program, "lint"], checkOutcome),
    () => check("docs of the public names", docs, checkOutcome),
    () => check("examples", examples, denoTestOutcome),
  ];
}

interface Finished {
  code: number | null;
  output: string;
}

function run([program, ...args]: string[]): Promise<Finished> {
  return new Promise((resolve) => {
    const env = { ...process.env, NO_COLOR: "1" };
    const child = spawn(program!, args, { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    let ending: ReturnType<typeof setTimeout> | undefined;
    const collect = (text: string) => {
      output += text;
      if (/\n\s+Duration: /.test(text)) ending ??= setTimeout(kill, MAX_ENDING_MS);
    };
    const kill = () => child.kill("SIGKILL");
    child.stdout.setEncoding("utf8").on("data", collect);
    child.stderr.setEncoding("utf8").on("data", collect);
    const timer = setTimeout(kill, MAX_FILE_MS);
    child.on("error", (error) => collect(String(error)));
    child.on("close", (code) => {
      clearTimeout(timer);
      clearTimeout(ending);
      resolve({ code, output: stripVTControlCharacters(output) });
    });
  });
}

async function check(
  what: string,
  command: string[],
  read: (finished: Finished) => Outcome,
): Promise<void> {
  const start = performance.now();
  const finished = await run(command);
  const outcome = read(finished);
  total.passed += outcome.passed;
  total.failed += outcome.failed;
  total.skipped += outcome.skipped;
  const ok = outcome.failed === 0;
  const seconds = Math.round((performance.now() - start) / 1_000);
  console.log(`${ok ? "ok  " : "FAIL"} ${what}: ${outcome.passed} passed in ${seconds} s`);
  if (!ok) console.log(finished.output);
}

function checkOutcome({ code }: Finished): Outcome {
  return code === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 };
}

/** A file that ran no test, or that ended badly after its tests, has failed. */
function uvuOutcome({ code, output }: Finished): Outcome {
  const summary = /Total:\s+(\d+)\s+Passed:\s+(\d+)\s+Skipped:\s+(\d+)/.exec(output);
  const [ran = 0, passed = 0, skipped = 0] = summary?.slice(1).map(Number) ?? [];
  const ended = code === 0 && ran > 0;
  return { passed, failed: ended ? ran - passed : Math.max(1, ran - passed), skipped };
}

function denoTestOutcome({ code, output }: Finished): Outcome {
  const summary = /(\d+) passed.*? \| (\d+) failed/.exec(output);
  const [passed = 0, failed = 0] = summary?.slice(1).map(Number) ?? [];
  const ended = code === 0 && passed > 0;
  return { passed, failed: ended ? failed : Math.max(1, failed), skipped: 0 };
}
