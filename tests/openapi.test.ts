import { readdir, readFile } from "node:fs/promises";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ERROR_CODES } from "../lib/errors.ts";
import { createParty } from "../lib/party.ts";
import { BUILTIN_PROGRAMS } from "../lib/programs/builtin.ts";
import { VERSION } from "../lib/version.ts";
import { ROOT } from "../scripts/processes.ts";
import { type Parties, startParties } from "./helpers/parties.ts";
import { program } from "./helpers/programs.ts";
import { startRemotes } from "./helpers/remote.ts";
import { type Answer, dataOf, request } from "./helpers/served.ts";

type Json = Record<string, unknown>;
interface Media {
  schema: Json;
  example?: unknown;
}
interface Described {
  operationId: string;
  summary: string;
  tags: string[];
  parameters?: (Json & { schema: Json })[];
  requestBody?: { content: Record<string, Media> };
  responses: Record<string, { description: string; content?: Record<string, Media> }>;
}
interface Document {
  info: Json;
  paths: Record<string, Record<string, Described> & { parameters?: (Json & { schema: Json })[] }>;
  components: { schemas: Record<string, Json> };
}

const METHODS = ["get", "post", "put", "delete"];
const document: Document = await readDocument();

async function readDocument(): Promise<Document> {
  await using party = createParty();
  const response = await party.fetch(new Request("http://party.test/openapi.json"));
  assert.is(response.headers.get("content-type"), "application/json");
  return await response.json();
}

function operations(of = document): { path: string; method: string; operation: Described }[] {
  return Object.entries(of.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => method in item).map((method) => ({
      path,
      method,
      operation: item[method]!,
    }))
  );
}

const ajvs = { closed: ajvOf(true), open: ajvOf(false) };
const validators = new Map<string, ValidateFunction>();

function ajvOf(closed: boolean): Ajv2020 {
  const ajv = formats.default(new Ajv2020({ strict: false, allErrors: true }));
  const root = { $id: "document", components: document.components };
  return ajv.addSchema(closed ? close(root) as Json : root);
}

/** What checks against a schema of the document; with `closed`, members it does not name are wrong. */
function validatorOf(schema: Json, closed: boolean): ValidateFunction {
  const text = JSON.stringify(closed ? close(schema) : schema);
  const key = `${closed} ${text}`;
  let validate = validators.get(key);
  if (validate === undefined) {
    const local = JSON.parse(text.replaceAll('"#/components', '"document#/components'));
    validate = ajvs[closed ? "closed" : "open"].compile(local);
    validators.set(key, validate);
  }
  return validate;
}

function close(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(close);
  if (typeof schema !== "object" || schema === null) return schema;
  const closed = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, close(value)]),
  );
  return "properties" in closed ? { additionalProperties: false, ...closed } : closed;
}

function assertFits(schema: Json, value: unknown, what: string, closed = true): void {
  const validate = validatorOf(schema, closed);
  assert.ok(validate(value), `${what}: ${JSON.stringify(validate.errors?.slice(0, 3))}`);
}

/** Fails unless an answer is one that the document has for its request. */
function assertDescribed(method: string, path: string, { status, headers, text }: Answer): void {
  const what = `${method} ${path} ${status}`;
  const operation = document.paths[path]![method.toLowerCase()]!;
  const response = operation.responses[status];
  assert.ok(response, `${what} is not described: ${text.slice(0, 300)}`);
  const type = headers.get("content-type")?.split(";")[0];
  if (response.content === undefined) return assert.equal([type, text], [undefined, ""], what);
  const media = response.content[type!];
  assert.ok(media, `${what} is of another type: ${type}`);
  if (/\bjson$/.test(type!)) assertFits(media.schema, JSON.parse(text), what);
}

test("the document is valid OpenAPI 3.1", async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(structuredClone(document) as unknown as Json);
  assert.ok(valid, JSON.stringify(errors)?.slice(0, 1_000));
  assert.is(validator.version, "3.1");
  assert.is(document.info.version, VERSION);
  assert.ok(validator.resolveRefs(), "every reference leads somewhere");
});

