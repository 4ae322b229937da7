import { test } from "uvu";
import * as assert from "uvu/assert";
import { decodeJson, encodeJson } from "../lib/wire/json.ts";
import { MAX_DEPTH } from "../lib/wire/place.ts";
import { assertSame } from "./helpers/same.ts";
import { LEAVES, NEST, nested, refusal, UNSENDABLE } from "./helpers/unsendable.ts";

for (const [name, value, says, inside = ""] of UNSENDABLE) {
  test(`${name} cannot be encoded, and the error says where it is`, () => {
    const at = (around: unknown) => refusal(() => encodeJson(around)).message;
    assert.match(at(value), says);
    assert.ok(at(value).includes(`at value${inside}:`), at(value));
    const nested = at({ rows: [1n, 2, {}, { f: value }] });
    assert.ok(nested.includes(`at value.rows[3].f${inside}:`), nested);
    assert.ok(at({ "a b": value }).includes(`at value["a b"]${inside}:`));
    assert.ok(at({ $partyline: value }).includes(`at value.$partyline${inside}:`));
    assert.ok(at(new Map([[1, 1], [2, value]])).includes(`at value[1]${inside}:`));
    assert.ok(at(new Map([[value, 1]])).includes(`at value[0]${inside}:`));
    assert.ok(at(new Set([1, 2, value])).includes(`at value[2]${inside}:`));
  });
}

test("the path of an error stays short, however long the keys and deep the value", () => {
  let value: unknown = () => {};
  for (let depth = 0; depth < 500; depth++) value = { ["k".repeat(10_000)]: [value] };
  assert.ok(refusal(() => encodeJson(value)).message.length < 1_000);
  assert.ok(
    refusal(() => encodeJson({ ["\n".repeat(1e6)]: Symbol.iterator })).message.length < 500,
  );
});

for (const [name, around] of NEST) {
  test(`${name} nest as deep as allowed and no deeper`, () => {
    for (const leaf of LEAVES) {
      const value = nested(around, MAX_DEPTH, leaf);
      assertSame(decodeJson(encodeJson(value)), value);
      assert.match(refusal(() => encodeJson(around(value))).message, /nested deeper than 1000/);
    }
    assert.match(
      refusal(() => encodeJson(nested(around, 100_000, 1))).message,
      /nested deeper than 1000/,
    );
  });
}

const SHELLS: [name: string, open: string, close: string][] = [
  ["arrays", "[", "]"],
  ["objects", '{"a":', "}"],
  ["objects with a tag's key", '{"$partyline":"Object","value":[["$partyline",', "]]}"],
  ["Map values", '{"$partyline":"Map","value":[["a",', "]]}"],
  ["Map keys", '{"$partyline":"Map","value":[[', ',"a"]]}'],
  ["Sets", '{"$partyline":"Set","value":[', "]}"],
];

for (const [name, open, close] of SHELLS) {
  test(`the text of ${name} may nest as deep as what encodes and no deeper`, () => {
    const text = (depth: number) => open.repeat(depth) + "1" + close.repeat(depth);
    decodeJson(text(MAX_DEPTH));
    for (const depth of [MAX_DEPTH + 1, 100_000]) {
      assert.match(refusal(() => decodeJson(text(depth))).message, /nested deeper than 1000/);
    }
  });
}

test("a malformed tag that holds something very deep is refused as malformed", () => {
  const deep = "[".repeat(100_000) + "]".repeat(100_000);
  for (const text of [`{"$partyline":${deep}}`, `{"$partyline":"Date","value":${deep}}`]) {
    assert.match(refusal(() => decodeJson(text)).message, /malformed "\$partyline"/);
  }
});

const MALFORMED: [kind: unknown, ...values: unknown[]][] = [
  ["undefined", null, 1],
  ["number", undefined, 1, "1", "nan", "", null, "constructor", "__proto__"],
  ["bigint", undefined, 1, "", "-", "-0", "00", "01", "FF", "0xf", "1n", " 1", "1\n", "+1"],
  [
    "Date",
    undefined,
    0,
    "",
    "now",
    "2024-01-31",
    "2024-01-31T00:00:00Z",
    "2024-02-30T00:00:00.000Z",
  ],
  ["Set", undefined, null, {}, "[]", 1],
  ["Map", undefined, null, {}, [1], [[]], [[1]], [[1, 2, 3]], [{ 0: 1, 1: 2, length: 2 }], "[]"],
  ["Object", undefined, null, {}, [[1, 2]], [["a"]], [[null, 1]], [[["a"], 1]]],
  ["Uint8Array", undefined, null, 1, [1], "A", "AQ", "AQ=", "AR==", "A Q==", "AQ==\n", "-_-_"],
  ["Uint16Array", "AQ=="],
  ["Float64Array", "AQID"],
  ["DataView", "AQID"],
  ["ArrayBuffer", "AQID"],
  ["uint8array", "AQID"],
  ["toString", "AQID"],
  ["__proto__", "AQID"],
  ["", ""],
  ["Function", "return 1"],
  [null, 1],
  [1, 1],
  [["Map"], []],
  [{}, []],
];

test("a malformed tag is refused, and the error says where it is", () => {
  for (const [kind, ...values] of MALFORMED) {
    for (const value of values) {
      const text = JSON.stringify({ rows: [0, { $partyline: kind, value }] });
      const { message } = refusal(() => decodeJson(text));
      assert.match(message, /malformed "\$partyline".* at value\.rows\[1\]/, text);
    }
  }
});

test("a tag with a field besides is refused", () => {
  for (const key of ["more", "__proto__", "Value", ""]) {
    const fields = Object.fromEntries([["$partyline", "bigint"], ["value", "1"], [key, 1]]);
    refusal(() => decodeJson(JSON.stringify(fields)));
  }
});

test("text that is not JSON is refused, with the parser's error as the cause", () => {
  for (const text of ["", " ", "{", "[1,]", "NaN", "undefined", "'a'", "1 2", '"\n"', "\ufeff1"]) {
    assert.instance(refusal(() => decodeJson(text)).cause, SyntaxError);
  }
});

test.run();
