/**
 * W3C Trace Context (Level 1, section 3.2): `traceparent`, by which the records of all parties about
 * one computation are put together.
 *
 * @module
 */

import { randomHex } from "./random.ts";

const PATTERN = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})$/;

/** @returns a trace context of a trace that begins here */
export function newTrace(): string {
  const random = randomHex(24);
  return `00-${random.slice(0, 32)}-${random.slice(32)}-01`;
}

/**
 * @param parent a trace context that came from elsewhere
 * @returns a step of its own in the same trace; undefined when what came is none
 */
export function joinTrace(parent: unknown): string | undefined {
  const [, trace, flags] = (typeof parent === "string" && PATTERN.exec(parent)) || [];
  return trace === undefined ? undefined : `00-${trace}-${randomHex(8)}-${flags}`;
}

/**
 * @param own this party's trace context
 * @param first that of the party whose trace all go on in; anything may have come
 * @returns this party's own when it is of that trace already, or else a step in it
 */
export function followTrace(own: string, first: unknown): string {
  const isOwn = typeof first === "string" && traceIdOf(first) === traceIdOf(own);
  return isOwn ? own : joinTrace(first) ?? own;
}

function traceIdOf(trace: string): string | undefined {
  return trace.split("-")[1];
}

/** Whether a text is a trace context. */
export function isTrace(text: string): boolean {
  return PATTERN.test(text);
}
