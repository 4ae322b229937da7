/**
 * What `partyline run` does.
 *
 * @module
 */

import process from "node:process";
import { type CommonProgram, Driver } from "../../lib/client/driver.ts";
import type { DriverSession } from "../../lib/client/session.ts";
import type { ComputationView } from "../../lib/client/views.ts";
import { PartyError } from "../../lib/errors.ts";
import { encodeJson } from "../../lib/wire/json.ts";
import { paramsAdvice, type ParamsSchema, reachAdvice, withAdvice } from "./advice.ts";
import { UsageError } from "./exit.ts";
import type { FleetOptions } from "./fleet_options.ts";
import type { Host } from "./host.ts";
import { adviseReopening, openSession } from "./open_session.ts";
import { print, terminalWidth } from "./print.ts";
import { type Reach, readReach } from "./reach.ts";
import { ProgressBars, ProgressLines } from "./progress.ts";
import { showValue } from "./show.ts";
import type { RankFile } from "./values.ts";

/** What the command may be told. */
export interface RunOptions extends FleetOptions {
  session?: string;
  input?: Record<string, string>;
  output?: Record<string, string>;
  param?: Record<string, unknown>;
  put?: RankFile[];
  timeoutMs?: number;
}

/** A value that an output has, and the ranks where it has it. */
interface OutputValue {
  ranks: number[];
  value: unknown;
}

/**
 * @param program the program's name
 * @param options what the command line says
 * @param host the process
 * @throws {UsageError} when a rank or a file is not there
 * @throws {PartyError} when it failed or was cancelled
 */
export async function drive(program: string, options: RunOptions, host: Host): Promise<void> {
  const reach = await readReach(options);
  try {
    await driveParties(program, options, reach, host);
  } catch (error) {
    if (!(error instanceof PartyError) || error.code !== "NETWORK") throw error;
    throw withAdvice(error, reachAdvice(reach.parties[error.rank ?? -1]?.url, options.config));
  }
}

async function driveParties(
  program: string,
  options: RunOptions,
  { parties, client }: Reach,
  { stopped }: Host,
): Promise<void> {
  const { config, json, session: name, input, output, param, put = [], timeoutMs } = options;
  const endpoints = parties.map(({ url }) => url);
  const stray = put.find(({ rank }) => rank >= endpoints.length);
  if (stray !== undefined) {
    throw new UsageError(
      `Cannot put ${stray.name} at rank ${stray.rank}: ${config} lists ${endpoints.length} parties`,
    );
  }
  const values = await Promise.all(put.map(async ({ rank, name, file }) => {
    const { readData } = await import("./data.ts");
    return { rank, name, value: await readData(file) };
  }));
  const driver = new Driver(endpoints, client);
  const schema = (await findProgram(driver, program)).params as ParamsSchema;
  // None of them, for a program that takes some: it then tells which is missing.
  const params = param ?? (schema === null ? undefined : {});
  const session = await openSession(driver, name, stopped);
  try {
    for (const { rank, name, value } of values) await session.put(rank, name, value);
    stopped.throwIfAborted();
    const progress = json
      ? undefined
      : process.stderr.isTTY
      ? new ProgressBars(endpoints.length, process.stderr, terminalWidth())
      : new ProgressLines(process.stderr);
    let views: ComputationView[];
    try {
      views = await session.run(program, {
        ...input === undefined ? {} : { inputs: input },
        ...output === undefined ? {} : { outputs: output },
        ...params === undefined ? {} : { params },
        ...timeoutMs === undefined ? {} : { timeoutMs },
        signal: stopped,
        onProgress: ({ rank, state, fraction, note }) => {
          if (json) print(true, { event: "progress", rank, state, fraction, note }, "");
          progress?.show({ rank, state, fraction, note });
        },
      });
    } catch (error) {
      throw error instanceof PartyError ? adviseRun(error, schema, param) : error;
    } finally {
      progress?.end();
    }
    const outputs = await readOutputs(session, views);
    const event = { event: "result", program, session: session.name, outputs };
    print(json, event, describe(outputs, endpoints.length).join("\n"));
  } catch (error) {
    throw name === undefined ? error : adviseReopening(error, name);
  } finally {
    if (name === undefined) await session.close().catch(() => {}); // it is gone with the party
  }
}

/** What a run failed by, and which option is for that. */
function adviseRun(error: PartyError, schema: ParamsSchema, param?: object): PartyError {
  const { code, elapsedMs } = error;
  if (code === "INVALID_REQUEST") return withAdvice(error, paramsAdvice(schema, param));
  if (code === "CONFLICT") return withAdvice(error, "--output NAME=SYMBOL names another");
  if (code === "CANCELLED" && elapsedMs !== undefined) {
    return new PartyError(code, error.message.replace("timeoutMs", "--timeout-ms"), { elapsedMs });
  }
  return error;
}

/** Makes sure that all parties run the program, before anything is made for it. */
async function findProgram(driver: Driver, name: string): Promise<CommonProgram> {
  const programs = await driver.programs();
  const program = programs.find((program) => program.name === name);
  if (program === undefined) {
    const names = programs.map(({ name }) => name).join(", ") || "none";
    const lack = await whoLacks(driver, name);
    throw new Error(
      `Cannot run ${name}: ${lack}, and all parties together run ${names}; start each with ` +
        `--program FILE, and see partyline programs`,
    );
  }
  if (!program.agrees) {
    const versions = program.versions.map((version, rank) => `${version} at rank ${rank}`);
    throw new Error(
      `Cannot run ${name}, which is ${versions.join(", ")}: start each party with the same file`,
    );
  }
  return program;
}

async function whoLacks(driver: Driver, name: string): Promise<string> {
  const statuses = await driver.status();
  const lacking = statuses.filter(({ status }) =>
    status?.programs.every((program) => program.name !== name)
  );
  if (lacking.length === statuses.length) return "no party has it";
  const ranks = lacking.map(({ rank }) => rank).join(", ");
  return lacking.length === 1 ? `rank ${ranks} lacks it` : `ranks ${ranks} lack it`;
}

async function readOutputs(
  session: DriverSession,
  views: readonly ComputationView[],
): Promise<Record<string, OutputValue[]>> {
  const outputs: Record<string, OutputValue[]> = {};
  for (const name of Object.keys(views[0]?.outputs ?? {})) {
    const byText = new Map<string, OutputValue>();
    for (const [rank, view] of views.entries()) {
      const symbol = view.outputs[name]!;
      try {
        const value = await session.get(rank, symbol);
        const text = encodeJson(value);
        const known = byText.get(text);
        if (known === undefined) byText.set(text, { ranks: [rank], value });
        else known.ranks.push(rank);
      } catch (error) {
        // A program may return an output at some of the parties only.
        if (!(error instanceof PartyError) || error.code !== "UNKNOWN_SYMBOL") throw error;
      }
    }
    outputs[name] = [...byText.values()];
  }
  return outputs;
}

function describe(outputs: Record<string, OutputValue[]>, worldSize: number): string[] {
  const lines = Object.entries(outputs).flatMap(([name, values]) =>
    values.map(({ ranks, value }) => {
      const where = ranks.length === worldSize
        ? ""
        : ` at rank${ranks.length === 1 ? "" : "s"} ${ranks.join(", ")}`;
      return `${name}${where}: ${showValue(value)}`;
    })
  );
  return lines.length === 0 ? ["Done; it returned no output"] : lines;
}
