/**
 * What each process of the benchmark does when it is told: the other one over its standard input,
 * this one by a call.
 *
 * @module
 */

import { startBareServer } from "./bare_server.ts";
import { startDelayProxy } from "./delay_proxy.ts";
import { memoryCommands } from "./memory_commands.ts";
import { communicatorOf, partyCommands, ranksHere } from "./parties.ts";
import { answer, exchange, gather } from "./rounds.ts";
import { startTcpEcho } from "./tcp_echo.ts";

let bareServer: Promise<string> | undefined;
let tcpEcho: Promise<number> | undefined;
/** Messages that are being received, by world. */
const expected = new Map<string, Promise<unknown>>();

const PATIENCE = { timeoutMs: 600_000 };

/** By name; arguments and results are plain JSON. */
export const commands = {
  ...partyCommands,
  ...memoryCommands,

  /** @returns the URL of this process's bare server */
  bareServer(_: object): Promise<string> {
    return bareServer ??= startBareServer();
  },

  /** @returns the port of this process's TCP echo */
  tcpEcho(_: object): Promise<number> {
    return tcpEcho ??= startTcpEcho();
  },

  /** @returns the ports that lead to these, with a delay */
  delay({ ports, delayMs }: { ports: number[]; delayMs: number }): Promise<number[]> {
    return Promise.all(ports.map((port) => startDelayProxy(port, delayMs)));
  },

  /** Receives from rank 0 under one key, until the session ends. */
  async drain({ world, key }: { world: string; key: string }): Promise<void> {
    const communicator = communicatorOf(world, 1);
    void (async () => {
      while (true) await communicator.recv(0, key, PATIENCE);
    })().catch(() => {});
    await Promise.resolve();
  },

  /** Answers the pings of rank 0, until the session ends. */
  async answer({ world }: { world: string }): Promise<void> {
    answer(communicatorOf(world, 1)).catch(() => {});
    await Promise.resolve();
  },

  /** Begins to receive messages from rank 0, under numbered keys. */
  async expect(
    { world, key, first, count }: { world: string; key: string; first: number; count: number },
  ): Promise<void> {
    const communicator = communicatorOf(world, 1);
    const received = Promise.all(
      Array.from(
        { length: count },
        (_, at) => communicator.recv(0, `${key}-${first + at}`, PATIENCE).then(() => {}),
      ),
    );
    received.catch(() => {}); // for whoever asks
    expected.set(world, received);
    await Promise.resolve();
  },

  /** Resolves once all of them are there. */
  async received({ world }: { world: string }): Promise<void> {
    await expected.get(world);
  },

  /** Takes part in rounds, as all ranks that are here. */
  async exchange({ world, count }: { world: string; count: number }): Promise<number> {
    const all = ranksHere(world).map((rank) => exchange(communicatorOf(world, rank), count));
    return (await Promise.all(all))[0]!;
  },

  /** Takes part in collectives, as all ranks that are here. */
  async gather(
    { world, count, bytes }: { world: string; count: number; bytes: number },
  ): Promise<number> {
    const all = ranksHere(world).map((rank) => gather(communicatorOf(world, rank), count, bytes));
    return (await Promise.all(all))[0]!;
  },
};

/** All of them. */
export type Commands = typeof commands;
