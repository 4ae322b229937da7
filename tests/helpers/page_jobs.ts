/**
 * What a page does with the driver. A test bundles this file and loads it in a browser.
 *
 * @module
 */

import { Driver, PartyError } from "../../lib/client/mod.ts";

const jobs = {
  /** Sums vectors of three parties. */
  async sum(endpoints: string[]) {
    const session = await new Driver(endpoints, { awayMs: 1_000 }).session("from-a-page");
    const values = [[1, 2.5], [10, 20], [100, 200]];
    await Promise.all(values.map((vector, rank) => session.put(rank, "values", vector)));
    const states: string[] = [];
    await session.run("sum", {
      outputs: { total: "grand-total" },
      onProgress: ({ rank, state }) => void states.push(`${rank} ${state}`),
    });
    const totals = await Promise.all(values.map((_, rank) => session.get(rank, "grand-total")));
    await session.close();
    return { totals, states };
  },

  /** Runs a program of many steps, and cancels it at the third. */
  async cancel(endpoints: string[]) {
    const session = await new Driver(endpoints).session("cancelled");
    const stop = new AbortController();
    const notes: string[] = [];
    const error = await session.run("slow", {
      params: { steps: 50, key: "never" },
      signal: stop.signal,
      onProgress: ({ note }) => {
        notes.push(note);
        if (note.startsWith("step 3 ")) stop.abort(new Error("enough"));
      },
    }).then(() => "it ended", String);
    const states = (await session.computations()).flat().map(({ state }) => state);
    await session.close();
    return { error, notes, states };
  },

  /** Asks for what no party runs. */
  async refused(endpoints: string[]) {
    const session = await new Driver(endpoints).session("refused");
    const error = await session.run("no-such-program").catch((error) => error);
    await session.close();
    return { isOurs: error instanceof PartyError, code: error.code, message: String(error) };
  },
};

/** What a page can do, each by its name. */
export type Jobs = typeof jobs;

Object.assign(globalThis, { jobs });
