import { stripVTControlCharacters } from "node:util";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PartyError } from "../lib/errors.ts";
import type { LogRecord } from "../lib/log.ts";
import { sumProgram } from "../lib/programs/sum.ts";
import { jsonLines, type LogOptions, logSink, pretty } from "../scripts/cli/log.ts";
import { startParties } from "./helpers/parties.ts";
import { program } from "./helpers/programs.ts";
import { post, request, Served } from "./helpers/served.ts";
import { rejection, until } from "./helpers/waiting.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = `00-${TRACE}-00f067aa0ba902b7-01`;

const RECORD: LogRecord = {
  time: "2026-01-01T12:34:56.789Z",
  level: "warn",
  message: "Computation failed",
  session: "demo",
  computation: "c",
  rank: 1,
  traceparent: PARENT,
  fields: { elapsedMs: 12, note: "half way" },
  error: new PartyError("CONFLICT", "It differs", { cause: new Error("inside") }),
};

/** What a sink writes of records. */
function written(
  sink: (options: LogOptions) => (record: LogRecord) => void,
  options: LogOptions,
  ...records: LogRecord[]
): string[] {
  const lines: string[] = [];
  const write = sink({ colour: false, ...options, write: (line) => lines.push(line) });
  for (const record of records) write(record);
  return lines;
}

test("records of all parties are put together by the trace of their computation", async () => {
  const lines: string[][] = [[], [], []];
  const parties = await startParties(3, (rank) => ({
    programs: [sumProgram],
    log: jsonLines({ level: "debug", write: (line) => lines[rank]!.push(line) }),
  }));
  try {
    const sessions = await parties.createSession("s");
    await Promise.all(sessions.map(({ symbols }) => symbols.put("values", [1])));
    const answers = await Promise.all(
      parties.endpoints.map((url) =>
        request(`${url}/sessions/s/computations`, {
          method: "POST",
          body: { computation_id: "c", program: "sum" },
          headers: { traceparent: PARENT },
        })
      ),
    );
    assert.equal(answers.map(({ status }) => status), [200, 200, 200]);
    for (const [rank, own] of lines.entries()) {
      const traced = own.map((line) => JSON.parse(line)).filter(({ trace_id }) =>
        trace_id === TRACE
      );
      const messages = traced.map(({ message }) => message);
      assert.equal(messages, [
        "Computation pending",
        "Computation running",
        "Computation completed",
        "Request answered",
      ]);
      assert.ok(
        traced.slice(0, 3).every((record) =>
          record.rank === rank && record.session === "s" && record.computation === "c"
        ),
      );
      assert.ok(new Set(traced.map(({ traceparent }) => traceparent)).size > 1, "spans differ");
    }
  } finally {
    await parties.close();
  }
});

test("a computation that each party starts by itself has one trace, too", async () => {
  const records: LogRecord[] = [];
  const parties = await startParties(3, {
    programs: [program("log", ({ log }) => log.info("Here"))],
    log: (record) => records.push(record),
  });
  try {
    const sessions = await parties.createSession("s");
    const running = sessions.map((one) => one.compute({ id: "c", program: "log" }).result);
    await Promise.all(running);
    const here = records.filter(({ message }) => message === "Here");
    assert.equal(here.map(({ rank }) => rank).toSorted(), [0, 1, 2]);
    assert.is(new Set(here.map(({ traceparent }) => traceparent!.split("-")[1])).size, 1);
  } finally {
    await parties.close();
  }
});

test("who hears that a computation ended hears its trace", async () => {
  const records: LogRecord[] = [];
  const parties = await startParties(2, (rank) => ({
    programs: [sumProgram],
    log: (record) => {
      if (rank === 1) records.push(record);
    },
  }));
  try {
    const [alice] = await parties.createSession("s");
    const failed = alice!.compute({ id: "c", program: "sum" }, PARENT); // it has no such symbol
    await rejection(failed.result);
    const told = () => records.find(({ fields }) => fields.route === "/sessions/:session/abort");
    await until(() => told() !== undefined, "bob was told");
    assert.equal([told()!.session, told()!.traceparent?.split("-")[1]], ["s", TRACE]);
  } finally {
    await parties.close();
  }
});

