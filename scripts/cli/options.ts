/**
 * The command line: what it may say, checked, and what follows from it.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { v } from "../../lib/deps.ts";
import { describeError } from "../../lib/errors.ts";
import { SessionSchema, type SessionSpec } from "../../lib/resources/spec.ts";
import { check, Name } from "../../lib/schema.ts";
import type { Host } from "./host.ts";
import { JOB_NAMES } from "./jobs.ts";

/** The command line was used wrongly: exit code 2. */
export class UsageError extends Error {}

const TEXT = { type: "string" } as const;
const FLAG = { type: "boolean" } as const;

const Options = v.object({
  "rank": v.optional(wholeNumber(0, 1_023)),
  "port": v.optional(wholeNumber(0, 65_535)),
  "host": v.optional(v.string(), "127.0.0.1"),
  "endpoints": v.optional(v.string()),
  "config": v.optional(v.string()),
  "session": v.optional(Name),
  "run": v.optional(v.picklist(JOB_NAMES, `use one of ${JOB_NAMES.join(", ")}`)),
  "data": v.optional(v.string()),
  "column": v.optional(v.string()),
  "timeout-ms": v.optional(wholeNumber(1, 2 ** 31 - 1), "120000"),
  "json": v.optional(v.boolean(), false),
  "version": v.optional(v.boolean(), false),
  "help": v.optional(v.boolean(), false),
});

/** What the command line says. */
export type Options = v.InferOutput<typeof Options>;

/** The file that lists the parties, in the order of their ranks; the same file at every party. */
const Config = v.object({ parties: v.array(v.object({ id: v.string(), url: v.string() })) });

/**
 * @param args the arguments after the script's name
 * @throws {UsageError} when they make no sense
 */
export function parseOptions(args: string[]): Options {
  try {
    const { values } = parseArgs({
      args,
      options: {
        ...Object.fromEntries(Object.keys(Options.entries).map((name) => [name, TEXT])),
        json: FLAG,
        version: { ...FLAG, short: "v" },
        help: { ...FLAG, short: "h" },
      },
    });
    const options = check(Options, values, "an option");
    if (!options.help && !options.version) checkTogether(options);
    return options;
  } catch (error) {
    throw new UsageError(describeError(error).replace(/\. To specify.*$/, ""));
  }
}

/** @returns the parties' URLs, from the option or from the file; undefined when neither is there */
export async function readEndpoints(
  { endpoints, config }: Options,
  host: Host,
): Promise<string[] | undefined> {
  if (endpoints !== undefined) return endpoints.split(",");
  if (config === undefined) return undefined;
  try {
    const json: unknown = JSON.parse(await host.readText(config));
    return check(Config, json, "its list of parties").parties.map(({ url }) => url);
  } catch (cause) {
    throw new UsageError(
      `Cannot read ${config}: ${describeError(cause)}; it is to hold ` +
        `{"parties": [{"id": "...", "url": "..."}, ...]}`,
    );
  }
}

/**
 * The session that this party is to create. A party that only serves creates none, but what it was
 * told of the others is checked in the same way.
 *
 * @param endpoints the parties' URLs, as they were given
 * @throws {UsageError} when an endpoint is no URL or there twice, or the rank is not among them
 */
export function sessionSpec(options: Options, endpoints: readonly string[]): SessionSpec {
  const { session, run, rank = 0 } = options;
  const name = session ?? run ?? "none";
  let spec: SessionSpec;
  try {
    spec = check(SessionSchema, { name, rank, endpoints }, "the endpoints");
  } catch (error) {
    throw new UsageError(describeError(error));
  }
  const repeated = spec.endpoints.find((url, at) => spec.endpoints.indexOf(url) !== at);
  if (repeated === undefined) return spec;
  throw new UsageError(`Cannot take the endpoint ${repeated} twice: each party has its own`);
}

function checkTogether({ run, data, column, rank, endpoints, config, session }: Options): void {
  const joins = run !== undefined || session !== undefined;
  if (endpoints !== undefined && config !== undefined) {
    throw new UsageError("--endpoints and --config exclude each other");
  }
  if (joins && rank === undefined) throw new UsageError("--run and --session need --rank");
  if (joins && endpoints === undefined && config === undefined) {
    throw new UsageError("--run and --session need --endpoints or --config");
  }
  if (!joins && endpoints === "-") throw new UsageError("--endpoints=- needs --run or --session");
  const needsData = run === "mean";
  if (needsData && (data === undefined || column === undefined)) {
    throw new UsageError("--run=mean needs --data and --column");
  }
  if (!needsData && (data ?? column) !== undefined) {
    throw new UsageError("--data and --column go with --run=mean");
  }
}

function wholeNumber(min: number, max: number) {
  return v.pipe(
    v.string(),
    v.regex(/^\d{1,10}$/, `use a whole number from ${min} to ${max}`),
    v.transform(Number),
    v.minValue(min, `use a whole number from ${min} to ${max}`),
    v.maxValue(max, `use a whole number from ${min} to ${max}`),
  );
}
