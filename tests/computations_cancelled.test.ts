/**
 * Computations that are cancelled at any step of their life: they end as such, for good.
 *
 * @module
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { createParty } from "../lib/party.ts";
import type { Session } from "../lib/resources/session.ts";
import { program } from "./helpers/programs.ts";
import { moment } from "./helpers/waiting.ts";

/** More than a computation of one party takes from its start to its end, in a store of memory. */
const STEPS = 150;

test("however far it was, a cancelled computation stays so, and leaves no output", async () => {
  const begun = new Set<number>();
  const quick = program("quick", ({ params }) => {
    begun.add(params as number);
    return "made";
  });
  await using party = createParty({ programs: [quick] });
  const session = await party.createSession({ name: "s", rank: 0, endpoints: ["http://a.test"] });
  const ends: string[] = [];
  for (let steps = 0; steps < STEPS; steps++) ends.push(await cancelAfter(session, steps, begun));
  assert.equal(ends, ends.toSorted(), "the sooner cancelled, the rest completed");
  assert.equal([ends[0], ends.at(-1)], ["cancelled", "completed"]);
  assert.ok(begun.size > ends.filter((end) => end === "completed").length, "some had begun");
});

async function cancelAfter(session: Session, steps: number, begun: Set<number>): Promise<string> {
  const symbol = `o${steps}`;
  const spec = { id: `c${steps}`, program: "quick", params: steps, outputs: [symbol] };
  const computation = session.compute(spec);
  for (let step = 0; step < steps; step++) await null;
  const hadBegun = begun.has(steps);
  const wasOver = computation.hasEnded;
  computation.cancel();
  const wanted = wasOver ? "completed" : "cancelled";
  await computation.result.catch(() => {});
  const isKept = session.symbols.has(symbol);
  await moment(1);
  assert.is(computation.state, wanted, `after ${steps} steps`);
  assert.is(isKept, wasOver, `its output, after ${steps} steps`);
  assert.is(session.symbols.has(symbol), wasOver, `its output later, after ${steps} steps`);
  if (!wasOver) assert.is(begun.has(steps), hadBegun, `begun though cancelled at ${steps}`);
  return wanted;
}

test.run();
