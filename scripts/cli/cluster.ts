/**
 * What `partyline up` does: starts the parties, relays what they say, and ends them together.
 *
 * @module
 */

import { readFile, writeFile } from "node:fs/promises";
import process from "node:process";
import { describeError } from "../../lib/errors.ts";
import { DEFAULT_CONFIG } from "./fleet_options.ts";
import { aborted, type Host } from "./host.ts";
import { COLOURS, hasColours, paint, print } from "./print.ts";
import { PartyProcess } from "./party_process.ts";
import { printable } from "./printable.ts";
import type { RankFile } from "./values.ts";

/** What the command may be told. */
export interface UpOptions {
  parties: number;
  port: number;
  program?: string[];
  data?: RankFile[];
  writeConfig?: string;
  log: "pretty" | "json" | "none";
  json?: boolean;
}

/** The colours of the labels, in turns. */
const LABELS = [COLOURS.cyan, COLOURS.magenta, COLOURS.green, COLOURS.yellow, COLOURS.blue];

/**
 * @param options what the command line says
 * @param extra further options of each party
 * @param host the process
 * @throws {Error} when a party ends by itself, or the list of them cannot be written
 */
export async function runCluster(
  options: UpOptions,
  extra: readonly string[],
  { stopped }: Host,
): Promise<void> {
  const { json } = options;
  const parties = Array.from(
    { length: options.parties },
    (_, rank) =>
      new PartyProcess(argsOf(options, extra, rank), (text, stream) => {
        if (json) return print(true, { event: "output", rank, stream, ...recordOf(text) }, "");
        const label = paint(`[${rank}]`, LABELS[rank % LABELS.length]!, hasColours());
        if (!isTold(text)) console.log(`${label} ${printable(text.replaceAll("\t", "    "))}`);
      }),
  );
  const died = Promise.race(parties.map(async (party, rank) => ({ rank, end: await party.ended })));
  try {
    const up = Promise.all(parties.map((party) => party.listening));
    const urls = await Promise.race([up, died, aborted(stopped)]);
    if (Array.isArray(urls)) {
      const listed = urls.map((url, rank) => ({ id: `party-${rank}`, url }));
      const config = await writeConfig(options.writeConfig, listed);
      const lines = listed.map(({ url }, rank) => `Party ${rank} listens on ${url}`);
      const then = config === DEFAULT_CONFIG ? "" : ` --config ${config}`;
      lines.push(`Listed in ${config}; try: partyline run hello${then}. Ctrl-C ends all`);
      const pids = parties.map(({ pid }) => pid);
      print(json, { event: "up", parties: listed, config, pids }, lines.join("\n"));
    }
    const first = await Promise.race([died, aborted(stopped)]);
    if (first === undefined || stopped.aborted) return;
    if (json) print(true, { event: "ended", rank: first.rank, ...first.end }, "");
    const how = first.end.signal ?? `exit code ${first.end.code}`;
    throw new Error(
      `Party ${first.rank} ended with ${how}; the other parties were ended too: see its last lines`,
    );
  } finally {
    for (const party of parties) party.stop();
    await Promise.all(parties.map((party) => party.ended));
  }
}

function argsOf(
  { port, program = [], data = [], log, json }: UpOptions,
  extra: readonly string[],
  rank: number,
): string[] {
  return [
    `--rank=${rank}`,
    `--port=${port === 0 ? 0 : port + rank}`,
    "--json",
    `--log=${json && log === "pretty" ? "json" : log}`,
    ...program.map((file) => `--program=${file}`),
    ...data.filter((given) => given.rank === rank)
      .map(({ name, file }) => `--data=${name}=${file}`),
    ...extra,
  ];
}

/** A line that is a record of the log stays one; any other is text. */
function recordOf(text: string): object {
  try {
    const record: unknown = JSON.parse(text);
    if (typeof record === "object" && record !== null) return { record };
  } catch {
    // It is text.
  }
  return { text };
}

/** Of its failure a party prints a line for machines besides the one for people. */
function isTold(text: string): boolean {
  return text.startsWith('{"event":"error",');
}

/** Writes the list of the parties, but not over one that someone may still need. */
async function writeConfig(path: string | undefined, parties: object[]): Promise<string> {
  const text = `${JSON.stringify({ parties }, null, 2)}\n`;
  const file = path ?? DEFAULT_CONFIG;
  const existing = path === undefined ? await readFile(file, "utf8").catch(() => text) : text;
  if (existing !== text) {
    throw new Error(
      `Cannot write ${file}: there is one that lists other parties; write this one elsewhere with ` +
        `--write-config FILE, or over it with --write-config ${file}`,
    );
  }
  try {
    await writeFile(file, text);
  } catch (cause) {
    throw new Error(
      `Cannot write ${file} in ${process.cwd()}: ${describeError(cause)}; name another file by ` +
        `--write-config`,
    );
  }
  return file;
}
