import { test } from "uvu";
import * as assert from "uvu/assert";
import { Driver, DriverError } from "../mod.ts";
import { findRuntimes, OWN_RUNTIME, ScriptProcess } from "../scripts/processes.ts";
import { moment, partyError, until } from "./helpers/waiting.ts";

/** Runs a test with parties in processes of their own, and ends them. */
async function withProcesses(
  size: number,
  body: (driver: Driver, processes: ScriptProcess[]) => Promise<void>,
): Promise<void> {
  const command = findRuntimes().get(OWN_RUNTIME)!;
  const start = (...args: string[]) =>
    new ScriptProcess(command, "tests/helpers/driven_party.ts", args);
  const processes = Array.from({ length: size }, () => start());
  try {
    for (const one of processes) one.url = await one.line();
    await body(new Driver(processes.map(({ url }) => url)), processes);
  } finally {
    for (const one of processes) one.kill("SIGKILL");
    await Promise.all(processes.map(({ exited }) => exited));
  }
}

/** In `idle` no party misses the one that is gone, so that only the driver does. */
for (const [program, params] of [["idle", undefined], ["waits", 2]] as const) {
  test(`a party that is killed while ${program} runs is named, and the rest cancelled`, async () => {
    await withProcesses(3, async (driver, processes) => {
      const session = await driver.session("s");
      const running = new Set<number>();
      const run = session.run(program, {
        params,
        onProgress: ({ rank, state }) => void (state === "running" && running.add(rank)),
      });
      run.catch(() => {});
      await until(() => running.size === 3, "all run");
      await moment(300);
      const killedAt = performance.now();
      processes[2]!.kill("SIGKILL");
      const error = await partyError<DriverError>(run, "PEER_UNREACHABLE");
      const ms = performance.now() - killedAt;
      assert.ok(ms < 4_000, `told after ${ms} ms`);
      assert.ok(error instanceof DriverError);
      assert.equal([error.rank, error.url], [2, driver.endpoints[2]]);
      assert.match(error.message, driver.endpoints[2]!);
      const states = (await driver.status()).map(({ status }) => status?.computations);
      assert.equal([states[0]!.running, states[1]!.running, states[2]], [0, 0, undefined]);
      const closing = await partyError<DriverError>(session.close(), "NETWORK");
      assert.is(closing.rank, 2);
    });
  });
}

test("a party that is killed before a run starts is named", async () => {
  await withProcesses(2, async (driver, processes) => {
    const session = await driver.session("s");
    processes[0]!.kill("SIGKILL");
    await processes[0]!.exited;
    const error = await partyError<DriverError>(session.run("echo"), "PEER_UNREACHABLE");
    assert.is(error.rank, 0);
  });
});

test.run();