test("every operation says what it does, under a name of its own", () => {
  const all = operations();
  assert.ok(all.length >= 20);
  for (const { path, method, operation } of all) {
    const { summary, tags, operationId, responses } = operation;
    assert.match(summary, /^[A-Z].{9,}\.$/, `${method} ${path}`);
    assert.match(operationId, /^[a-z][A-Za-z]+$/);
    assert.is(tags.length, 1);
    for (const [status, { description }] of Object.entries(responses)) {
      assert.ok(description.length > 3, `${method} ${path} ${status}`);
    }
    assert.ok(Object.keys(responses).some((status) => status.startsWith("2")));
  }
  assert.is(new Set(all.map(({ operation }) => operation.operationId)).size, all.length);
});

test("the document has every method that the party answers, and no other", async () => {
  await using party = createParty();
  for (const [path, item] of Object.entries(document.paths)) {
    const url = `http://party.test${path.replaceAll(/\{\w+\}/g, "name")}`;
    const { status, headers } = await party.fetch(new Request(url, { method: "PATCH" }));
    assert.is(status, 405, path);
    const allowed = headers.get("allow")!.toLowerCase().split(", ").filter((one) => one !== "head");
    assert.equal(allowed, METHODS.filter((method) => method in item), path);
  }
});

test("a party in a process of its own answers every operation of the document", async () => {
  const [remote] = await startRemotes(1);
  try {
    for (const { path, method } of operations()) {
      const url = `${remote!.url}${path.replaceAll(/\{\w+\}/g, "name")}`;
      const response = await fetch(url, { method: method.toUpperCase() });
      const isProblem = response.headers.get("content-type") === "application/problem+json";
      const detail = isProblem ? (await response.json()).detail : "";
      await response.body?.cancel().catch(() => {}); // some go on
      assert.is.not(response.status, 405, `${method} ${path}`);
      assert.not.match(detail, /^There is no [A-Z]+ /, `${method} ${path}`);
    }
  } finally {
    await remote!.kill();
  }
});

test("every path that the server's code has is in the document", async () => {
  const folder = `${ROOT}lib/server/`;
  const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".ts"));
  const paths = new Set<string>();
  for (const file of files) {
    const code = await readFile(`${folder}${file}`, "utf8");
    for (const [, path] of code.matchAll(/^ +path: "(\/[^"]*)"|^ *return \{ path: "(\/[^"]*)"/gm)) {
      paths.add(path!.replaceAll(/:(\w+)/g, "{$1}"));
    }
  }
  assert.equal([...paths].sort(), Object.keys(document.paths).sort());
});

test("every example fits its schema", () => {
  let examples = 0;
  for (const { path, method, operation: { requestBody, responses } } of operations()) {
    const contents = [requestBody, ...Object.values(responses)].map((one) => one?.content ?? {});
    for (const { schema, example } of contents.flatMap((content) => Object.values(content))) {
      if (example === undefined) continue;
      assertFits(schema, example, `${method} ${path}`);
      examples++;
    }
  }
  assert.ok(examples > 20, `${examples} examples`);
});

test("bodies of JSON have a schema and an example", () => {
  for (const { path, method, operation: { requestBody, responses } } of operations()) {
    const ok = Object.entries(responses).find(([status]) => status.startsWith("2"))![1];
    for (const content of [requestBody?.content, ok.content]) {
      const json = content?.["application/json"];
      if (json === undefined) continue;
      assert.ok(Object.keys(json.schema).length > 0, `${method} ${path}`);
      assert.ok(json.example !== undefined, `${method} ${path}`);
    }
  }
});

