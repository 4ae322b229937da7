/**
 * Another process of the benchmark. Each line of its input is a command, `{id, name, args}`; each
 * line of its output is what came of one, `{id, value}` or `{id, error}`.
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { describeError } from "../../lib/errors.ts";
import { commands } from "./commands.ts";

async function obey(line: string): Promise<void> {
  const { id, name, args } = JSON.parse(line);
  let answer: object;
  try {
    const run = commands[name as keyof typeof commands] as (args: object) => Promise<unknown>;
    answer = { id, value: await run(args) };
  } catch (error) {
    answer = { id, error: `${name}: ${describeError(error)}` };
  }
  console.log(JSON.stringify(answer));
}

for await (const line of createInterface({ input: process.stdin })) void obey(line);
process.exit(); // nobody is left to ask: what is open here would go on for ever
