/**
 * Schemas of Standard Schema kind, of whatever library: checking values, and showing them as JSON
 * Schema.
 *
 * @module
 */

import { toJsonSchema, type v } from "../deps.ts";
import { PartyError } from "../errors.ts";
import { describeIssue, fieldPath } from "../schema.ts";
import type { Schema, SchemaIssue, SchemaProps } from "./standard_schema.ts";

/** What newer schema libraries have besides: Standard JSON Schema. */
interface WithJsonSchema {
  jsonSchema?: { input(options: { target: string }): Record<string, unknown> };
}

/** How many steps of a path are told. */
const MAX_STEPS = 12;
const TARGET = "draft-2020-12";
/** How schema libraries end a message with the value: valibot, then ArkType. */
const SHOWS_VALUE = / (but received|\(was) .*$/s;
const VALIBOT = "valibot";

/**
 * Checks a value.
 *
 * @param what names the value in the error
 * @returns what the schema makes of the value
 * @throws {PartyError} `INVALID_REQUEST`; its cause tells where in the value, which shows nothing of
 * it: the keys of an object may be data, as the names of people are
 */
export async function checkValue(
  schema: Schema,
  value: unknown,
  what: string,
): Promise<unknown> {
  const result = await schema["~standard"].validate(value);
  if (result.issues === undefined) return result.value;
  throw new PartyError("INVALID_REQUEST", `Cannot take ${what}: it does not fit its schema`, {
    cause: new Error(`it is wrong ${placeOf(result.issues[0]!)}`),
  });
}

/** The same for what all parties see: the error says where and what is wrong, not the value. */
export async function checkParams(
  schema: Schema | undefined,
  params: unknown,
  program: string,
): Promise<unknown> {
  if (schema === undefined && (params ?? undefined) === undefined) return undefined;
  const result = await schema?.["~standard"].validate(params);
  if (result !== undefined && result.issues === undefined) return result.value;
  const why = result === undefined ? "it takes none" : describe(result.issues[0]!, schema!);
  throw new PartyError("INVALID_REQUEST", `Cannot run ${program} with these params: ${why}`);
}

/** The schema as JSON Schema (draft 2020-12); `{}`, which takes all, where it cannot be told. */
export function jsonSchemaOf(schema: Schema): Record<string, unknown> {
  try {
    return convert(schema);
  } catch {
    return {}; // libraries throw at what JSON Schema has no words for
  }
}

function convert(schema: Schema): Record<string, unknown> {
  const standard: SchemaProps & WithJsonSchema = schema["~standard"];
  if (standard.jsonSchema !== undefined) return standard.jsonSchema.input({ target: TARGET });
  if (standard.vendor !== VALIBOT) return {};
  const options = { target: TARGET, typeMode: "input", errorMode: "ignore" } as const;
  const { $schema: _, ...json } = toJsonSchema(schema as unknown as v.GenericSchema, options);
  return json;
}

function describe(issue: SchemaIssue, schema: Schema): string {
  const field = pathOf(issue);
  const message = issue.message.replace(SHOWS_VALUE, "");
  if (schema["~standard"].vendor === VALIBOT) {
    const told = issue as v.BaseIssue<unknown>;
    const isUnknown = told.expected === "never" && told.path?.[0]?.origin === "key";
    if (!isUnknown) return describeIssue({ ...told, message });
    const fields = Object.keys(jsonSchemaOf(schema)["properties"] ?? {});
    return `there is no ${field}; it takes ${fields.join(", ") || "none"}`;
  }
  return field === "" ? message : `${field}: ${message}`;
}

function pathOf(issue: SchemaIssue): string {
  return fieldPath(stepsOf(issue).map((step) => typeof step === "symbol" ? String(step) : step));
}

/** Where an issue is, by indices alone. */
function placeOf(issue: SchemaIssue): string {
  const steps = stepsOf(issue).map((step) => typeof step === "number" ? `[${step}]` : "[a key]");
  if (steps.length === 0) return "at its top";
  return `${steps.length} deep, at ${steps.slice(0, MAX_STEPS).join("")}`;
}

function stepsOf({ path = [] }: SchemaIssue): PropertyKey[] {
  return path.map((step) => typeof step === "object" ? step.key : step);
}
