/**
 * `/programs`: what this party will run.
 *
 * @module
 */

import { v } from "../deps.ts";
import type { Program, Schemas } from "../programs/program.ts";
import type { ProgramRegistry } from "../programs/registry.ts";
import { jsonSchemaOf } from "../programs/schemas.ts";
import { Name } from "../schema.ts";
import type { Route } from "./routes.ts";

const JsonSchema = v.record(v.string(), v.unknown());

/** The JSON form of a program. */
export const ProgramJson = v.object({
  name: Name,
  version: v.string(),
  description: v.string(),
  inputs: v.record(v.string(), JsonSchema),
  outputs: v.record(v.string(), JsonSchema),
  params: v.nullable(JsonSchema),
});

const EXAMPLE = {
  name: "largest",
  version: "1.0.0",
  description: "The largest of all parties' numbers.",
  inputs: { number: { type: "number" } },
  outputs: { largest: { type: "number" } },
  params: null,
};

/** The route of programs. */
export function programsRoute(programs: ProgramRegistry): Route {
  return {
    path: "/programs",
    tag: "computations",
    operations: {
      GET: {
        id: "listPrograms",
        summary: "Lists the programs that this party will run.",
        answers: {
          200: {
            description: "All of them, each with JSON Schemas of what it takes and makes.",
            schema: v.object({ programs: v.array(ProgramJson) }),
            example: { programs: [EXAMPLE] },
          },
        },
        handle: () => Response.json({ programs: programs.list().map(viewProgram) }),
      },
    },
  };
}

function viewProgram(
  { name, version, description, inputs, outputs, params }: Program,
): v.InferOutput<typeof ProgramJson> {
  return {
    name,
    version,
    description,
    inputs: jsonSchemas(inputs),
    outputs: jsonSchemas(outputs),
    params: params === undefined ? null : jsonSchemaOf(params),
  };
}

function jsonSchemas(schemas: Schemas) {
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, jsonSchemaOf(schema)]),
  );
}
