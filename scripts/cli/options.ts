/**
 * The command line: what it may say, checked, and what follows from it.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { v } from "../../lib/deps.ts";
import { describeError } from "../../lib/errors.ts";
import { NAME_PATTERN } from "../../lib/names.ts";
import { SessionSpec } from "../../lib/resources/spec.ts";
import { check } from "../../lib/schema.ts";
import { VERSION } from "../../lib/version.ts";
import { Command, InvalidArgumentError, Option } from "./deps.ts";
import { JOB_NAMES, type JobName } from "./jobs.ts";

/** The command line was used wrongly: exit code 2. */
export class UsageError extends Error {}

/** What the command line says. */
export interface CliOptions {
  rank?: number;
  port?: number;
  host: string;
  endpoints?: string;
  config?: string;
  session?: string;
  run?: JobName;
  data?: string;
  column?: string;
  timeoutMs: number;
  json?: boolean;
}

const NOTES = `
Without --session or --run the party serves until it is stopped, and whoever drives it creates
sessions over HTTP. With --session it creates that session first. With --run it runs a built-in job
with the other parties, prints the result and ends.

Jobs:
  hello   ranks 0 and 1 exchange a greeting and a response
  mean    the pooled count, mean and standard deviation of --column over every party's --data;
          only these totals are opened

Exit codes:
  0  done
  1  failed, with one line that says why
  2  used wrongly

Example, in two terminals:
  partyline --rank=0 --port=8000 --run hello \\
    --endpoints=http://127.0.0.1:8000,http://127.0.0.1:8001
  partyline --rank=1 --port=8001 --run hello \\
    --endpoints=http://127.0.0.1:8000,http://127.0.0.1:8001
`;

/**
 * @param args the arguments after the script's name
 * @returns the options; undefined when help or the version was asked for, and printed
 * @throws {UsageError} when they make no sense
 */
export function parseArguments(args: string[]): CliOptions | undefined {
  const command = new Command("partyline")
    .description("One party of a secure multi-party computation over HTTP.")
    .version(VERSION, "-v, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .option("--rank <number>", "this party's rank, from 0", wholeNumber(0, 1_023))
    .option("--port <number>", "the port to listen on; 0 picks a free one", wholeNumber(0, 65_535))
    .option("--host <address>", "the address to listen on", "127.0.0.1")
    .option("--endpoints <urls>", "the URLs of all parties, by rank; - reads them from stdin")
    .addOption(
      new Option("--config <file>", "a JSON file that lists the parties").conflicts("endpoints"),
    )
    .option("--session <name>", "create this session; a job's is named after it", name)
    .addOption(new Option("--run <job>", "run a built-in job, then end").choices(JOB_NAMES))
    .option("--data <file>", "this party's rows: a CSV file with a header line")
    .option("--column <name>", "the column that the job is about")
    .option("--timeout-ms <ms>", "how long to wait for a message", wholeNumber(1, 2 ** 31), 120_000)
    .option("--json", "print one JSON object a line")
    .addHelpText("after", NOTES)
    .exitOverride()
    .configureOutput({ outputError: () => {} });
  try {
    command.parse(args, { from: "user" });
  } catch (error) {
    const { exitCode, message } = error as { exitCode?: number; message: string };
    if (exitCode === 0) return undefined;
    throw new UsageError(message.replace(/^error: /, ""));
  }
  const options = command.opts<CliOptions>();
  checkTogether(options);
  return options;
}

/** The file that lists the parties, in the order of their ranks; the same file at every party. */
const Config = v.object({ parties: v.array(v.object({ id: v.string(), url: v.string() })) });

/** @returns the parties' URLs, from the option or from the file; undefined when neither is there */
export async function readEndpoints(options: CliOptions): Promise<string[] | undefined> {
  if (options.endpoints !== undefined) return options.endpoints.split(",");
  if (options.config === undefined) return undefined;
  try {
    const json: unknown = JSON.parse(await readFile(options.config, "utf8"));
    return check(Config, json, "its list of parties").parties.map(({ url }) => url);
  } catch (cause) {
    throw new UsageError(
      `Cannot read ${options.config}: ${describeError(cause)}; it is to hold ` +
        `{"parties": [{"id": "...", "url": "..."}, ...]}`,
    );
  }
}

/**
 * The session that this party is to create.
 *
 * @param endpoints the parties' URLs, as they were given
 * @throws {UsageError} when an endpoint is no URL, or the rank is not among them
 */
export function sessionSpec(
  { session, run, rank }: CliOptions,
  endpoints: string[],
): SessionSpec {
  try {
    return check(SessionSpec, { name: session ?? run, rank, endpoints }, "the endpoints");
  } catch (error) {
    throw new UsageError(describeError(error));
  }
}

function checkTogether(options: CliOptions): void {
  const { run, data, column, rank, endpoints, config, session } = options;
  const joins = run !== undefined || session !== undefined;
  if (joins && rank === undefined) throw new UsageError("--run and --session need --rank");
  if (joins && endpoints === undefined && config === undefined) {
    throw new UsageError("--run and --session need --endpoints or --config");
  }
  const needsData = run === "mean";
  if (needsData && (data === undefined || column === undefined)) {
    throw new UsageError(`--run ${run} needs --data and --column`);
  }
  if (!needsData && (data ?? column) !== undefined) {
    throw new UsageError("--data and --column go with --run mean");
  }
}

function wholeNumber(min: number, max: number) {
  return (text: string): number => {
    const value = /^\d+$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Give a whole number from ${min} to ${max}.`);
  };
}

function name(text: string): string {
  if (NAME_PATTERN.test(text)) return text;
  throw new InvalidArgumentError("Give 1 to 128 letters, digits, '.', '_' or '-'.");
}
