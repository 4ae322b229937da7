/**
 * A party in a process of its own, which does as a test tells it. Each line of its input is a
 * command, `{id, name, args}`; each line of its output is what came of one, and when:
 * `{id, at, value}` or `{id, at, error}`. It ends when its input does, unless something of its own
 * goes on.
 *
 * @module
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { commands } from "./remote_commands.ts";

async function obey(line: string): Promise<void> {
  const { id, name, args } = JSON.parse(line);
  let outcome: object;
  try {
    const run = commands[name as keyof typeof commands] as (args: object) => Promise<unknown>;
    outcome = { value: await run(args) };
  } catch (error) {
    const { code, message, rank, key, peerCode, reason } = error as Record<string, unknown>;
    outcome = { error: { code, message, rank, key, peerCode, reason } };
  }
  console.log(JSON.stringify({ id, at: Date.now(), ...outcome }));
}

for await (const line of createInterface({ input: process.stdin })) void obey(line);
