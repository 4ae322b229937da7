import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { layOut, lineOf } from "../scripts/cli/print.ts";
import { printable } from "../scripts/cli/printable.ts";
import { ProgressBars, ProgressLines } from "../scripts/cli/progress.ts";
import { showValue, showValues } from "../scripts/cli/show.ts";
import { parameter } from "../scripts/cli/values.ts";
import { partyline } from "./helpers/command_line.ts";

const asIs = (cell: string) => cell;

test("a table's last column is wrapped at words, and no line is longer than the terminal", () => {
  const head = ["rank", "url", "what was seen"];
  const words = "the party answers ".repeat(12).trim();
  for (const width of [60, 80, 132]) {
    const lines = layOut(head, [["0", `https://${"x".repeat(90)}.example`, words]], asIs, width);
    for (const line of lines) assert.ok(line.length <= width, `${line.length}: ${line}`);
    const said = lines.slice(1).join(" ").replaceAll(/\s+/g, " ");
    assert.match(said, words.slice(-60));
    assert.match(lines[1]!, /^0 {5}https:x*|https:\/\/x+…x+\.example/);
  }
});

test("a table is as narrow as its cells, and colours do not move its columns", () => {
  const rows = [["0", "ok", "well"], ["10", "FAIL", "not well"]];
  assert.equal(layOut(["rank", "is", "seen"], rows, asIs, 80), [
    "rank  is    seen",
    "0     ok    well",
    "10    FAIL  not well",
  ]);
  const red = (cell: string) => cell.trim() === "FAIL" ? `<${cell}>` : cell;
  assert.is(layOut(["rank", "is", "seen"], rows, red, 80)[2], "10    <FAIL>  not well");
});

test("a word that is longer than its column is broken", () => {
  const lines = layOut(["a", "b"], [["1", "y".repeat(200)]], asIs, 60);
  assert.is(lines.length, 5);
  assert.is(lines.slice(1).join("").replaceAll(/[^y]/g, ""), "y".repeat(200));
});

test("on a terminal each party has a bar with its rank, step and rate, drawn in place", () => {
  let written = "";
  let now = 0;
  const screen = { write: (text: string) => written += text };
  const bars = new ProgressBars(2, screen, 80, () => now);
  bars.show({ rank: 0, state: "running", fraction: 0, note: "opening" });
  assert.is(written.split("\n").length, 3);
  assert.match(written, /rank 0 \[\.{20}\] {3}0 % {11}opening/);
  written = "";
  now = 2_000;
  bars.show({ rank: 0, state: "running", fraction: 0.5, note: "opening" });
  assert.ok(written.startsWith("\x1b[2A"), "the bars are drawn over the last ones");
  assert.match(written, /rank 0 \[#{10}\.{10}\] {2}50 % {2}25\.0 %\/s opening/);
  written = "";
  bars.show({ rank: 1, state: "completed", fraction: 0, note: "x".repeat(200) });
  assert.is(written, "", "not drawn more often than can be seen");
  bars.end();
  assert.match(written, /rank 1 \[#{20}\] 100 % {11}completed/);
});

test("elsewhere each change is a line", () => {
  const lines: string[] = [];
  const progress = new ProgressLines({ write: (text: string) => lines.push(text) });
  progress.show({ rank: 0, state: "pending", fraction: 0, note: "" });
  progress.show({ rank: 0, state: "running", fraction: 0.256, note: "opening" });
  progress.end();
  assert.equal(lines, ["rank 0: pending\n", "rank 0: running 25 %, opening\n"]);
});

/** Colours, a title, C1 controls, and a turned direction of writing. */
const EVIL = "a\x1b[31mb\x1b]0;title\x07c\x9b2Jd\u202ee";

test("what others say does not control the terminal", async () => {
  const texts = [
    ...layOut(["name", EVIL, "said"], [[EVIL, "1", EVIL]], asIs, 200),
    showValue(EVIL),
    showValue({ [EVIL]: 1 }),
    ...showValues({ [EVIL]: 1 }),
    lineOf({ note: EVIL }),
    printable(EVIL),
  ];
  const lines = new ProgressLines({ write: (text: string) => texts.push(text.trimEnd()) });
  lines.show({ rank: 0, state: "running", fraction: 0, note: EVIL });
  const bars = new ProgressBars(1, { write: (text: string) => texts.push(text) }, 200, () => 0);
  bars.show({ rank: 0, state: "running", fraction: 0, note: EVIL });
  // Of the bars, what draws them in place.
  texts.push(texts.pop()!.replace("\r\x1b[2K", "").trimEnd());
  for (const text of texts) {
    assert.not.match(text, /[\p{Cc}\u202e]/u);
    assert.match(text, /\\(x|u00)1b/);
  }
  assert.equal(JSON.parse(lineOf({ note: EVIL })), { note: EVIL });
  const config = `${await mkdtemp(`${tmpdir()}/partyline-print-`)}/parties.json`;
  const parties = [{ id: "a", url: "http://127.0.0.1:1" }, { id: EVIL, url: "http://a" }];
  await writeFile(config, JSON.stringify({ parties }));
  const { stdout, stderr } = await partyline("status", `--config=${config}`);
  for (const line of (stdout + stderr).split("\n")) assert.not.match(line, /[\p{Cc}\u202e]/u);
  await rm(dirname(config), { recursive: true });
});

test("figures are shown by name, anything else as JSON, long values cut", () => {
  assert.is(showValue({ mean: 1.5, count: 2n, spread: NaN }), "mean 1.5, count 2, spread NaN");
  assert.is(showValue([1, [2]]), "[1,[2]]");
  assert.is(showValue(NaN), "NaN");
  assert.is(showValue("text"), '"text"');
  assert.is(showValue({}), "{}");
  assert.match(showValue(Array(5_000).fill(1)), /^\[1,1.*\.\.\. \(10001 characters; --json shows/);
});

test("a parameter is JSON where it can be, and text otherwise", () => {
  let params: Record<string, unknown> = {};
  for (const text of ["n=1.5", "on=true", "list=[1,2]", "column=age", "empty=", "eq=a=b"]) {
    params = parameter(text, params);
  }
  assert.equal(params, { n: 1.5, on: true, list: [1, 2], column: "age", empty: "", eq: "a=b" });
});

test.run();
