/**
 * The process on Deno.
 *
 * @module
 */

import { type Host, STOP_SIGNALS } from "./host.ts";

/** What is used of Deno, so that this file has types on Node too. */
interface DenoProcess {
  args: string[];
  stdin: { readable: ReadableStream<Uint8Array<ArrayBuffer>> };
  exitCode: number;
  exit(code: number): void;
  readTextFile(path: string): Promise<string>;
  addSignalListener(signal: string, listener: () => void): void;
  removeSignalListener(signal: string, listener: () => void): void;
}

const { Deno } = globalThis as unknown as { Deno: DenoProcess };

/** {@inheritDoc Host} */
export const host: Host = {
  args: Deno.args,
  onStop: (callback) => {
    const listeners = STOP_SIGNALS.map((signal) => ({ signal, listener: () => callback(signal) }));
    for (const { signal, listener } of listeners) Deno.addSignalListener(signal, listener);
    return () => {
      for (const { signal, listener } of listeners) Deno.removeSignalListener(signal, listener);
    };
  },
  readLine: async (signal) => {
    const reader = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).getReader();
    const cancel = () => void reader.cancel();
    signal.addEventListener("abort", cancel, { once: true });
    let text = "";
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      text += next.value;
      if (text.includes("\n")) break;
    }
    signal.removeEventListener("abort", cancel);
    await reader.cancel();
    return text === "" ? undefined : text.split("\n")[0];
  },
  readText: (path) => Deno.readTextFile(path),
  setExitCode: (code) => {
    Deno.exitCode = code;
  },
  exit: (code) => Deno.exit(code),
};