test("the schemas of bodies are those that check them", async () => {
  const { schema } = document.paths["/sessions"]!.post!.requestBody!.content["application/json"]!;
  const validate = validatorOf(schema, false);
  const good = { name: "s", rank: 0, endpoints: ["http://a.test"] };
  const bad = [{}, { ...good, name: "a/b" }, { ...good, rank: -1 }, { ...good, rank: 0.5 }];
  const others = [{ ...good, endpoints: [] }, { ...good, more: 1 }, { ...good, name: ".." }];
  await using party = createParty();
  for (const body of [good, ...bad, ...others]) {
    const { status } = await party.fetch(
      new Request("http://party.test/sessions", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    );
    assert.is(validate(body), status === 200, JSON.stringify(body));
  }
});

test("parameters of paths are names", () => {
  for (const [path, { parameters = [] }] of Object.entries(document.paths)) {
    const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    assert.equal(parameters.map(({ name }) => name), names);
    for (const { schema } of parameters) {
      const validate = validatorOf(schema, false);
      assert.ok(validate("a.b-c_1") && !validate("..") && !validate("a/b"), path);
      assert.ok(!validate("") && !validate("x".repeat(129)));
    }
  }
});

test("parameters of queries are those that check them", async () => {
  const closing = document.paths["/sessions/{session}"]!.delete!;
  const [{ name, schema }, ...others] = closing.parameters!.filter((one) => one.in === "query") as [
    Json & { schema: Json },
  ];
  assert.equal([name, others.length], ["keep_symbols", 0]);
  const validate = validatorOf(schema, false);
  await using party = createParty();
  for (const value of ["true", "false", "", "1", "True"]) {
    const spec = { name: "s", rank: 0, endpoints: ["http://a.test"] };
    await party.createSession(spec);
    const url = `http://party.test/sessions/s?keep_symbols=${value}`;
    const { status } = await party.fetch(new Request(url, { method: "DELETE" }));
    assert.is(validate(value), status === 204, value);
  }
});

test("problems have all codes that there are, and each operation says which it has", () => {
  const { properties } = document.components.schemas.Problem as {
    properties: Record<string, Json>;
  };
  assert.equal(properties.code!.enum, ERROR_CODES);
  for (const { path, method, operation: { responses } } of operations()) {
    const types = Object.entries(responses).filter(([status]) => !status.startsWith("2"))
      .flatMap(([, { content }]) => Object.entries(content!));
    for (const [type, { schema }] of types) {
      assert.is(type, "application/problem+json", `${method} ${path}`);
      assert.equal(schema, { $ref: "#/components/schemas/Problem" });
    }
    assert.match(responses["503"]!.description, /DRAINING/);
    if (path.startsWith("/sessions/{session}")) {
      assert.match(responses["404"]!.description, /UNKNOWN_SESSION/);
      assert.match(responses["400"]!.description, /INVALID_REQUEST/);
    }
    if (method === "post" && path !== "/sessions/{session}/comm/link") {
      assert.match(responses["413"]!.description, /PAYLOAD_TOO_LARGE/);
      assert.ok(responses["415"]);
    }
  }
});

/** Asks a party, and fails unless the answer is described. */
async function ask(
  base: string,
  method: string,
  path: string,
  params: Record<string, string> = {},
  init: { body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const url = base + path.replaceAll(/\{(\w+)\}/g, (_, name) => params[name]!);
  const answer = await request(url, { method, ...init });
  assertDescribed(method, path, answer);
  return answer;
}

async function withParties(body: (parties: Parties) => Promise<void>): Promise<void> {
  const waits = program("waits", ({ communicator }) => communicator.recv(1, "never"));
  const parties = await startParties(2, {
    programs: [...BUILTIN_PROGRAMS, waits],
    maxRequestBytes: 1_000,
  });
  try {
    await body(parties);
  } finally {
    await parties.close();
  }
}

test("what a party answers is as described, when all is well", async () => {
  await withParties(async ({ endpoints }) => {
    const base = endpoints[0]!;
    const s = { session: "s", symbol: "values", computation: "c" };
    for (const path of ["/health", "/ready", "/programs", "/status", "/metrics", "/openapi.json"]) {
      assert.is((await ask(base, "GET", path)).status, 200);
    }
    const created = endpoints.map((url, rank) =>
      ask(url, "POST", "/sessions", {}, { body: { name: "s", rank, endpoints } })
    );
    assert.equal((await Promise.all(created)).map(({ status }) => status), [200, 200]);
    const symbols = "/sessions/{session}/symbols";
    const body = { name: "values", mptype: { unit: "g" }, data: dataOf([1, 2]) };
    for (const url of endpoints) await ask(url, "POST", symbols, s, { body });
    const computations = "/sessions/{session}/computations";
    const start = { computation_id: "c", program: "sum", output_names: ["total"] };
    const run = endpoints.map((url) => ask(url, "POST", computations, s, { body: start }));
    assert.equal((await Promise.all(run)).map(({ status }) => status), [200, 200]);
    const waits = { ...start, computation_id: "waits", program: "waits", output_names: {} };
    const later = { body: waits, headers: { prefer: "respond-async" } };
    for (const url of endpoints) {
      assert.is((await ask(url, "POST", computations, s, later)).status, 202);
    }
    const message = { from_rank: 1, to_rank: 0, key: "k", data: dataOf(1) };
    await ask(base, "POST", "/sessions/{session}/comm/send", s, { body: message });
    for (
      const path of [
        "/sessions",
        "/sessions/{session}",
        symbols,
        `${symbols}/{symbol}`,
        computations,
        `${computations}/{computation}`,
        `${computations}/{computation}/events`,
        "/status",
      ]
    ) assert.is((await ask(base, "GET", path, s)).status, 200, path);
    const cancel = { ...s, computation: "waits" };
    await ask(base, "DELETE", `${computations}/{computation}`, cancel);
    const cancelled = await ask(base, "GET", `${computations}/{computation}`, cancel);
    assert.is(JSON.parse(cancelled.text).error.code, "CANCELLED");
    await ask(base, "DELETE", `${symbols}/{symbol}`, s);
    const abort = { body: { from_rank: 1, code: "CONFLICT", reason: "it differs" } };
    await ask(base, "POST", "/sessions/{session}/abort", s, abort);
    await ask(base, "GET", "/sessions/{session}", s);
    await ask(base, "DELETE", "/sessions/{session}", s);
  });
});

test("what a party refuses with is as described", async () => {
  await withParties(async ({ endpoints, parties, createSession }) => {
    const base = endpoints[0]!;
    await createSession("s");
    const s = { session: "s", symbol: "none", computation: "none" };
    const statuses: number[] = [];
    for (const { path, method } of operations().filter(({ path }) => path.includes("{"))) {
      const [session, name] = [{ ...s, session: "none" }, { ...s, session: "a%20b" }];
      for (const params of [s, session, name]) {
        statuses.push((await ask(base, method.toUpperCase(), path, params, bodyOf(method))).status);
      }
      await createSession("s"); // it may just have been deleted
    }
    for (const { path, operation: { requestBody } } of operations()) {
      if (requestBody?.content["application/json"] === undefined) continue;
      for (const init of [{ body: "{" }, { body: "", headers: { "content-type": "text/x" } }]) {
        statuses.push((await ask(base, "POST", path, s, init)).status);
      }
      statuses.push((await ask(base, "POST", path, s, { body: " ".repeat(2_000) })).status);
    }
    assert.equal([...new Set(statuses)].filter((status) => status >= 300).toSorted(), [
      400,
      404,
      413,
      415,
    ]);
    await ask(base, "POST", "/sessions", {}, { body: { name: "s", rank: 1, endpoints } });
    await parties[0]!.close();
    assert.is((await ask(base, "GET", "/ready")).status, 503);
  });
});

function bodyOf(method: string): { body?: unknown } {
  return method === "post" || method === "put" ? { body: {} } : {};
}

test.run();
