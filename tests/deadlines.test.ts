import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Deadlines, type Expiring } from "../lib/comm/deadlines.ts";
import { Wait } from "../lib/comm/wait.ts";
import { moment, rejection, until } from "./helpers/waiting.ts";

/** How much a busy machine may be late. */
const LATE_MS = 250;

const realSet = globalThis.setTimeout;
const realClear = globalThis.clearTimeout;
/** The timers that run, and how many were ever set, while a test watches them. */
const running = new Set<unknown>();
let timers = 0;

/** Counts the timers that are set by what runs until the test ends. */
function watchTimers(): void {
  running.clear();
  timers = 0;
  globalThis.setTimeout = ((callback: () => void, ms: number) => {
    timers++;
    assert.ok(ms >= 0 && ms < 2 ** 31, `a timer of ${ms} ms fires at once`);
    const timer = realSet(() => {
      running.delete(timer);
      callback();
    }, ms);
    running.add(timer);
    return timer;
  }) as typeof setTimeout;
  globalThis.clearTimeout = ((timer?: number) => {
    running.delete(timer);
    realClear(timer);
  }) as typeof clearTimeout;
}

test.after.each(() => {
  for (const timer of running) realClear(timer as number);
  globalThis.setTimeout = realSet;
  globalThis.clearTimeout = realClear;
});

/** Resolves later, without a timer that is watched. */
const pause = (ms: number) => new Promise((resolve) => realSet(resolve, ms));

/** @returns a wait, and its outcome once there is one */
function wait(deadlines: Deadlines, timeoutMs: number, signal?: AbortSignal) {
  const late = (elapsedMs: number) => new Error(`late after ${elapsedMs} ms`);
  const startedAt = performance.now();
  const made = new Wait<number>({ timeoutMs, ...signal && { signal } }, deadlines, late);
  const outcome: { value?: number; error?: Error; afterMs?: number } = {};
  made.promise.then((value) => outcome.value = value, (error) => outcome.error = error)
    .finally(() => outcome.afterMs = performance.now() - startedAt);
  return { made, outcome };
}

test("ten thousand waits that are settled soon need few timers, and leave none", async () => {
  watchTimers();
  const deadlines = new Deadlines();
  for (let round = 0; round < 100; round++) {
    const waits = Array.from({ length: 100 }, () => wait(deadlines, 60_000));
    for (const { made } of waits) made.resolve(round);
    await Promise.resolve();
  }
  assert.ok(timers <= 10, `${timers} timers`);
  assert.ok(running.size <= 1);
  await pause(300);
  assert.is(running.size, 0);
});

test("a wait that lasts needs one timer, which is gone soon after it", async () => {
  watchTimers();
  const deadlines = new Deadlines();
  const { made } = wait(deadlines, 60_000);
  await pause(400);
  assert.is(running.size, 1);
  assert.ok(timers <= 3, `${timers} timers`);
  made.resolve(1);
  await pause(300);
  assert.is(running.size, 0);
});

test("waits expire in the order of their deadlines, none early and none late", async () => {
  const deadlines = new Deadlines();
  const times = [400, 40, 300, 120, 200, 40, 330, 80];
  const order: number[] = [];
  const waits = times.map((ms) => ({ ms, ...wait(deadlines, ms) }));
  for (const { ms, made } of waits) made.promise.catch(() => order.push(ms));
  await until(() => order.length === times.length, "all have expired");
  assert.equal(order, times.toSorted((a, b) => a - b));
  for (const { ms, outcome } of waits) {
    assert.ok(outcome.afterMs! >= ms - 2, `${ms} ms were over after ${outcome.afterMs}`);
    assert.ok(outcome.afterMs! < ms + LATE_MS, `${ms} ms were over after ${outcome.afterMs}`);
    assert.match(outcome.error!.message, /^late after \d+ ms$/);
  }
});

test("a sooner deadline that comes later is met, and those that were there still are", async () => {
  const deadlines = new Deadlines();
  const slow = wait(deadlines, 500);
  await moment(280); // the timer that lingers has fired
  const quick = wait(deadlines, 30);
  await rejection(quick.made.promise);
  assert.ok(quick.outcome.afterMs! < 30 + LATE_MS);
  assert.is(slow.made.settled, false);
  await rejection(slow.made.promise);
  assert.ok(slow.outcome.afterMs! < 500 + LATE_MS);
});

