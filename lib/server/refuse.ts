/**
 * Refusing a request whose body was not read to its end. To close a connection on which bytes still
 * arrive is to reset it, and a reset may overtake the answer; so what is left of the body is read
 * and dropped, within bounds.
 *
 * @module
 */

import { problemResponse } from "./problem.ts";

/** How much more of a body is read before its connection is given up, in bytes. */
const MAX_REST_BYTES = 2 * 1024 * 1024;
/** How long the rest of a body is waited for, in milliseconds. */
const MAX_REST_MS = 1_000;

/**
 * Answers a request with a problem, once the rest of its body was dropped.
 *
 * @param error what a handler threw
 * @param request the request
 * @param maxBytes a body that claims to have more is not read at all
 * @returns the answer; it closes the connection when the body goes on
 */
export async function refuse(
  error: unknown,
  request: Request,
  maxBytes = Infinity,
): Promise<Response> {
  const answer = problemResponse(error);
  const { body, headers } = request;
  if (body === null || body.locked) return answer; // who reads to the end keeps the reader
  const ended = Number(headers.get("content-length")) <= maxBytes && await dropRest(body);
  if (!ended) answer.headers.set("connection", "close");
  return answer;
}

/** @returns whether the body is at its end, or lost; false when it goes on */
async function dropRest(body: ReadableStream<Uint8Array>): Promise<boolean> {
  const reader = body.getReader();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => timer = setTimeout(resolve, MAX_REST_MS));
  try {
    for (let size = 0; size <= MAX_REST_BYTES;) {
      const next = await Promise.race([reader.read(), late]);
      if (!next) return false;
      if (next.done) return true;
      size += next.value.byteLength;
    }
    return false;
  } catch {
    return true;
  } finally {
    clearTimeout(timer);
    reader.releaseLock();
  }
}
