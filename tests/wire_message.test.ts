import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { v } from "../lib/deps.ts";
import { SerializationError } from "../lib/errors.ts";
import {
  decodePayload,
  encodePayload,
  MAX_KEY_LENGTH,
  MessageSchema,
} from "../lib/wire/message.ts";
import { assertSame } from "./helpers/same.ts";
import { plain, sendable } from "./helpers/values.ts";

const bytesOf = (data: string) => Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
const toBase64 = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes));

test("any sendable value survives as a payload that counts the bytes of its JSON form", () => {
  fc.assert(fc.property(sendable, (value) => {
    const { data, bytes } = encodePayload(value);
    const decoded = decodePayload(data);
    assertSame(decoded.value, value);
    assert.is(decoded.bytes, bytes);
    assert.is(bytesOf(data).length, bytes);
  }));
});

test("a plain value is the Base64 of its JSON in UTF-8 and nothing else", () => {
  assert.is(encodePayload({ message: "Hi" }).data, "eyJtZXNzYWdlIjoiSGkifQ==");
  assert.equal(encodePayload("\u20ac\ud83d\ude00"), {
    data: btoa('"\xe2\x82\xac\xf0\x9f\x98\x80"'),
    bytes: 9,
  });
  fc.assert(fc.property(plain, (value) => {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(
      bytesOf(encodePayload(value).data),
    );
    assert.is(text, JSON.stringify(value));
  }));
});

test("a payload that another language wrote decodes, with its spaces and escapes", () => {
  const written = toBase64(new TextEncoder().encode('{"a": [1, 2.5e0, null], "b": "\\u00e9"}'));
  assertSame(decodePayload(written).value, { a: [1, 2.5, null], b: "é" });
});

test("Python reads plain payloads with its own json and base64, and writes some for us", () => {
  const program = `
import base64, json, sys
for line in sys.stdin:
    value = json.loads(base64.b64decode(line.strip(), validate=True))
    print(base64.b64encode(json.dumps(value).encode()).decode())`;
  const values = fc.sample(plain, { numRuns: 200, seed: 1 });
  let output: string;
  try {
    const input = values.map((value) => encodePayload(value).data + "\n").join("");
    output = execFileSync("python3", ["-c", program], { input, encoding: "utf-8" });
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return; // no Python here
    throw error;
  }
  const echoed = output.trim().split("\n").map((line) => decodePayload(line).value);
  assertSame(echoed, values);
});

test("data that is not canonical Base64 is refused", () => {
  for (
    const data of [
      "A",
      "AQ",
      "MQ",
      "MQ=",
      "MR==",
      "M Q==",
      "MQ==\n",
      "\tMQ==",
      "_-__",
      "MQ==MQ==",
      "é",
      "====",
    ]
  ) {
    assert.throws(
      () => decodePayload(data),
      (error: unknown) => error instanceof SerializationError && /Base64/.test(error.message),
      data,
    );
  }
});

test("data that is not UTF-8, or not JSON, is refused", () => {
  for (
    const bytes of [[0x22, 0xff, 0x22], [0x22, 0xc0, 0x80, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22]]
  ) {
    assert.throws(() => decodePayload(toBase64(Uint8Array.from(bytes))), /UTF-8/);
  }
  for (const text of ["", "{", "NaN", "\ufeff1"]) {
    assert.throws(() => decodePayload(toBase64(new TextEncoder().encode(text))), /as JSON/);
  }
});

test("a value without a JSON form is refused before anything is made of it", () => {
  assert.throws(() => encodePayload({ rows: [() => 1] }), /value\.rows\[0\]/);
});

test("a payload of megabytes survives", () => {
  const value = {
    rows: new Float64Array(1 << 18).map((_, at) => at / 3),
    text: "\u20ac".repeat(1e6),
  };
  assertSame(decodePayload(encodePayload(value).data).value, value);
});

const BODY = { from_rank: 0, to_rank: 1, key: "k", data: "MQ==" };
const takes = (body: unknown) => v.safeParse(MessageSchema, body).success;

test("a message's body has two ranks, a key and data; boot and seq come together", () => {
  assert.ok(takes(BODY));
  assert.ok(takes({ ...BODY, boot: "a-B_9", seq: 1 }));
  assert.ok(takes({ ...BODY, key: "k".repeat(MAX_KEY_LENGTH) }));
  assert.ok(takes({ ...BODY, key: "__proto__" }));
  assert.not.ok(takes({ ...BODY, boot: "a" }));
  assert.not.ok(takes({ ...BODY, seq: 1 }));
});

test("a body with a field that is missing, mistyped, out of range or unknown is refused", () => {
  for (const field of Object.keys(BODY)) {
    const { [field]: _, ...rest } = BODY as Record<string, unknown>;
    assert.not.ok(takes(rest), `without ${field}`);
    for (
      const value of [
        null,
        undefined,
        true,
        [],
        {},
        field.endsWith("rank") || field === "seq" ? "1" : 1,
      ]
    ) {
      assert.not.ok(takes({ ...BODY, [field]: value }), `${field} as ${JSON.stringify(value)}`);
    }
  }
  for (const rank of [-1, 0.5, NaN, Infinity, 2 ** 53, "0"]) {
    assert.not.ok(takes({ ...BODY, from_rank: rank }));
    assert.not.ok(takes({ ...BODY, to_rank: rank }));
  }
  for (const key of ["", "k".repeat(MAX_KEY_LENGTH + 1)]) assert.not.ok(takes({ ...BODY, key }));
  for (const boot of ["", "a b", "a".repeat(65), "é", 1]) {
    assert.not.ok(takes({ ...BODY, boot, seq: 1 }));
  }
  for (const seq of [0, -1, 1.5, 2 ** 53, "1", null]) {
    assert.not.ok(takes({ ...BODY, boot: "a", seq }));
  }
  assert.not.ok(takes({ ...BODY, more: 1 }));
  assert.not.ok(takes(JSON.parse('{"from_rank":0,"to_rank":1,"key":"k","data":"","__proto__":1}')));
  for (const body of [null, undefined, 1, "x", [BODY]]) assert.not.ok(takes(body));
});

test.run();
