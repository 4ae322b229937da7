/**
 * The API's description (OpenAPI 3.1), made of what each route says of itself and of the schemas
 * that check requests.
 *
 * @module
 */

import { toJsonSchema, type v } from "../../deps.ts";
import type { ErrorCode } from "../../errors.ts";
import { Name } from "../../schema.ts";
import { VERSION } from "../../version.ts";
import { ComputationJson, ListedComputationJson } from "../computation_view.ts";
import { ProblemJson, statusOfCode, titleOf } from "../problem.ts";
import { ProgramJson } from "../programs.ts";
import type { Answer, Content, Operation, Route } from "../routes.ts";
import { PeerJson, SessionJson } from "../session_view.ts";
import { StatusJson } from "../status/status.ts";
import { SymbolJson } from "../symbols.ts";

type Json = Record<string, unknown>;

/** What is described once, and referred to. */
const DEFINITIONS: Record<string, v.GenericSchema> = {
  Problem: ProblemJson,
  Session: SessionJson,
  Peer: PeerJson,
  Symbol: SymbolJson,
  Program: ProgramJson,
  Computation: ComputationJson,
  ListedComputation: ListedComputationJson,
  Status: StatusJson,
};

const DESCRIPTION =
  "One party of a secure multi-party computation. Names are 1 to 128 letters, digits, '.', '_' or " +
  "'-'. Errors are problems (RFC 9457) with a `code`. HEAD goes with GET; any other method of a " +
  "path is 405 with `Allow`, any other path 404.";

/** @returns the description of routes */
export function openApiDocument(routes: readonly Route[]): Json {
  return {
    openapi: "3.1.0",
    info: {
      title: "Partyline",
      version: VERSION,
      description: DESCRIPTION,
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    paths: Object.fromEntries(
      routes.map((route) => [route.path.replaceAll(/:(\w+)/g, "{$1}"), pathItem(route)]),
    ),
    components: { schemas: convert(ProblemJson).$defs },
  };
}

function pathItem({ path, tag, operations }: Route): Json {
  const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name!);
  const parameters = names.map((name) => ({
    name,
    in: "path",
    required: true,
    schema: schemaOf(Name),
  }));
  const methods = Object.entries(operations).map(([method, operation]) => [
    method.toLowerCase(),
    describe(operation, tag, names.length > 0),
  ]);
  return { ...parameters.length > 0 ? { parameters } : {}, ...Object.fromEntries(methods) };
}

function describe(operation: Operation, tag: string, hasParams: boolean): Json {
  const { id, summary, headers = {}, query, body, answers } = operation;
  const inHeaders = Object.entries(headers).map(([name, description]) => ({
    name,
    in: "header",
    description,
    schema: { type: "string" },
  }));
  const inQuery = Object.entries(query?.entries ?? {}).map(([name, schema]) => ({
    name,
    in: "query",
    schema: schemaOf(schema),
  }));
  const parameters = [...inHeaders, ...inQuery];
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...parameters.length > 0 ? { parameters } : {},
    ...body === undefined ? {} : { requestBody: { required: true, content: contentOf(body) } },
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, answer]) => [status, answerOf(answer)]),
      ),
      ...problemsOf(operation, hasParams || inQuery.length > 0),
      default: problem("Any other problem."),
    },
  };
}

function answerOf({ description, headers, instead, ...content }: Answer): Json {
  const hasContent = content.schema !== undefined || content.mediaType !== undefined;
  return {
    description,
    ...headers === undefined ? {} : { headers: headersOf(headers) },
    ...hasContent ? { content: { ...contentOf(content), ...instead && contentOf(instead) } } : {},
  };
}

/** What an operation refuses with, by status. */
function problemsOf({ body, openTo, problems = [] }: Operation, hasParams: boolean): Json {
  const codes = new Set<ErrorCode>(["INTERNAL", "DRAINING", ...problems]);
  if (openTo === undefined) codes.add("AUTHENTICATION").add("FORBIDDEN");
  if (hasParams || body !== undefined) codes.add("INVALID_REQUEST");
  if (body !== undefined) codes.add("PAYLOAD_TOO_LARGE");
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of codes) {
    const status = statusOfCode(code);
    byStatus.set(status, [...byStatus.get(status) ?? [], code]);
  }
  if (body !== undefined) byStatus.set(415, ["INVALID_REQUEST"]);
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      status,
      {
        ...problem(`${titleOf(status)}: ${codes.join(", ")}.`),
        ...status === 429 || status === 503
          ? { headers: headersOf({ "retry-after": "When to try again, in seconds." }) }
          : {},
      },
    ]),
  );
}

function problem(description: string): Json {
  return {
    description,
    content: contentOf({ mediaType: "application/problem+json", schema: ProblemJson }),
  };
}

function headersOf(headers: Record<string, string>): Json {
  return Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [
      name,
      { description, schema: { type: "string" } },
    ]),
  );
}

function contentOf({ mediaType = "application/json", schema, example }: Content): Json {
  const isText = mediaType.startsWith("text/");
  const described = schema === undefined ? isText ? { type: "string" } : {} : schemaOf(schema);
  return { [mediaType]: { schema: described, ...example === undefined ? {} : { example } } };
}

/** A schema as JSON Schema, which refers to what is described elsewhere. */
function schemaOf(schema: v.GenericSchema): Json {
  const { $schema: _draft, $defs: _all, ...json } = convert(schema);
  return json;
}

function convert(schema: v.GenericSchema): Json {
  return toJsonSchema(schema, {
    definitions: DEFINITIONS,
    target: "draft-2020-12",
    typeMode: "input",
    errorMode: "ignore", // checks that JSON Schema has no words for are left out
    overrideRef: ({ referenceId }) => `#/components/schemas/${referenceId}`,
  }) as Json;
}
