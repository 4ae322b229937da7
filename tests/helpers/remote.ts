/**
 * Parties in processes of their own, as tests see them.
 *
 * @module
 */

import process from "node:process";
import {
  findRuntimes,
  OWN_RUNTIME,
  type Runtime,
  ScriptProcess,
  withGc,
} from "../../scripts/processes.ts";
import type { PartyOptions } from "../../mod.ts";
import type { Commands } from "./remote_commands.ts";
import { later } from "./waiting.ts";

const runtimes = findRuntimes();

/** What a command rejected with, in another process. */
export class RemoteError extends Error {
  override name = "RemoteError";
  readonly code?: string;
  readonly rank?: number;
  readonly key?: string;
  readonly peerCode?: string;
  readonly reason?: string;
  /** When it did, as `Date.now()` has it. */
  readonly at: number;

  constructor(fields: { message: string }, at: number) {
    super(fields.message);
    Object.assign(this, fields);
    this.at = at;
  }
}

type Result<Name extends keyof Commands> = Awaited<ReturnType<Commands[Name]>>;
type Arguments<Name extends keyof Commands> = Parameters<Commands[Name]>;
interface Call {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** One party in a process of its own. */
export class Remote {
  /** Where it listens, once it does. */
  url = "";
  /** The session that commands mean. */
  session = "";
  readonly process: ScriptProcess;
  readonly #calls: Map<number, Call> = new Map();
  #count = 0;

  /** Starts the process; its party is still to be started. */
  constructor(runtime: Runtime = OWN_RUNTIME) {
    const command = withGc(runtimes.get(runtime)!); // for who asks about its memory
    this.process = new ScriptProcess(command, "tests/helpers/remote_party.ts");
    this.process.child.stdin!.on("error", () => {}); // it may have been killed
    void this.#listen();
  }

  /** @returns what a command comes to; it need not be awaited */
  ask<Name extends keyof Commands>(name: Name, ...args: Arguments<Name>): Promise<Result<Name>> {
    const id = this.#count++;
    const outcome = new Promise<unknown>((resolve, reject) =>
      this.#calls.set(id, { resolve, reject })
    );
    this.process.write(JSON.stringify({ id, name, args: { session: this.session, ...args[0] } }));
    return later(outcome)[0] as Promise<Result<Name>>;
  }

  /** Makes the party, and has it listen. */
  async start(options: Arguments<"start">[0] = {}): Promise<void> {
    this.url = await this.ask("start", options);
  }

  /** Sends the process a signal. */
  signal(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
    const { child } = this.process;
    if (child.exitCode === null && child.signalCode === null) process.kill(child.pid!, signal);
  }

  /** Ends the process for good. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.process.exited;
  }

  /** Says that nothing more will be asked. @returns the exit code, once all in it has ended */
  async end(): Promise<number | null> {
    this.process.child.stdin!.end();
    return await this.process.exited;
  }

  async #listen(): Promise<void> {
    try {
      for (;;) {
        const { id, at, value, error } = JSON.parse(await this.process.line());
        const call = this.#calls.get(id)!;
        this.#calls.delete(id);
        if (error === undefined) call.resolve(value);
        else call.reject(new RemoteError(error, at));
      }
    } catch (error) {
      for (const call of this.#calls.values()) call.reject(error as Error);
    }
  }
}

/** The endpoints as one rank sees them, made of the parties' own. */
export type Route = (endpoints: string[], rank: number) => string[];

/**
 * @param size how many
 * @param options of each party
 * @param version of their programs, instead of their own
 * @returns parties that listen, and have no session
 */
export async function startRemotes(
  size: number,
  options: PartyOptions = {},
  version?: string,
): Promise<Remote[]> {
  const remotes = Array.from({ length: size }, () => new Remote());
  const programs = version === undefined ? {} : { version };
  await Promise.all(remotes.map((remote) => remote.start({ options, ...programs })));
  return remotes;
}

/** Creates a session at each of the parties, which is meant from then on. */
export async function createSession(
  remotes: Remote[],
  name: string,
  route: Route = (endpoints) => endpoints,
): Promise<void> {
  const endpoints = remotes.map(({ url }) => url);
  await Promise.all(remotes.map((remote, rank) => {
    remote.session = name;
    return remote.ask("create", { rank, endpoints: route(endpoints, rank) });
  }));
}

/**
 * Runs a test with parties in processes of their own, all in a session, and ends them.
 *
 * @param size how many
 * @param body the test
 * @param options of each party
 */
export async function withRemotes(
  size: number,
  body: (...remotes: Remote[]) => Promise<void>,
  options: PartyOptions = {},
  route?: Route,
): Promise<void> {
  const remotes = await startRemotes(size, options);
  try {
    await createSession(remotes, "s", route);
    await body(...remotes);
  } finally {
    await Promise.all(remotes.map((remote) => remote.kill()));
  }
}

/** Exchanges a message each way, so that all links between the parties are open. */
export async function talk(...remotes: Remote[]): Promise<void> {
  const pairs = remotes.flatMap((one, from) =>
    remotes.map((other, to) => ({ one, from, other, to }))
  )
    .filter(({ from, to }) => from !== to);
  await Promise.all(pairs.flatMap(({ one, from, other, to }) => [
    one.ask("send", { to, key: "first", value: "hello" }),
    other.ask("recv", { from, key: "first" }),
  ]));
}

/**
 * @param promise what a command comes to
 * @param code the code that its error has to have; undefined for a program's own error
 * @returns that error
 */
export async function remoteError(
  promise: Promise<unknown>,
  code: string | undefined,
): Promise<RemoteError> {
  const error = await promise.then(
    (value) => new Error(`resolved with ${JSON.stringify(value)}, and did not reject`),
    (error) => error,
  );
  if (error instanceof RemoteError && error.code === code) return error;
  throw new Error(`is no ${code}: ${error.code} ${error.message}`, { cause: error });
}
