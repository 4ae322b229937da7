/**
 * Measures this project and, in the same run, bare `fetch` POSTs to a bare server behind the same
 * adapter. Prints a table; `--json FILE` writes the figures. Ratios are what to compare: machines
 * differ, and are noisy.
 *
 * @module
 */

import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { createParty, serve } from "../mod.ts";
import { encodePayload } from "../lib/wire/message.ts";
import { findRuntimes, OWN_RUNTIME, ScriptProcess } from "./processes.ts";

const REPETITIONS = 7;
const SENDS = 2_000;
const MESSAGES = 2_000;
const STARTS = 7;

/** A figure of this project beside that of the bare one. */
interface Row {
  figure: string;
  unit: string;
  partyline: number;
  bare: number;
  ratio: number;
}

const { values: options } = parseArgs({ options: { json: { type: "string" } } });
const command = findRuntimes().get(OWN_RUNTIME)!;

const peer = new ScriptProcess(command, "scripts/bench/peer.ts");
const urls = JSON.parse(await peer.line());
const party = createParty();
const server = await serve(party, { port: 0 });
const endpoints = [server.url, urls.party];
peer.write(endpoints.join(","));
const session = await party.createSession({ name: "bench", rank: 0, endpoints });
const { communicator } = session;

const value = "x".repeat(62); // 64 bytes of JSON
const { boot } = communicator;
const { data } = encodePayload(value);
const body = JSON.stringify({ from_rank: 0, to_rank: 1, key: "latency", data, boot, seq: 1_000 });

const rows = [await latency(), await rate(), await start()];
peer.kill("SIGKILL");
await party.close();
await server.close();

console.log(`on ${OWN_RUNTIME}, medians of ${REPETITIONS} repetitions, two processes\n`);
console.table(
  Object.fromEntries(rows.map(({ figure, unit, partyline, bare, ratio }) => [
    `${figure} (${unit})`,
    { partyline: round(partyline), bare: round(bare), ratio: round(ratio) },
  ])),
);
if (options.json !== undefined) {
  await writeFile(options.json, JSON.stringify({ runtime: OWN_RUNTIME, rows }, null, 2) + "\n");
}

async function barePost(): Promise<void> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(urls.bare, { method: "POST", headers, body });
  await response.text();
}

/** One message of 64 bytes after another, each until it is acknowledged. */
async function latency(): Promise<Row> {
  const send = () => communicator.send(1, "latency", value);
  const [partyline, bare] = await alternately(
    () => medianTime(SENDS, send),
    () => medianTime(SENDS, barePost),
  );
  return row("send, 64 B, p50", "ms", partyline, bare);
}

/** Many messages of 64 bytes, all awaited at the end, beside as many POSTs one after another. */
async function rate(): Promise<Row> {
  let sent = 0;
  const [partyline, bare] = await alternately(
    () =>
      perSecond(async () => {
        const sends = Array.from(
          { length: MESSAGES },
          () => communicator.send(1, `rate-${sent++}`, value),
        );
        await Promise.all(sends);
      }),
    () =>
      perSecond(async () => {
        for (let count = 0; count < MESSAGES; count++) await barePost();
      }),
  );
  return row("message rate, 64 B", "1/s", partyline, bare);
}

/** From the start of a process until it says that it listens. */
async function start(): Promise<Row> {
  const startOf = async (script: string, args: string[]) => {
    const begin = performance.now();
    const started = new ScriptProcess(command, script, args);
    await started.line();
    const elapsed = performance.now() - begin;
    started.kill("SIGKILL");
    await started.exited;
    return elapsed;
  };
  const [partyline, bare] = await alternately(
    () => startOf("scripts/party.ts", ["--port=0"]),
    () => startOf("scripts/bench/bare_main.ts", []),
    STARTS,
  );
  return row("start until it listens", "ms", partyline, bare);
}

function row(figure: string, unit: string, partyline: number, bare: number): Row {
  return { figure, unit, partyline, bare, ratio: partyline / bare };
}

/** Medians of both, measured in turns, so that both meet the same noise; the first turn warms up. */
async function alternately(
  one: () => Promise<number>,
  other: () => Promise<number>,
  repetitions = REPETITIONS,
): Promise<[number, number]> {
  const [ones, others]: [number[], number[]] = [[], []];
  for (let count = 0; count <= repetitions; count++) {
    ones.push(await one());
    others.push(await other());
  }
  return [median(ones.slice(1)), median(others.slice(1))];
}

async function medianTime(count: number, run: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let at = 0; at < count; at++) {
    const begin = performance.now();
    await run();
    times.push(performance.now() - begin);
  }
  return median(times);
}

async function perSecond(run: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  await run();
  return MESSAGES / ((performance.now() - begin) / 1_000);
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}
