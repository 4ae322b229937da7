/**
 * What `partyline serve` does: a party that listens, and may run one program with the others.
 *
 * @module
 */

import { describeError, PartyError } from "../../lib/errors.ts";
import { Logger } from "../../lib/log.ts";
import { createParty } from "../../lib/party.ts";
import type { Program } from "../../lib/programs/program.ts";
import { jsonSchemaOf } from "../../lib/programs/schemas.ts";
import type { Session } from "../../lib/resources/session.ts";
import type { SessionSpec } from "../../lib/resources/spec.ts";
import type { Identity } from "../../lib/security/sealing/covers.ts";
import { serve } from "../../lib/serve/serve.ts";
import { paramsAdvice, withAdvice } from "./advice.ts";
import { readList, sessionSpec } from "./config.ts";
import { UsageError } from "./exit.ts";
import { aborted, type Host, readLine } from "./host.ts";
import { logSink } from "./log.ts";
import { print } from "./print.ts";
import { loadPrograms } from "./programs.ts";
import { readSecurity } from "./serve_security.ts";
import { showValues } from "./show.ts";
import type { ServeOptions } from "./serve_options.ts";

/** The same for all programs: parties with different ones are to meet, and to find out. */
const SESSION = "run";
/** How many folders of earlier sessions the log names. */
const MAX_TOLD = 100;

/**
 * @param options what the command line says, checked
 * @param host the process
 * @throws {UsageError} when what it says leads nowhere
 */
export async function runParty(options: ServeOptions, { stopped }: Host): Promise<void> {
  const { run, session: name = run && SESSION, host: hostname } = options;
  const fromStdin = options.endpoints === "-";
  // All that can be wrong here is found before anyone waits for this party.
  const { identity, tls, fetch, warnings } = await readSecurity(options);
  const rank = rankOf(options, identity);
  const endpoints = fromStdin ? undefined : await endpointsOf(options);
  const known = endpoints && sessionSpec(name ?? "none", rank ?? 0, endpoints);
  if (options.config !== undefined && rank === undefined && endpoints!.length > 1) {
    throw new UsageError(
      `${options.config} lists ${endpoints!.length} parties: tell which one this is by --rank, ` +
        `or by --key in a list that has keys`,
    );
  }
  const ownUrl = known?.endpoints[rank ?? -1];
  if (ownUrl?.startsWith("https:") && tls === undefined) {
    warnings.push(
      `This party is listed as ${ownUrl} and has no TLS itself: a gateway has to add it, or give ` +
        `--tls-cert and --tls-key`,
    );
  }
  const programs = await loadPrograms(options.program);
  const program = programs.find((program) => program.name === run);
  if (run !== undefined && program === undefined) {
    const names = programs.map(({ name }) => name).join(", ");
    throw new UsageError(`Cannot run ${run}: use one of ${names}, or give its file by --program`);
  }
  const data = await readFiles(options.data);
  const { log: form, logLevel: level = run === undefined ? "info" : "error" } = options;
  const log = logSink({ form, level });
  const party = createParty({
    timeoutMs: options.timeoutMs,
    maxMailboxBytes: options.maxMailboxBytes,
    maxMessageBytes: options.maxMessageBytes,
    maxRequestBytes: options.maxRequestBytes,
    maxSymbolBytes: options.maxSymbolBytes,
    maxSessions: options.maxSessions,
    maxActiveComputations: options.maxActiveComputations,
    maxEndedComputations: options.maxEndedComputations,
    maxEndedAgeMs: options.maxEndedAgeMs,
    allowOrigins: options.allowOrigin,
    allowHosts: [...hostsOf(known), ...options.allowHost ?? []],
    programs,
    data,
    store: await openStore(options.store),
    identity,
    fetch,
    log,
  });
  if (options.store !== undefined) await tellKept(options.store, new Logger(log));
  const port = options.port ?? portOf(ownUrl) ?? 8000;
  // The signal lets nothing new in while the other parties are told.
  const { insecure = false } = options;
  const server = await serve(party, { hostname, port, tls, insecure, signal: stopped });
  try {
    // Told at every start, whatever else is not to be logged.
    const always = new Logger(logSink({ form: form === "none" ? "pretty" : form, level: "warn" }));
    for (const warning of warnings) always.warn(warning);
    const who = rank === undefined ? "Party" : `Party ${rank}`;
    const listening = { event: "listening", url: server.url, rank: rank ?? null };
    print(options.json, listening, `${who} listens on ${server.url}`);
    const spec = fromStdin ? await specFromStdin(name!, rank!, stopped) : known;
    const session = name === undefined ? undefined : await party.createSession(spec!);
    if (program === undefined) await aborted(stopped);
    else await runProgram(session!, program, options, stopped);
  } finally {
    await party.close();
    await server.close();
  }
}

