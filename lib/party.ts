/**
 * A party: its sessions and its HTTP API, wired together.
 *
 * @module
 */

import type { Session, SessionLimits } from "./resources/session.ts";
import { SessionManager } from "./resources/sessions.ts";
import type { SessionSpec } from "./resources/spec.ts";
import { createApp } from "./server/app.ts";
import type { RequestContext } from "./server/routes.ts";

/** Options of {@linkcode createParty}: limits and defaults of all its sessions. */
export interface PartyOptions extends SessionLimits {
  /**
   * Hears of faults in the party itself, of which the answer to the request says nothing.
   *
   * @default {console.error}
   */
  onError?: (error: unknown) => void;
}

/** One party of a computation, in this process. */
export interface Party {
  /**
   * Creates a session here; each of the other parties has to create it as well. The same again is
   * the same session.
   *
   * @param spec the session's name, this party's rank, and the endpoints in the order of the ranks
   * @throws {PartyError} `INVALID_REQUEST`; `CONFLICT` when the name has another rank or other
   * endpoints already; `DRAINING` once the party is closed
   */
  createSession(spec: SessionSpec): Promise<Session>;
  /** The session of that name. @throws {PartyError} `UNKNOWN_SESSION` */
  session(name: string): Session;
  /** All sessions, in the order in which they were created. */
  sessions(): Session[];
  /**
   * The HTTP API: answers any request, and never throws.
   *
   * @param request the request
   * @param context what the server tells: a signal that aborts when it is about to close
   */
  fetch(request: Request, context?: RequestContext): Promise<Response>;
  /**
   * Closes all sessions and tells the other parties. It is final: whoever asks this party for a
   * session from then on, here or over HTTP, is told `DRAINING`.
   */
  close(): Promise<void>;
  /** The same as `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Creates a party. It owns its sessions; `serve()` lets the other parties reach it.
 *
 * @param options limits and defaults
 * @returns the party, with no session yet
 * @throws {RangeError} when a limit is not a number above 0
 *
 * @example
 * ```ts
 * import { createParty, serve } from "partyline";
 *
 * const party = createParty();
 * const server = await serve(party, { port: 0 });
 * const session = await party.createSession({ name: "demo", rank: 0, endpoints: [server.url] });
 * console.log(session.worldSize); // 1
 * await server.close();
 * await party.close();
 * ```
 */
export function createParty(options: PartyOptions = {}): Party {
  const { onError = console.error, maxRequestBytes = 8 * 1024 * 1024, ...limits } = options;
  const { timeoutMs, maxMailboxBytes, maxMessageBytes } = limits;
  const numbers = { timeoutMs, maxMailboxBytes, maxMessageBytes, maxRequestBytes };
  for (const [name, value] of Object.entries(numbers)) {
    if (value === undefined || value > 0) continue;
    throw new RangeError(`Cannot create a party with ${name} ${value}: give a number above 0`);
  }
  const sessions = new SessionManager({ ...limits, maxRequestBytes });
  const close = () => sessions.close("the party ends");
  return {
    createSession: (spec) => Promise.resolve().then(() => sessions.create(spec)),
    session: (name) => sessions.get(name),
    sessions: () => sessions.list(),
    fetch: createApp(sessions, { maxRequestBytes, onError }),
    close,
    [Symbol.asyncDispose]: close,
  };
}
