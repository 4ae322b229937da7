#!/usr/bin/env node
/**
 * The command line: runs one party. `--help` tells how.
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { describeError, PartyError } from "../lib/errors.ts";
import { createParty } from "../lib/party.ts";
import type { Session } from "../lib/resources/session.ts";
import { serve, type Server } from "../lib/serve/serve.ts";
import { type Job, type JobName, prepareJob } from "./cli/jobs.ts";
import {
  type CliOptions,
  parseArguments,
  readEndpoints,
  sessionSpec,
  UsageError,
} from "./cli/options.ts";

/** Prints one line: for a machine with `--json`, for people otherwise. */
type Print = (event: Record<string, unknown>, text: string) => void;

async function main(options: CliOptions): Promise<void> {
  const print: Print = (event, text) => console.log(options.json ? JSON.stringify(event) : text);
  const configured = await readEndpoints(options);
  const joins = options.session !== undefined || options.run !== undefined;
  const fromStdin = joins && options.endpoints === "-";
  const known = joins && !fromStdin ? sessionSpec(options, configured!) : undefined;
  const job = options.run && await prepareJob(options.run, options);
  const stopped = new AbortController();
  const stop = (signal: string) => {
    if (stopped.signal.aborted) process.exit(1); // asked twice: now
    stopped.abort(new PartyError("CANCELLED", `Stopped by ${signal}`));
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);

  const party = createParty({ timeoutMs: options.timeoutMs });
  const server = await serve(party, {
    hostname: options.host,
    port: options.port ?? ownPort(configured, options.rank) ?? 8000,
  });
  try {
    announce(server, options, print);
    const spec = fromStdin ? sessionSpec(options, await readLine(stopped.signal)) : known;
    const session = spec && await party.createSession(spec);
    if (job) await runJob(session!, options.run!, job, stopped.signal, print);
    else await aborted(stopped.signal);
  } finally {
    await party.close();
    await server.close();
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  }
}

function announce(server: Server, { rank, host }: CliOptions, print: Print): void {
  if (!["127.0.0.1", "::1", "localhost"].includes(host)) {
    console.error(`Warning: ${host} lets the network in, and this party asks nobody who they are`);
  }
  const who = rank === undefined ? "Party" : `Party ${rank}`;
  print({ event: "listening", url: server.url, rank }, `${who} listens on ${server.url}`);
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

async function runJob(
  session: Session,
  name: JobName,
  job: Job,
  stopped: AbortSignal,
  print: Print,
): Promise<void> {
  const computation = session.compute(
    { id: name, program: name, params: job.params },
    ({ communicator }) => job.run(communicator),
  );
  const cancel = () => computation.cancel(stopped.reason);
  stopped.addEventListener("abort", cancel, { once: true });
  if (stopped.aborted) cancel();
  const result = await computation.result as object;
  const { messages, bytes } = session.communicator.stats.reduce(
    (total, peer) => ({
      messages: total.messages + peer.messagesSent,
      bytes: total.bytes + peer.bytesSent,
    }),
    { messages: 0, bytes: 0 },
  );
  print(
    { event: "result", job: name, held: job.held, result, sent: { messages, bytes } },
    `${job.describe(result)} (messages sent: ${messages}, bytes: ${bytes})`,
  );
}

function ownPort(endpoints: string[] | undefined, rank: number | undefined): number | undefined {
  const own = rank === undefined ? undefined : endpoints?.[rank];
  return own !== undefined && URL.canParse(own)
    ? Number(new URL(own).port) || undefined
    : undefined;
}

/** The endpoints from standard input: for a launcher that knows them once all parties listen. */
async function readLine(signal: AbortSignal): Promise<string[]> {
  const lines = createInterface({ input: process.stdin, signal });
  try {
    for await (const line of lines) return line.trim().split(",");
  } finally {
    lines.close();
    process.stdin.destroy();
  }
  throw signal.reason ?? new UsageError("--endpoints=- found no line on standard input");
}

try {
  const options = parseArguments(process.argv.slice(2));
  if (options !== undefined) await main(options);
} catch (error) {
  const usage = error instanceof UsageError;
  console.error(`partyline: ${describeError(error)}${usage ? "; see partyline --help" : ""}`);
  process.exitCode = usage ? 2 : 1;
}
