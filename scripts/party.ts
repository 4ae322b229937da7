#!/usr/bin/env node
/**
 * The command line: runs one party. `--help` tells how.
 *
 * @module
 */

import { describeError, PartyError } from "../lib/errors.ts";
import { createParty } from "../lib/party.ts";
import { agree } from "../lib/programs/agreement.ts";
import type { Session } from "../lib/resources/session.ts";
import { serve } from "../lib/serve/serve.ts";
import { VERSION } from "../lib/version.ts";
import { HELP } from "./cli/help.ts";
import type { Host } from "./cli/host.ts";
import { type Job, type JobName, prepareJob } from "./cli/jobs.ts";
import {
  type Options,
  parseOptions,
  readEndpoints,
  sessionSpec,
  UsageError,
} from "./cli/options.ts";

/** Prints one line: for a machine with `--json`, for people otherwise. */
type Print = (event: Record<string, unknown>, text: string) => void;

async function main(host: Host, stopped: AbortController): Promise<void> {
  const options = parseOptions(host.args);
  if (options.help) return console.log(HELP);
  if (options.version) return console.log(VERSION);
  const forget = host.onStop((signal) => {
    if (stopped.signal.aborted) host.exit(1); // asked twice: now
    stopped.abort(new PartyError("CANCELLED", `Stopped by ${signal}`));
  });
  try {
    await runParty(options, host, stopped.signal);
  } finally {
    forget();
  }
}

async function runParty(options: Options, host: Host, stopped: AbortSignal): Promise<void> {
  const print: Print = (event, text) => console.log(options.json ? JSON.stringify(event) : text);
  const { rank, run, session: name, host: hostname } = options;
  const joins = run !== undefined || name !== undefined;
  const fromStdin = joins && options.endpoints === "-";
  // All that can be wrong here is found before anyone waits for this party.
  const endpoints = await readEndpoints(options, host);
  const known = endpoints && !fromStdin ? sessionSpec(options, endpoints) : undefined;
  const job = run && await prepareJob(run, options);

  const party = createParty({ timeoutMs: options["timeout-ms"] });
  const port = options.port ?? portOf(known?.endpoints[rank ?? -1]) ?? 8000;
  // The signal lets nothing new in while the other parties are told.
  const server = await serve(party, { hostname, port, signal: stopped });
  try {
    if (!["127.0.0.1", "::1", "localhost"].includes(hostname)) {
      console.error(
        `Warning: ${hostname} lets the network in, and this party asks nobody who it is`,
      );
    }
    const who = rank === undefined ? "Party" : `Party ${rank}`;
    print({ event: "listening", url: server.url, rank }, `${who} listens on ${server.url}`);
    const spec = fromStdin ? await specFromStdin(options, host, stopped) : known;
    const session = joins ? await party.createSession(spec!) : undefined;
    if (job) await runJob(session!, run!, job, stopped, print);
    else await aborted(stopped);
  } finally {
    await party.close();
    await server.close();
  }
}

async function runJob(
  session: Session,
  name: JobName,
  job: Job,
  stopped: AbortSignal,
  print: Print,
): Promise<void> {
  const computation = session.compute(
    // One id for all jobs: parties with different ones are to meet, and to find out.
    { id: "job", program: name, params: job.params },
    async ({ communicator }) => {
      await agree(communicator, { job: name, params: job.params });
      return await job.run(communicator);
    },
  );
  const cancel = () => computation.cancel(stopped.reason);
  stopped.addEventListener("abort", cancel, { once: true });
  if (stopped.aborted) cancel();
  const result = await computation.result as object;
  const sent = session.communicator.stats.reduce(
    ({ messages, bytes }, peer) => ({
      messages: messages + peer.messagesSent,
      bytes: bytes + peer.bytesSent,
    }),
    { messages: 0, bytes: 0 },
  );
  print(
    { event: "result", job: name, held: job.held, result, sent },
    `${job.describe(result)} (messages sent: ${sent.messages}, bytes: ${sent.bytes})`,
  );
}

/** For a launcher that knows the parties' URLs only once all of them listen. */
async function specFromStdin(options: Options, host: Host, stopped: AbortSignal) {
  const line = await host.readLine(stopped);
  stopped.throwIfAborted();
  if (line === undefined) throw new UsageError("--endpoints=- found no line on standard input");
  return sessionSpec(options, line.trim().split(","));
}

function portOf(endpoint: string | undefined): number | undefined {
  return endpoint === undefined ? undefined : Number(new URL(endpoint).port) || undefined;
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

const { host } = "Deno" in globalThis
  ? await import("./cli/host_deno.ts")
  : await import("./cli/host_node.ts");
const stopped = new AbortController();
let exitCode = 0;
try {
  await main(host, stopped);
} catch (error) {
  const usage = error instanceof UsageError;
  console.error(`partyline: ${describeError(error)}${usage ? "; see partyline --help" : ""}`);
  exitCode = usage ? 2 : 1;
}
host.setExitCode(exitCode);
// Whoever holds a connection open, as with half a request, must not hold the process.
if (stopped.signal.aborted) host.exit(exitCode);
