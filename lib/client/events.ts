/**
 * Server-Sent Events, as they come.
 *
 * @module
 */

import type { v } from "../deps.ts";
import { Deadline } from "./deadline.ts";
import { createParser } from "./deps.ts";
import type { Call, Requester } from "./request.ts";

/** How long the first event may take: a stream that a proxy holds back has none. */
const FIRST_MS = 5_000;
/** How long a stream may be silent: parties send a heartbeat every 10 seconds. */
const SILENCE_MS = 30_000;

/**
 * @param requester the party
 * @param call asks for a stream of events
 * @param schema what the data of each event has to be
 * @returns what the schema makes of each; ends when the party ends the stream
 * @throws {PartyError} what the party answered; `NETWORK` when it did not, or the stream broke
 */
export async function* readEvents<View>(
  requester: Requester,
  call: Call,
  schema: v.GenericSchema<unknown, View>,
): AsyncGenerator<View> {
  const deadline = new Deadline(FIRST_MS, call.signal);
  try {
    const headers = { ...call.headers, accept: "text/event-stream" };
    const response = await requester.open({ ...call, headers }, deadline);
    const { body } = response;
    if (body === null || !response.headers.get("content-type")?.startsWith("text/event-stream")) {
      throw requester.notAParty(call, response, await response.text());
    }
    let silenceMs = FIRST_MS;
    const alive = () => deadline.renew(silenceMs);
    let came: string[] = [];
    const parser = createParser({ onEvent: ({ data }) => came.push(data), onComment: alive });
    for await (const text of textOf(body)) {
      parser.feed(text);
      if (came.length === 0) continue;
      silenceMs = SILENCE_MS;
      alive();
      for (const data of came) yield requester.parse(call, response, data, schema);
      came = [];
    }
  } catch (error) {
    throw requester.explain(call, error, deadline);
  } finally {
    deadline.end();
  }
}

/** The text of a stream, as it comes; a browser has no iteration of streams. */
async function* textOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      yield decoder.decode(next.value, { stream: true });
    }
  } finally {
    reader.cancel().catch(() => {}); // who stops listening ends the request
  }
}
