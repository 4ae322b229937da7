import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { encodeJson } from "../mod.ts";
import { readData } from "../scripts/cli/data.ts";
import { assertSame } from "./helpers/same.ts";
import { rejection } from "./helpers/waiting.ts";

const folder = await mkdtemp(`${tmpdir()}/partyline-data-`);
test.after(() => rm(folder, { recursive: true }));

async function read(name: string, content: string | Uint8Array): Promise<unknown> {
  await writeFile(`${folder}/${name}`, content);
  return await readData(`${folder}/${name}`);
}

async function refusal(name: string, content: string | Uint8Array): Promise<string> {
  const { message } = await rejection(read(name, content)) as Error;
  assert.match(message, `${folder}/${name}`);
  return message;
}

test("a CSV file is a table: numbers where all cells are, text elsewhere", async () => {
  const table = await read(
    "Rows.CSV",
    '\uFEFFisland,mass,"of, note",none,mixed,huge\r\n' +
      'Biscoe,3750,"a ""b""\nc",NA,1,1e999\r\n' +
      "\r\n" +
      ",NA,NA,,two,2\r\n" +
      "Dream, 4.5e2 ,,n/a,NA,3\r\n",
  );
  assertSame(table, {
    "island": ["Biscoe", null, "Dream"],
    "mass": [3750, null, 450],
    "of, note": ['a "b"\nc', "NA", null],
    "none": [null, null, null],
    "mixed": ["1", "two", "NA"],
    "huge": ["1e999", "2", "3"],
  });
  assertSame(await read("header.csv", "a,b\n"), { a: [], b: [] });
  assertSame(await read("odd.csv", "__proto__,constructor\n1,x\n"), {
    ["__proto__"]: [1],
    constructor: ["x"],
  });
});

test("a JSON file is plain JSON, or the JSON form of any value", async () => {
  const table = { mass: [1.5, null], island: ["a", "b"] };
  assertSame(await read("plain.json", `\uFEFF${JSON.stringify(table, null, 2)}`), table);
  const value = new Map<unknown, unknown>([["big", 2n ** 70n], ["array", Float64Array.of(1, NaN)]]);
  assertSame(await read("form.JSON", encodeJson(value)), value);
});

const BAD: [what: string, name: string, content: string | Uint8Array, message: RegExp][] = [
  ["of another kind", "rows.txt", "x\n1\n", /ends with \.csv or \.json/],
  ["without a name's end", "rows", "x\n1\n", /ends with \.csv or \.json/],
  ["that is not UTF-8", "bad.csv", Uint8Array.of(0x78, 10, 0xff), /not UTF-8/],
  ["that is empty", "bad.csv", "\n", /is empty/],
  ["with a short row", "bad.csv", "a,b,c\n1,2,3\n1,2\n", /in column 3 on line 3; put commas/],
  ["with a long row", "bad.csv", "a,b\n1,2,3,4\n", /in column 3 on line 2; put commas/],
  ["with a column twice", "bad.csv", "a,b,a\n", /one name for columns 1 and 3, on line 1/],
  ["with an open quote", "bad.csv", 'a,b\n1,"x\n', /ends within quotes, in column 2 on line/],
  [
    "with a stray quote",
    "bad.csv",
    'a\nsecret"x"\n',
    /quote within a value, in column 1 on line 2/,
  ],
  ["with more after a quote", "bad.csv", 'a\n"x"secret\n', /after the quote .* on line 2/],
  ["with a comma too many", "bad.json", '{"a":\n [1,]}', /no JSON at line 2, column 5$/],
  ["with a bad literal", "bad.json", '["secret",\n\n tru]', /no JSON at line 3, column 5$/],
  ["that is cut off", "bad.json", '{"a":\n[1,', /no JSON at line 2, column 4$/],
  ["that is nothing", "bad.json", "", /no JSON at line 1, column 1$/],
  ["with more after it", "bad.json", "[1]\n[2]", /no JSON at line 2, column 1$/],
  ["with an integer too large", "bad.json", '[1,\n  "x", 9007199254740993]', /line 2, column 8/],
  ["of a malformed kind", "bad.json", '[{"$partyline":"bigint","value":"zz"}]', /at value\[0\]/],
];

for (const [what, name, content, expected] of BAD) {
  test(`a data file ${what} is refused, with the place and nothing that it holds`, async () => {
    const message = await refusal(name, content);
    assert.match(message, expected);
    assert.not.match(message, /secret|zz/);
    assert.ok(message.length < folder.length + 250, message);
  });
}

test("an error shows no more than the start of a cell, however long", async () => {
  const long = "s".repeat(10_000);
  for (
    const [name, content] of [
      ["long.csv", `${long},b,${long}\n`],
      ["long.csv", `a\nx${long}"\n`],
      ["long.json", `["${long}", ${long}]`],
    ] as const
  ) {
    const message = await refusal(name, content);
    assert.not.match(message, "s".repeat(41));
  }
});

test("a file that is not there is refused by its name", async () => {
  for (const name of ["none.csv", "none.json"]) {
    const { message } = await rejection(readData(`${folder}/${name}`)) as Error;
    assert.match(message, new RegExp(`Cannot read .*/${name.replace(".", "\\.")}`));
  }
});

test.run();
