/**
 * What the log says of requests.
 *
 * @module
 */

import { PartyError } from "../errors.ts";
import type { Logger, LogSubject } from "../log.ts";
import { NAME_PATTERN } from "../names.ts";
import { isTrace } from "../trace.ts";
import type { Exchange } from "./routes.ts";

/** Requests that change nothing. */
const READS = ["GET", "HEAD"];

/**
 * Notes a request down: as a fault of the party, as failed, as what an operator did, or else for who
 * looks for a fault.
 */
export function logExchange(log: Logger, exchange: Exchange): void {
  const { method, route = "none", status, operator, error } = exchange;
  const about = log.about(subjectOf(exchange));
  const who = operator === undefined ? {} : { operator: operator.id };
  const fields = { ...who, method, route, status, elapsedMs: Math.round(exchange.elapsedMs) };
  if (operator !== undefined && status === 403) about.warn("Request refused", fields, error);
  else if (operator !== undefined && status < 500 && !READS.includes(method)) {
    about.info("Request answered", fields);
  } else if (status < 500) about.debug("Request answered", fields);
  else if (error instanceof PartyError) about.warn("Request failed", fields, error);
  else about.error("A request could not be answered", fields, error);
}

/** Names that are none, and a trace context that is none, are not repeated. */
function subjectOf({ params, headers }: Exchange): LogSubject {
  const { session, computation } = params;
  const traceparent = headers.get("traceparent");
  const subject: LogSubject = {};
  if (session !== undefined && NAME_PATTERN.test(session)) subject.session = session;
  if (computation !== undefined && NAME_PATTERN.test(computation)) {
    subject.computation = computation;
  }
  if (traceparent !== null && isTrace(traceparent)) subject.traceparent = traceparent;
  return subject;
}
