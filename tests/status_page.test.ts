import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { findRuntimes, OWN_RUNTIME, ScriptProcess } from "../scripts/processes.ts";
import { openBrowser, openPage, type Watched } from "./helpers/browser.ts";
import { startPartyline } from "./helpers/cluster.ts";
import { freeUrls, makeList, startKeyed, writeList } from "./helpers/keyed.ts";

/** Keys are of a program's choice, and this one would run in a page that took it for HTML. */
const HTML_KEY = `<img src=x onerror="document.title='taken over'">`;
const PENDING = { timeout: 30_000 };

const command = findRuntimes().get(OWN_RUNTIME)!;
let folder: string;
let browser: Browser;
let parties: ScriptProcess[] = [];

async function startParty(port = 0): Promise<ScriptProcess> {
  const party = new ScriptProcess(command, "tests/helpers/slow_party.ts", [String(port)]);
  party.child.stdin!.on("error", () => {}); // it may have been killed
  party.url = await party.line();
  return party;
}

async function kill(party: ScriptProcess): Promise<void> {
  party.kill("SIGKILL");
  await party.exited;
}

async function post(url: string, body: unknown): Promise<void> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", prefer: "respond-async" },
    body: JSON.stringify(body),
  });
  assert.ok(response.ok, `${url}: ${response.status} ${await response.text()}`);
}

async function createSession(name: string): Promise<void> {
  const endpoints = parties.map(({ url }) => url);
  await Promise.all(
    endpoints.map((url, rank) => post(`${url}/sessions`, { name, rank, endpoints })),
  );
}

async function compute(session: string, id: string): Promise<void> {
  await Promise.all(parties.map(({ url }) =>
    post(`${url}/sessions/${session}/computations`, {
      computation_id: id,
      program: "slow",
      params: { steps: 10, key: HTML_KEY },
    })
  ));
}

/** The page of the first party, or of another one. */
async function withPage(
  body: (watched: Watched) => Promise<void>,
  url = parties[0]!.url,
): Promise<void> {
  const watched = await openPage(browser);
  try {
    await watched.page.goto(url);
    await watched.page.getByText("Live", { exact: true }).waitFor(PENDING);
    await body(watched);
  } finally {
    await watched.page.close();
  }
}

/** Parties with keys, and commands of who may drive them; all are ended with the test. */
async function withKeyed(
  body: (
    keyed: ScriptProcess[],
    start: (command: string, ...args: string[]) => ScriptProcess,
  ) => Promise<void>,
): Promise<void> {
  const list = await makeList(folder, await freeUrls(3));
  const config = await writeList(folder, "parties.json", list);
  const started = await startKeyed(folder, list, () => ["--program=tests/helpers/slow_program.ts"]);
  for (const { child } of started) child.stdin!.on("error", () => {});
  const keyed = [...started];
  const alice = [`--config=${config}`, `--operator-key=${folder}/alice.key.json`];
  try {
    await body(keyed, (command, ...args) => {
      const one = startPartyline(command, ...alice, ...args);
      started.push(one);
      return one;
    });
  } finally {
    await Promise.all(started.map(kill));
  }
}

/** What a computation's row says, but for the name of its column. */
function rowOf(page: Page, id: string) {
  return page.locator("#computations tbody tr").filter({
    has: page.getByText(id, { exact: true }),
  });
}

/** As the page has it. */
function placeOf({ url }: ScriptProcess): string {
  return url.replace("http://", "");
}

/** For people to look at; the page has to fit in each. */
async function takePictures(page: Page, name: string): Promise<void> {
  for (const [width, colorScheme] of [[1280, "light"], [1280, "dark"], [390, "light"]] as const) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 900 });
    const path = join(folder, `${name}-${colorScheme}-${width}.png`);
    await page.screenshot({ path, fullPage: true });
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.is(overflow, 0, `${width} pixels are too narrow by ${overflow}`);
  }
}

const test = suite("the status page");

test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), "partyline-status-page-"));
  console.log(`screenshots are in ${folder}`);
  [browser, ...parties] = await Promise.all([
    openBrowser(),
    startParty(),
    startParty(),
    startParty(),
  ]);
});

test.after(async () => {
  await Promise.all(parties.map(kill));
  await browser.close();
});

