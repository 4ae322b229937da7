/**
 * The processes of the benchmark, seen from the one that conducts it.
 *
 * @module
 */

import { findRuntimes, OWN_RUNTIME, ScriptProcess, withGc } from "../processes.ts";
import { type Commands, commands } from "./commands.ts";

/** What a command takes. */
export type Args<Name extends keyof Commands> = Parameters<Commands[Name]>[0];
/** What a command gives. */
export type Result<Name extends keyof Commands> = Awaited<ReturnType<Commands[Name]>>;

/** A process that does what it is told. */
export interface Site {
  /** Runs a command there. @throws {Error} what went wrong there */
  call<Name extends keyof Commands>(name: Name, args: Args<Name>): Promise<Result<Name>>;
}

/** How this runtime runs a script. */
export const COMMAND: string[] = findRuntimes().get(OWN_RUNTIME)!;

/** This process. */
export const here: Site = {
  call: (name, args) => {
    const run = commands[name] as unknown as (given: typeof args) => Promise<Result<typeof name>>;
    return run(args);
  },
};

interface Waiting {
  resolve: (value: never) => void;
  reject: (error: Error) => void;
}

/** Another process of the same runtime. */
export class Peer implements Site {
  readonly #script: ScriptProcess;
  readonly #waiting = new Map<number, Waiting>();
  #count = 0;
  #ended: Error | undefined;

  /** Starts it. @param exposeGc whether it may collect its garbage when it is told to */
  constructor(exposeGc = false) {
    this.#script = new ScriptProcess(exposeGc ? withGc(COMMAND) : COMMAND, "scripts/bench/peer.ts");
    this.#script.child.stdin!.on("error", () => {}); // it has ended, which the reading tells
    void this.#read();
  }

  /** {@inheritDoc Site.call} */
  call<Name extends keyof Commands>(name: Name, args: Args<Name>): Promise<Result<Name>> {
    if (this.#ended) return Promise.reject(this.#ended);
    const id = ++this.#count;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#script.write(JSON.stringify({ id, name, args }));
    });
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#script.kill("SIGKILL");
    await this.#script.exited;
  }

  async #read(): Promise<void> {
    try {
      while (true) {
        const { id, value, error } = JSON.parse(await this.#script.line());
        const waiting = this.#waiting.get(id)!;
        this.#waiting.delete(id);
        if (error === undefined) waiting.resolve(value as never);
        else waiting.reject(new Error(error));
      }
    } catch (error) {
      this.#ended = error as Error;
      for (const { reject } of this.#waiting.values()) reject(this.#ended);
    }
  }
}
