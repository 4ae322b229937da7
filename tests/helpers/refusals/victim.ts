/**
 * The party that is attacked: one with keys and operators, run by the command line in a process of
 * its own, and what its operators ask of it.
 *
 * @module
 */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as assert from "uvu/assert";
import { signRequests } from "../../../lib/client/sign.ts";
import { type Config, type Operator, parseConfig } from "../../../lib/security/config.ts";
import { type OwnKey, parseKeyFile, writeKeyFile } from "../../../lib/security/keys/key_file.ts";
import {
  decodeKey,
  generateKey,
  importPrivateKey,
  type KeyText,
} from "../../../lib/security/keys/keys.ts";
import type { Identity } from "../../../lib/security/sealing/covers.ts";
import { findRuntimes, OWN_RUNTIME, ScriptProcess, withGc } from "../../../scripts/processes.ts";
import { startTcpProxy, type TcpProxy } from "../tcp_proxy.ts";

/** The parties, by rank; the second one is attacked. */
export const PARTIES = ["alice", "bob", "carol"] as const;
/** The rank of the party that is attacked. */
export const BOB = 1;

const ALLOWED: Record<string, Operator["allow"]> = {
  reader: ["read"],
  runner: ["read", "run"],
};

/** What came back, read to its end. */
export interface Answer {
  status: number;
  headers: Headers;
  bytes: Uint8Array;
  text: string;
}

/** How an operator signs. */
export interface Signer {
  /** Who signs. @default {"runner"} */
  as?: string;
  /** How far ahead the operator's clock is, in seconds. @default {0} */
  clock?: number;
}

/** How the party is run. */
export interface VictimOptions {
  /** The URL of each other party. */
  alice: string;
  carol: string;
  /** Options of the command besides those for its keys. */
  args?: string[];
  /** Makes the requests of operators, over TLS. */
  tlsFetch?: typeof fetch | undefined;
}

/** Makes a request. @returns the answer, read */
export async function exchange(request: Request, via: typeof fetch = fetch): Promise<Answer> {
  const response = await via(request);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const { status, headers } = response;
  return { status, headers, bytes, text: new TextDecoder().decode(bytes) };
}

/** The party that is attacked. */
export class Victim {
  /** Where others know it; it stays over a restart. */
  readonly url: string;
  /** Who each party is. */
  readonly identities: readonly Identity[];
  /** The keys of operators, as their files have them. */
  readonly operators: ReadonlyMap<string, KeyText>;
  /** The files that it is started with. */
  readonly folder: string;
  readonly #fetch: typeof fetch;
  readonly #args: string[];
  readonly #way: TcpProxy;
  #process!: ScriptProcess;
  /** Where it listens. */
  #direct = "";

  private constructor(
    made: Pick<Victim, "url" | "identities" | "operators" | "folder">,
    way: (direct: () => string) => TcpProxy,
    { args = [], tlsFetch = fetch }: VictimOptions,
  ) {
    this.url = made.url;
    this.identities = made.identities;
    this.operators = made.operators;
    this.folder = made.folder;
    this.#way = way(() => this.#direct);
    this.#args = args;
    this.#fetch = tlsFetch;
  }

  /** Makes everyone's keys, and starts the party. */
  static async start(options: VictimOptions): Promise<Victim> {
    let direct = () => "";
    const way = await startTcpProxy(() => direct());
    const url = options.tlsFetch === undefined ? way.url : way.url.replace("http:", "https:");
    const folder = await mkdtemp(`${tmpdir()}/partyline-refusals-`);
    const operators = new Map<string, KeyText>();
    for (const id of Object.keys(ALLOWED)) operators.set(id, await generateKey("operator"));
    const files = await Promise.all(
      PARTIES.map(async (id) => writeKeyFile(id, "party", await generateKey("party"))),
    );
    const keys = await Promise.all(files.map((text, at) => parseKeyFile(text, "party", `${at}`)));
    const list = listText(keys, [options.alice, url, options.carol], operators);
    const config = await parseConfig(list, "parties.json");
    await writeFile(`${folder}/parties.json`, list);
    await writeFile(`${folder}/bob.key.json`, files[BOB]!, { mode: 0o600 });
    const identities = keys.map((key) => ({ key, config }));
    const victim = new Victim({ url, identities, operators, folder }, (where) => {
      direct = where;
      return way;
    }, options);
    await victim.#begin();
    return victim;
  }

  /** The list that all parties have. */
  get config(): Config {
    return this.identities[0]!.config;
  }

  /** The port that it listens on itself, with nothing before it. */
  get port(): number {
    return Number(new URL(this.#direct).port);
  }

  /** What it has told in its log. */
  get log(): string {
    return this.#process.stderr;
  }

  /** Signs a request as an operator. */
  async sign(request: Request, { as = "runner", clock = 0 }: Signer = {}): Promise<Request> {
    const key = decodeKey(this.operators.get(as)!.privateKey)!;
    const privateKey = await importPrivateKey("operator", key);
    const now = () => Date.now() + clock * 1_000;
    return await signRequests({ id: as, privateKey }, { now })(request);
  }

  /** A request that nobody signed. */
  request(method: string, path: string, body?: unknown): Request {
    const json = { headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    return new Request(`${this.url}${path}`, { method, ...body === undefined ? {} : json });
  }

  /** Makes a request. */
  send(request: Request): Promise<Answer> {
    return exchange(request, this.#fetch);
  }

  /** Makes a request that an operator signed. */
  async ask(method: string, path: string, body?: unknown, signer?: Signer): Promise<Answer> {
    return await this.send(await this.sign(this.request(method, path, body), signer));
  }

  /** Creates a session there, of all three. */
  async createSession(name: string): Promise<Answer> {
    const endpoints = this.config.parties.map(({ url }) => url);
    return await this.ask("POST", "/sessions", { name, rank: BOB, endpoints });
  }

  /** Fails unless its process goes on, and answers. */
  async assertAlive(): Promise<void> {
    const { exitCode, signalCode } = this.#process.child;
    assert.equal([exitCode, signalCode], [null, null], this.log);
    const { status, text } = await this.send(this.request("GET", "/health"));
    assert.equal([status, text], [200, '{"status":"ok"}']);
  }

  /** Kills it, and starts it again, where it was. */
  async restart(): Promise<void> {
    await this.#kill();
    await this.#begin();
  }

  /** Ends it for good. */
  async close(): Promise<void> {
    await this.#kill();
    await this.#way.close();
    await rm(this.folder, { recursive: true });
  }

  async #begin(): Promise<void> {
    const { folder } = this;
    const files = [`--config=${folder}/parties.json`, `--key=${folder}/bob.key.json`];
    const command = withGc(findRuntimes().get(OWN_RUNTIME)!); // for who asks about its memory
    const program = "--program=tests/helpers/refusals/held_memory.ts";
    this.#process = new ScriptProcess(
      command,
      "scripts/party.ts",
      ["serve", "--port=0", "--json", "--log=json", program, ...files, ...this.#args],
    );
    const { url } = JSON.parse(await this.#process.line());
    this.#direct = url.replace("0.0.0.0", "127.0.0.1");
  }

  async #kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }
}

function listText(
  keys: readonly OwnKey[],
  urls: readonly string[],
  operators: ReadonlyMap<string, KeyText>,
): string {
  return JSON.stringify({
    parties: keys.map(({ id, publicKey }, at) => ({ id, url: urls[at], public_key: publicKey })),
    operators: [...operators].map(([id, { publicKey }]) => ({
      id,
      public_key: publicKey,
      allow: ALLOWED[id],
    })),
  });
}