test("a deadline is met after the one that the timer was set for is settled", async () => {
  const deadlines = new Deadlines();
  const [first, second] = [wait(deadlines, 50), wait(deadlines, 150)];
  first.made.resolve(1);
  await rejection(second.made.promise);
  assert.ok(second.outcome.afterMs! < 150 + LATE_MS);
  const third = wait(deadlines, 50);
  await rejection(third.made.promise);
  assert.ok(third.outcome.afterMs! < 50 + LATE_MS);
});

test("no deadline is missed for what expires, is added or is settled meanwhile", async () => {
  watchTimers();
  const deadlines = new Deadlines();
  const expired: string[] = [];
  const add = (name: string, ms: number, expire = () => {}): Expiring => {
    const made = {
      expiresAt: performance.now() + ms,
      expire: () => {
        deadlines.delete(made);
        expired.push(name);
        expire();
      },
    };
    deadlines.add(made);
    return made;
  };
  const settled = add("settled", 20);
  add("first", 20, () => {
    deadlines.delete(settled);
    add("grandchild", 220);
  });
  add("second", 50);
  await pause(20 + 120);
  assert.equal(expired.filter((name) => name !== "settled"), ["first", "second"]);
  await pause(220);
  assert.is(expired.at(-1), "grandchild");
  assert.is(running.size, 0);
});

for (const timeoutMs of [2 ** 31, 1e12, Infinity]) {
  test(`a wait of ${timeoutMs} ms is none of 1 ms, and keeps no timer once settled`, async () => {
    watchTimers();
    const deadlines = new Deadlines();
    const [long, short] = [wait(deadlines, timeoutMs), wait(deadlines, 20)];
    await rejection(short.made.promise);
    await pause(300);
    assert.is(long.made.settled, false);
    assert.ok(timers < 6, `${timers} timers`);
    long.made.resolve(1);
    assert.is(await long.made.promise, 1);
    await pause(300);
    assert.is(running.size, 0);
  });
}

test("a wait of no time is over at once", async () => {
  const { made, outcome } = wait(new Deadlines(), 0);
  await rejection(made.promise);
  assert.ok(outcome.afterMs! < LATE_MS);
});

test("a signal gives a wait up, with its reason, and lets go of it", async () => {
  watchTimers();
  const deadlines = new Deadlines();
  const controller = new AbortController();
  const { signal } = controller;
  const listeners = new Set<unknown>();
  for (const action of ["addEventListener", "removeEventListener"] as const) {
    const real = signal[action].bind(signal) as (...args: unknown[]) => void;
    const note = (...args: unknown[]) => {
      if (action === "addEventListener") listeners.add(args[1]);
      else listeners.delete(args[1]);
      real(...args);
    };
    Object.assign(signal, { [action]: note });
  }
  const reason = new Error("given up");
  const [settled, open] = [wait(deadlines, 1e6, signal), wait(deadlines, 1e6, signal)];
  settled.made.resolve(1);
  assert.is(listeners.size, 1);
  controller.abort(reason);
  assert.is(await rejection(open.made.promise), reason);
  assert.is(await settled.made.promise, 1);
  assert.is(listeners.size, 0);
  const late = wait(deadlines, 1e6, signal);
  assert.is(await rejection(late.made.promise), reason);
  assert.is(listeners.size, 0);
  await pause(300);
  assert.is(running.size, 0);
});

test("whatever waits do, each has one outcome, in time, and no timer is left", async () => {
  const plan = fc.record({
    timeoutMs: fc.constantFrom(1, 5, 30, 90, 260, 1e9),
    beginsAfter: fc.nat({ max: 60 }),
    settlesAfter: fc.option(fc.nat({ max: 200 })),
  });
  const plans = fc.array(plan, { minLength: 1, maxLength: 60, size: "max" });
  const property = fc.asyncProperty(plans, async (plans) => {
    watchTimers();
    const deadlines = new Deadlines();
    await Promise.all(plans.map(async ({ timeoutMs, beginsAfter, settlesAfter }) => {
      await pause(beginsAfter);
      const { made, outcome } = wait(deadlines, timeoutMs);
      if (settlesAfter === null && timeoutMs < 1e9) {
        await rejection(made.promise);
      } else {
        await pause(settlesAfter ?? 300);
        made.resolve(7);
        await made.promise.catch(() => {});
      }
      await pause(0);
      if (outcome.error === undefined) assert.is(outcome.value, 7);
      else assert.ok(outcome.afterMs! >= timeoutMs - 2 && outcome.afterMs! < timeoutMs + LATE_MS);
    }));
    await pause(280);
    assert.is(running.size, 0);
  });
  await fc.assert(property, { numRuns: 5, endOnFailure: true });
});

test.run();
