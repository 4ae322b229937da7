import { test } from "uvu";
import * as assert from "uvu/assert";
import { findRuntimes, type Runtime, ScriptProcess, startParties } from "../scripts/processes.ts";

const WORLDS: Runtime[][] = [
  ["node", "node"],
  ["deno", "deno"],
  ["node", "deno"],
  ["deno", "node"],
  ["node", "deno", "node", "deno"],
];

const runtimes = findRuntimes();

for (const world of WORLDS) {
  const commands = world.map((runtime) => runtimes.get(runtime));
  const here = commands.every((command) => command !== undefined) ? test : test.skip;

  here(`${world.join(" and ")}: every operation between processes`, async () => {
    const members = commands.map((command, rank) =>
      new ScriptProcess(command!, "tests/helpers/member.ts", [String(rank)])
    );
    const endpoints = await Promise.all(members.map((member) => member.line()));
    // The last one learns of the others late, so that messages reach it before its session exists.
    for (const member of members.slice(0, -1)) member.write(endpoints.join(","));
    await new Promise((resolve) => setTimeout(resolve, 200));
    members.at(-1)!.write(endpoints.join(","));
    for (const member of members) assert.is(await member.line(), "done");
    for (const member of members) assert.is(await member.exited, 0, member.stderr);
  });

  here(`${world.join(" and ")}: the program hello between processes`, async () => {
    const parties = await startParties(commands as string[][], () => ["--run=hello"]);
    const results = await Promise.all(parties.map(async (party) => JSON.parse(await party.line())));
    assert.equal(results[0].outputs.greeting.received, { message: "Hello Party 0" });
    assert.equal(results[1].outputs.greeting.received, { message: "Hello Party 1" });
    for (const party of parties) assert.is(await party.exited, 0, party.stderr);
  });
}

test.run();
