/**
 * A party's process that is killed, and started again: symbols that it said it has are back.
 */

import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { decodeCbor, encodeCbor } from "../lib/wire/cbor.ts";
import { findRuntimes, OWN_RUNTIME, ScriptProcess } from "../scripts/processes.ts";
import { isPattern, patternBytes } from "./helpers/pattern.ts";
import { dataOf, post, request } from "./helpers/served.ts";

const SPEC = { name: "demo", rank: 0, endpoints: ["http://127.0.0.1:2"] };
const command = findRuntimes().get(OWN_RUNTIME)!;

/** Starts a party, which leaves the directory alone until it has a session. */
function start(directory: string): ScriptProcess {
  return new ScriptProcess(command, "tests/helpers/stored_party.ts", [directory]);
}

/** Runs a party until the body is through, then kills it. @returns what the body does */
async function whileServed<T>(
  process: ScriptProcess,
  body: (url: string, kill: () => void) => Promise<T>,
): Promise<T> {
  try {
    const url = await process.line();
    const created = await post(`${url}/sessions`, SPEC);
    assert.is(created.status, 200, created.text);
    return await body(`${url}/sessions/demo`, () => process.kill("SIGKILL"));
  } finally {
    process.kill("SIGKILL");
    await process.exited;
    assert.is(process.stderr, "");
  }
}

async function withDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(`${tmpdir()}/partyline-restart-`);
  try {
    await body(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

function putCbor(url: string, value: unknown): Promise<Response> {
  return fetch(url, {
    method: "PUT",
    headers: { "content-type": "application/cbor", "partyline-mptype": '{"kind":"share"}' },
    body: encodeCbor(value) as BodyInit,
  });
}

test("symbols outlive a SIGKILL, until their session is deleted", async () => {
  await withDirectory(async (directory) => {
    const array = Float64Array.from({ length: 100_000 }, (_, at) => at / 3);
    const listed = await whileServed(start(directory), async (session) => {
      assert.is((await post(`${session}/symbols`, { name: "z", data: dataOf([1]) })).status, 200);
      assert.is((await putCbor(`${session}/symbols/array`, array)).status, 201);
      assert.is((await putCbor(`${session}/symbols/gone`, 1)).status, 201);
      assert.is((await request(`${session}/symbols/gone`, { method: "DELETE" })).status, 204);
      return (await request(`${session}/symbols`)).text;
    });
    await whileServed(start(directory), async (session) => {
      assert.is((await request(`${session}/symbols`)).text, listed);
      const answer = await fetch(`${session}/symbols/array`, {
        headers: { accept: "application/cbor" },
      });
      assert.equal(decodeCbor(new Uint8Array(await answer.arrayBuffer())), array);
      assert.is(answer.headers.get("partyline-mptype"), '{"kind":"share"}');
      assert.is((await request(session, { method: "DELETE" })).status, 204);
    });
    assert.equal(await readdir(directory), []);
    await whileServed(start(directory), async (session) => {
      assert.is((await request(`${session}/symbols`)).text, '{"symbols":[]}');
    });
  });
});

/** How often the party is killed while it writes. */
const KILLS = 50;
const WRITERS = 4;
/** Within this time after writing began, in milliseconds. */
const KILLED_WITHIN_MS = 120;

/** What there has to be of a symbol: what was not acknowledged may be there, or not. */
type Fate = "there" | "gone" | "either";

/** Each symbol is bytes of a pattern of its own. */
const sizeOf = (number: number) => 4 * (1 + (number * 7_919) % 12_500);

test("of 50 kills in the midst of writing none loses or tears what was acknowledged", async () => {
  await withDirectory(async (directory) => {
    const fates = new Map<number, Fate>();
    let [acknowledged, cutOff] = [0, 0];
    const check = async (session: string): Promise<number[]> => {
      const { symbols } = JSON.parse((await request(`${session}/symbols`)).text);
      const there = symbols.map(({ name }: { name: string }) => Number(name));
      for (const [number, fate] of fates) {
        if (fate === "either") cutOff++;
        else assert.is(there.includes(number), fate === "there", `${number} is to be ${fate}`);
      }
      for (const number of there) {
        assert.ok(fates.has(number));
        const answer = await fetch(`${session}/symbols/${number}`, {
          headers: { accept: "application/cbor" },
        });
        const value = decodeCbor(new Uint8Array(await answer.arrayBuffer())) as Uint8Array;
        assert.ok(isPattern(value, sizeOf(number), number), `${number} is whole`);
      }
      return there;
    };
    let next = 0;
    let following = start(directory);
    try {
      for (let round = 0; round <= KILLS; round++) {
        const process = following;
        if (round < KILLS) following = start(directory); // for the next round, which need not wait
        await whileServed(process, async (session, kill) => {
          const old = await check(session);
          if (round === KILLS) return;
          fates.clear();
          for (const number of old) fates.set(number, "there");
          const attempt = async (number: number, fate: Fate, act: () => Promise<Response>) => {
            fates.set(number, "either");
            const answer = await act().catch(() => undefined);
            if (answer === undefined) return false;
            assert.ok(answer.ok, `${answer.status}`);
            fates.set(number, fate);
            acknowledged++;
            return true;
          };
          setTimeout(kill, Math.random() * KILLED_WITHIN_MS);
          await Promise.all(Array.from({ length: WRITERS }, async () => {
            for (;;) {
              const made = next++;
              const value = patternBytes(sizeOf(made), made);
              const put = () => putCbor(`${session}/symbols/${made}`, value);
              if (!await attempt(made, "there", put)) return;
              const dropped = old.pop();
              if (dropped === undefined) continue;
              const drop = () => fetch(`${session}/symbols/${dropped}`, { method: "DELETE" });
              if (!await attempt(dropped, "gone", drop)) return;
            }
          }));
        });
      }
    } finally {
      following.kill("SIGKILL");
    }
    assert.ok(cutOff >= KILLS, `${cutOff} writes were cut off`);
    assert.ok(acknowledged >= KILLS, `${acknowledged} writes were acknowledged`);
  });
});

test.run();
