/**
 * Parties with keys as operators start them: key files, one list, and a process each.
 *
 * @module
 */

import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { type AddressInfo, connect, createServer } from "node:net";
import * as assert from "uvu/assert";
import type { ScriptProcess } from "../../scripts/processes.ts";
import { startPartyline } from "./cluster.ts";
import type { CommandResult } from "./command.ts";
import { partyline } from "./command_line.ts";

/** What a command prints of a key. */
export type KeyLine = Record<string, unknown> & { id: string };

/** Who is in a list. */
export interface KeyList {
  parties: KeyLine[];
  operators: KeyLine[];
}

/** @returns URLs of ports that were free just now @param count how many */
export async function freeUrls(count: number, scheme = "http"): Promise<string[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports.map((port) => `${scheme}://127.0.0.1:${port}`);
}

/** Makes a key, in a file of its id. @returns the line for the list */
export async function keygen(folder: string, id: string, ...args: string[]): Promise<KeyLine> {
  const out = `--out=${folder}/${id}.key.json`;
  const { code, stdout, stderr } = await partyline("keygen", `--id=${id}`, out, "--json", ...args);
  assert.is(code, 0, stderr);
  return JSON.parse(stdout);
}

/** Makes keys of parties a, b and so on, of alice, who may run, and of eve, who may read. */
export async function makeList(folder: string, urls: readonly string[]): Promise<KeyList> {
  const parties = await Promise.all(
    urls.map((url, rank) => keygen(folder, "abc"[rank]!, `--url=${url}`)),
  );
  const alice = await keygen(folder, "alice", "--kind=operator");
  const eve = await keygen(folder, "eve", "--kind=operator");
  return { parties, operators: [alice, { ...eve, allow: ["read"] }] };
}

/** Writes a list. @returns its path */
export async function writeList(folder: string, name: string, list: object): Promise<string> {
  await writeFile(`${folder}/${name}`, JSON.stringify(list));
  return `${folder}/${name}`;
}

/** Starts parties with their keys; each takes its rank and its port from the list. */
export async function startKeyed(
  folder: string,
  list: KeyList,
  args: (rank: number) => string[] = () => [],
): Promise<ScriptProcess[]> {
  const config = `${folder}/parties.json`;
  const started = list.parties.map(({ id }, rank) =>
    startPartyline(
      ...["serve", `--config=${config}`, `--key=${folder}/${id}.key.json`, "--json", "--log=none"],
      ...args(rank), // one of these may be another list
    )
  );
  await Promise.all(started.map(async (party, rank) => {
    const event = JSON.parse(await party.line());
    party.url = event.url;
    assert.equal(event, { event: "listening", url: list.parties[rank]!["url"], rank });
  }));
  return started;
}

/** Ends parties, and fails unless each ended well and said nothing. */
export async function endAll(parties: readonly ScriptProcess[]): Promise<void> {
  for (const party of parties) party.kill("SIGTERM");
  for (const party of parties) assert.equal([await party.exited, party.stderr], [0, ""]);
}

/** Fails unless a command printed nothing but one line that says why. @returns that line */
export function refused({ code, stdout, stderr }: CommandResult, expected: 1 | 2): string {
  assert.equal([code, stdout], [expected, ""], stderr);
  assert.match(stderr, /^partyline: [^\n]+\n$/);
  return stderr;
}

/** @returns whether anyone takes connections there */
export async function listensAt(port: number): Promise<boolean> {
  const socket = connect({ host: "127.0.0.1", port });
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