async function runProgram(
  session: Session,
  { name: run, params: schema }: Program,
  { param, json }: ServeOptions,
  stopped: AbortSignal,
): Promise<void> {
  // None of them, for a program that takes some: it then tells which is missing.
  const params = param ?? (schema === undefined ? undefined : {});
  // One id for all programs, as with SESSION.
  const computation = session.compute({ id: "job", program: run, params });
  const cancel = () => computation.cancel(stopped.reason);
  stopped.addEventListener("abort", cancel, { once: true });
  if (stopped.aborted) cancel();
  const outputs = await computation.result.catch((error) => {
    if (schema === undefined || !(error instanceof PartyError)) throw error;
    if (error.code !== "INVALID_REQUEST") throw error;
    throw withAdvice(error, paramsAdvice(jsonSchemaOf(schema), param));
  });
  let [messages, bytes] = [0, 0];
  for (const peer of session.communicator.stats) {
    messages += peer.messagesSent;
    bytes += peer.bytesSent;
  }
  const event = { event: "result", program: run, outputs, sent: { messages, bytes } };
  const lines = [...showValues(outputs), `sent ${messages} messages, ${bytes} bytes`];
  print(json, event, lines.join("\n"));
}

async function endpointsOf({ endpoints, config }: ServeOptions): Promise<string[] | undefined> {
  if (endpoints !== undefined) return endpoints.split(",");
  if (config === undefined) return undefined;
  return (await readList(config)).parties.map(({ url }) => url);
}

/** The own key's place in the list is the rank. */
function rankOf({ rank, config }: ServeOptions, identity: Identity | undefined) {
  if (identity === undefined) return rank;
  const { key, config: { parties } } = identity;
  const own = parties.findIndex(({ publicKey }) => publicKey === key.publicKey);
  if (rank === undefined || rank === own) return own;
  throw new UsageError(
    `Cannot be rank ${rank}: the key is of ${key.id}, which is rank ${own} in ${config}; leave ` +
      `--rank out`,
  );
}

/** A gateway on this machine may ask for the party by the name that its endpoint has. */
function hostsOf(known: SessionSpec | undefined): string[] {
  return known === undefined ? [] : [new URL(known.endpoints[known.rank]!).hostname];
}

async function readFiles(files: Record<string, string> = {}): Promise<Record<string, unknown>> {
  const data: Record<string, unknown> = {};
  for (const [name, file] of Object.entries(files)) {
    const { readData } = await import("./data.ts"); // a party without data starts without it
    data[name] = await readData(file);
  }
  return data;
}

async function openStore(folder: string | undefined) {
  if (folder === undefined) return undefined;
  const { mkdir } = await import("node:fs/promises");
  const { directoryStore } = await import("../../lib/resources/store/directory.ts");
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return directoryStore(folder);
  } catch (cause) {
    throw new Error(
      `Cannot keep values in ${folder}: ${describeError(cause)}; name a folder that this process ` +
        `may write to`,
    );
  }
}

/** Tells of values that nobody may ever ask for again: those of sessions that are not created anew. */
async function tellKept(folder: string, log: Logger): Promise<void> {
  const { listKept } = await import("../../lib/resources/store/files.ts");
  const kept = await listKept(folder);
  if (kept.length === 0) return;
  log.info(
    "Values of earlier sessions are kept: a session has its own again when it is created with the " +
      "same name, rank and endpoints; remove the folders of those that will not be",
    { store: folder, sessions: kept.length },
  );
  for (const one of kept.slice(0, MAX_TOLD)) log.info("Kept", { ...one });
}

/** For a launcher that knows the parties' URLs only once all of them listen. */
async function specFromStdin(
  name: string,
  rank: number,
  stopped: AbortSignal,
): Promise<SessionSpec> {
  const line = await readLine(stopped);
  stopped.throwIfAborted();
  if (line === undefined) throw new UsageError("--endpoints=- found no line on standard input");
  return sessionSpec(name, rank, line.trim().split(","));
}

function portOf(endpoint: string | undefined): number | undefined {
  return endpoint === undefined ? undefined : Number(new URL(endpoint).port) || undefined;
}