test("shows how a computation goes on, what it waits for, and its end", () =>
  withPage(async ({ page, complaints }) => {
    await page.getByText("Nothing is running.").waitFor(PENDING);
    await createSession("demo");
    await compute("demo", "c1");
    const row = rowOf(page, "c1");
    const bar = page.getByRole("progressbar", { name: "Progress of c1" });
    await page.locator("progress[value]").waitFor(PENDING);
    const before = Number(await bar.getAttribute("value"));
    await page.waitForFunction(
      (before) => document.querySelector("progress")!.value > before,
      before,
      PENDING,
    );
    assert.match(await row.innerText(), /running[^]*step \d+ of 10/);

    const waits = page.locator("#waits");
    await waits.getByText(HTML_KEY, { exact: true }).waitFor(PENDING);
    assert.match(await waits.innerText(), /rank 2 in demo[^]*in c1 for [\d.]+ m?s/);
    assert.is(await page.locator("img").count(), 0);
    await takePictures(page, "waiting");

    parties[2]!.write("go");
    await row.getByText("completed").waitFor(PENDING);
    await page.getByText("All parties answer. Nothing is running.").waitFor(PENDING);
    assert.is(await page.locator("#completed").innerText(), "1");
    assert.is(await page.title(), "Partyline");
    assert.equal(complaints, []);
  }));

test("draws what passed between the parties", () =>
  withPage(async ({ page, complaints }) => {
    await createSession("drawn");
    await compute("drawn", "c2");
    await page.waitForFunction(
      () => {
        const paths = [...document.querySelectorAll("#traffic path")];
        return paths.length === 8 && paths.every((path) => path.getAttribute("d")!.length > 40);
      },
      undefined,
      PENDING,
    );
    const name = `messages with ${placeOf(parties[1]!)}`;
    assert.is(await page.getByRole("img", { name }).count(), 1);
    assert.equal(complaints, []);
  }));

test("shows a party that does not answer, and what failed for it", () =>
  withPage(async ({ page, complaints }) => {
    await createSession("lost");
    await compute("lost", "c3");
    const waits = page.locator("#waits tr").filter({ hasText: "rank 2 in lost" });
    await waits.getByText(HTML_KEY).waitFor(PENDING);
    await kill(parties[2]!);
    const place = placeOf(parties[2]!);
    await page.getByText(`The party at ${place} does not answer.`).waitFor(PENDING);
    const dead = page.locator("#parties tr").filter({ hasText: place });
    assert.match(await dead.innerText(), /no answer/);
    assert.is(await page.locator("#answering").innerText(), "2 of 3");
    await rowOf(page, "c3").getByText("failed", { exact: true }).waitFor(PENDING);
    assert.match(await rowOf(page, "c3").innerText(), /PEER_UNREACHABLE|PEER_ABORTED/);
    await page.getByText("Session lost has failed").waitFor(PENDING);
    await takePictures(page, "lost");
    assert.equal(complaints, []);
  }));

test("says that the connection is lost, and goes on when the party is back", () =>
  withPage(async ({ page }) => {
    await kill(parties[0]!);
    await page.getByText("Connection lost, retrying").waitFor(PENDING);
    parties[0] = await startParty(Number(new URL(parties[0]!.url).port));
    await page.getByText("Live", { exact: true }).waitFor(PENDING);
  }));

test("shows a party with keys through partyline page, live", () =>
  withKeyed(async (keyed, start) => {
    const shown = start("page", "--json");
    const { url } = JSON.parse(await shown.line());
    await withPage(async ({ page, complaints }) => {
      assert.is(page.url(), new URL("/", url).href);
      assert.is(await page.evaluate(() => document.cookie), "");
      await page.getByText("Nothing is running.").waitFor(PENDING);
      const key = `--param=key=${HTML_KEY}`;
      const run = start("run", "slow", "--session=kept", "--param=steps=10", key);
      const bar = page.locator("progress[value]");
      await bar.waitFor(PENDING);
      const before = Number(await bar.getAttribute("value"));
      await page.waitForFunction(
        (before) => document.querySelector("progress")!.value > before,
        before,
        PENDING,
      );
      const waits = page.locator("#waits");
      await waits.getByText(HTML_KEY, { exact: true }).waitFor(PENDING);
      await waits.getByText("streaming, sealed").first().waitFor(PENDING);
      assert.is(await page.locator("#address").innerText(), placeOf(keyed[0]!));
      assert.match(await page.locator("#programs").innerText(), /fingerprint (\w{4}-){7}\w{4}\./);
      await takePictures(page, "keys");

      keyed[2]!.write("go");
      await page.locator("#computations").getByText("completed").waitFor(PENDING);
      await page.getByText("Nothing is running.").waitFor(PENDING);
      assert.is(await page.locator("#completed").innerText(), "1");
      assert.is(await run.exited, 0);
      assert.equal(complaints, []);

      shown.kill("SIGINT");
      await page.getByText("Connection lost, retrying").waitFor(PENDING);
      assert.equal([await shown.exited, shown.stderr], [0, ""]);
    }, url);
  }));

test.run();