test("requests are noted at debug, failed ones at warn, faults at error", async () => {
  const records: LogRecord[] = [];
  const unreachable = program("unreachable", () => {
    throw new PartyError("NETWORK", "Nobody is there");
  });
  const served = await Served.start({
    programs: [unreachable],
    log: (record) => records.push(record),
  });
  try {
    const { port } = served.server;
    const endpoints = [`http://127.0.0.1:${port}`];
    await served.party.createSession({ name: "alone", rank: 0, endpoints });
    await request(served.url("/sessions/none"), { headers: { traceparent: "made up" } });
    const start = { computation_id: "c", program: "unreachable" };
    const { status } = await post(served.url("/sessions/alone/computations"), start);
    assert.is(status, 502);
    await served.party.session("alone").close();
    await served.party.close();
    const requests = records.filter(({ fields }) => "route" in fields);
    assert.equal(
      requests.map(({ level, session, traceparent, fields: { method, route, status } }) =>
        [level, session, traceparent, method, route, status].map(String).join(" ")
      ),
      [
        "debug none undefined GET /sessions/:session 404",
        "warn alone undefined POST /sessions/:session/computations 502",
      ],
    );
    const sessions = records.filter(({ message }) => message.startsWith("Session "));
    assert.equal(sessions.map(({ level, message, session }) => `${level} ${message} ${session}`), [
      "info Session created demo",
      "info Session created alone",
      "info Session closed alone",
      "info Session closed demo",
    ]);
  } finally {
    await served.close();
  }
});

test("a line of JSON has the trace's id, and the error without its stack", () => {
  const [line, ...more] = written(jsonLines, {}, RECORD);
  assert.equal(more, []);
  assert.not.match(line!, /\n/);
  assert.equal(JSON.parse(line!), {
    time: "2026-01-01T12:34:56.789Z",
    level: "warn",
    message: "Computation failed",
    session: "demo",
    computation: "c",
    rank: 1,
    trace_id: TRACE,
    traceparent: PARENT,
    fields: { elapsed_ms: 12, note: "half way" },
    error: { code: "CONFLICT", message: "It differs: inside" },
  });
  const [debug] = written(jsonLines, { level: "debug" }, RECORD);
  assert.match(JSON.parse(debug!).error.stack, /logs\.test\.ts/);
});

test("a line for people says when, how grave, who, and what", () => {
  const [line, ...more] = written(pretty, {}, RECORD);
  assert.equal(more, []);
  assert.is(
    line,
    "12:34:56.789 warn  rank 1 demo/c Computation failed elapsed_ms=12 note=half way " +
      "It differs: inside (CONFLICT)",
  );
  const stack = written(pretty, { level: "debug" }, RECORD).slice(1);
  assert.ok(stack.some((line) => line.includes("logs.test.ts")));
  const [coloured] = written(pretty, { colour: true }, RECORD);
  assert.ok(coloured!.includes("\x1b[33mwarn"));
  assert.is(stripVTControlCharacters(coloured!), line);
});

test("records that are less grave than asked for are left out", () => {
  const records = (["debug", "info", "warn", "error"] as const).map((level) => ({
    ...RECORD,
    level,
  }));
  for (const sink of [jsonLines, pretty]) {
    assert.is(written(sink, {}, ...records).length, 3);
    assert.is(written(sink, { level: "error" }, ...records).length, 1);
  }
  const none = (options: LogOptions) => logSink({ ...options, form: "none" });
  assert.equal(written(none, {}, ...records), []);
});

test("what others say does not control the terminal, nor break the line", () => {
  const error = new Error("\x1b[2J\x9b31mred\nforged line");
  for (const sink of [jsonLines, pretty]) {
    const lines = written(sink, {}, { ...RECORD, message: "a\nb\x07", error });
    assert.is(lines.length, 1);
    assert.not.match(lines[0]!, /\p{Cc}/u);
  }
});

test("fields that JSON cannot say do not throw", () => {
  const cyclic: Record<string, unknown> = { big: 1n };
  const fields = { big: 2n ** 64n, nothing: undefined, run: () => 1 };
  const [line] = written(jsonLines, {}, { ...RECORD, fields });
  assert.is(JSON.parse(line!).fields.big, "18446744073709551616");
  assert.match(written(pretty, {}, { ...RECORD, fields })[0]!, /big="18446744073709551616"/);
  cyclic.self = cyclic;
  for (const sink of [jsonLines, pretty]) {
    const [line] = written(sink, {}, { ...RECORD, fields: { cyclic, kept: 5 } });
    assert.match(line!, /Computation failed.*not plain data.*kept.*5/);
  }
});

test.run();
