/**
 * A party of the soak, seen from the process that conducts it.
 *
 * @module
 */

import { type Runtime, ScriptProcess } from "../processes.ts";
import type { Commands, Memory } from "./party.ts";
import { Proxy } from "./proxy.ts";

type Args<Name extends keyof Commands> = Parameters<Commands[Name]>[0];
type Result<Name extends keyof Commands> = Awaited<ReturnType<Commands[Name]>>;

/** Every party's process that runs; ended with this one. */
const running = new Set<ScriptProcess>();

/** Ends all processes, whatever they do. */
export function killAll(): void {
  for (const script of running) script.kill("SIGKILL");
}

/** One rank: an address that stays, and the process behind it. */
export class Site {
  readonly runtime: Runtime;
  readonly proxy: Proxy = new Proxy();
  /** What its process took once it was warm. */
  warm: Memory | undefined;
  readonly #command: string[];
  readonly #waiting: Map<number, PromiseWithResolvers<never>> = new Map();
  #script!: ScriptProcess;
  #count = 0;

  /** @param runtime what it runs on @param command how that runs a script */
  constructor(runtime: Runtime, [program, ...options]: string[]) {
    this.runtime = runtime;
    this.#command = runtime === "node"
      ? [program!, "--expose-gc", ...options]
      : [program!, ...options, "--v8-flags=--expose-gc"];
  }

  /** Starts a process. @param seed of the faults of its network */
  async start(seed: number): Promise<void> {
    const script = new ScriptProcess(this.#command, "scripts/soak/party.ts", [String(seed)]);
    this.#script = script;
    this.warm = undefined;
    running.add(script);
    script.child.stdin!.on("error", () => {}); // it has ended, which the reading tells
    void this.#read(script);
    await this.proxy.leadTo(await this.call("url", undefined as never));
  }

  /** Kills it, as a crash would; what listens at its address is gone with it. */
  async kill(): Promise<void> {
    const script = this.#script;
    script.kill("SIGKILL");
    await Promise.all([script.exited, this.proxy.leadNowhere()]);
    running.delete(script);
  }

  /** What the process wrote that nobody asked for. */
  get complaints(): string {
    return this.#script.stderr.trim();
  }

  /** Runs a command there. @throws {Error} what went wrong there */
  call<Name extends keyof Commands>(name: Name, args?: Args<Name>): Promise<Result<Name>> {
    const id = ++this.#count;
    const waiting = withResolvers<Result<Name>>();
    this.#waiting.set(id, waiting as unknown as PromiseWithResolvers<never>);
    this.#script.write(JSON.stringify({ id, name, args: args ?? {} }));
    return waiting.promise;
  }

  async #read(script: ScriptProcess): Promise<void> {
    try {
      while (true) {
        const { id, value, error } = JSON.parse(await script.line());
        const waiting = this.#waiting.get(id);
        this.#waiting.delete(id);
        if (error === undefined) waiting?.resolve(value as never);
        else waiting?.reject(new Error(error));
      }
    } catch (error) {
      if (script !== this.#script) return;
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    }
  }
}

interface PromiseWithResolvers<T> {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: unknown) => void;
}

/** Node 20 has no `Promise.withResolvers`. */
function withResolvers<T>(): PromiseWithResolvers<T> {
  let [resolve, reject]: [(value: T) => void, (error: unknown) => void] = [() => {}, () => {}];
  const promise = new Promise<T>((onValue, onError) => [resolve, reject] = [onValue, onError]);
  promise.catch(() => {}); // whoever asked has it
  return { promise, resolve, reject };
}
