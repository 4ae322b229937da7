/**
 * A party: its sessions and its HTTP API, wired together.
 *
 * @module
 */

import { Logger, type LogRecord, type LogSink } from "./log.ts";
import type { Program } from "./programs/program.ts";
import { ProgramRegistry } from "./programs/registry.ts";
import type { Session, SessionLimits } from "./resources/session.ts";
import { SessionManager } from "./resources/sessions.ts";
import type { SessionSpec } from "./resources/spec.ts";
import { memoryStore } from "./resources/store/memory.ts";
import type { SymbolStore } from "./resources/store/store.ts";
import { privateSymbols } from "./resources/symbol.ts";
import { MAX_SYMBOL_BYTES } from "./resources/symbols.ts";
import { coversOf, type Identity, ownParty } from "./security/sealing/covers.ts";
import { createApp } from "./server/app.ts";
import type { RequestContext } from "./server/routes.ts";

/** Options of {@linkcode createParty}: limits and defaults of all its sessions. */
export interface PartyOptions extends SessionLimits {
  /**
   * What the party's operator lets it run; a driver can only name one of them.
   *
   * @default {[]}
   */
  programs?: readonly Program[];
  /**
   * Private data of this party, by name: programs in all its sessions have them as symbols, and
   * nobody reads them over HTTP.
   *
   * @default {{}}
   */
  data?: Readonly<Record<string, unknown>>;
  /**
   * Keeps the symbols of sessions, such as `directoryStore()`, which keeps them over a restart. Each
   * party has a directory of its own.
   *
   * @default {memoryStore()}
   */
  store?: SymbolStore;
  /**
   * The origins of pages that may call this party from a browser, such as
   * `https://analyst.example`, or `*` for all.
   *
   * @default {[]}
   */
  allowOrigins?: readonly string[];
  /**
   * The names of hosts that this party answers for while it listens on a loopback address, such as
   * `party.example` behind a gateway on this machine that passes that name on, or `*` for all. Any
   * address, `localhost` and the hosts of its own endpoints are answered for without it; of other
   * names nothing is told, so that no page gets to the party by a name of its own.
   *
   * @default {[]}
   */
  allowHosts?: readonly string[];
  /**
   * How many sessions there may be at once, those that are closing included.
   *
   * @default {4_096}
   */
  maxSessions?: number;
  /**
   * Who this party is, and who the others are: its own key and the list of all. All that travels
   * between parties is then sealed, and nothing else is taken; every endpoint of a session has to be
   * one of the list; and each request of anyone else, but for `/health`, has to be signed by an
   * operator of the list.
   *
   * @default {nothing is sealed or signed: whoever reaches this party can drive it, or speak for
   * another one}
   */
  identity?: Identity;
  /**
   * Takes what the party tells its operator. No key, share, message or private value is in it, but
   * for what programs log or throw themselves, and where in a value a fault of theirs is.
   *
   * @default {errors go to `console.error`}
   */
  log?: LogSink;
}

/** One party of a computation, in this process. */
export interface Party {
  /**
   * Creates a session here; each of the other parties has to create it as well. The same again is
   * the same session.
   *
   * @param spec the session's name, this party's rank, and the endpoints in the order of the ranks
   * @throws {PartyError} `INVALID_REQUEST`; `CONFLICT` when the name has another rank or other
   * endpoints already; `FORBIDDEN` when an endpoint is none of this party's list;
   * `TOO_MANY_SESSIONS`; `DRAINING` once the party is closed; `INTERNAL` when its stored symbols
   * cannot be loaded
   */
  createSession(spec: SessionSpec): Promise<Session>;
  /** The session of that name. @throws {PartyError} `UNKNOWN_SESSION` */
  session(name: string): Session;
  /** Whether it has keys: then it takes only what is sealed by a party, or signed by an operator. */
  readonly hasKeys: boolean;
  /** All sessions, in the order in which they were created. */
  sessions(): Session[];
  /** What it runs, in the order in which it was given. */
  programs(): Program[];
  /**
   * The HTTP API: answers any request, and never throws.
   *
   * @param request the request
   * @param context what the server tells: a signal that aborts when it is about to close
   */
  fetch(request: Request, context?: RequestContext): Promise<Response>;
  /**
   * Closes all sessions and tells the other parties; stored symbols stay. It is final: whoever asks this party for a
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
 * @throws {TypeError} when two programs have one name, an allowed origin or host is none, or the
 * identity's key is of no party of its list
 * @throws {PartyError} `INVALID_REQUEST` when data have what is no name; `SERIALIZATION` when they are
 * no plain data
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
  const {
    log = logErrors,
    programs = [],
    data = {},
    store = memoryStore(),
    allowOrigins = [],
    allowHosts = [],
    identity,
    maxSessions = 4_096,
    maxRequestBytes = 8 * 1024 * 1024,
    ...limits
  } = options;
  const { fetch: _, ...numbers } = { ...limits, maxRequestBytes, maxSessions };
  for (const [name, value] of Object.entries(numbers)) {
    if (value === undefined || value > 0) continue;
    throw new RangeError(`Cannot create a party with ${name} ${value}: give a number above 0`);
  }
  const logger = new Logger(log);
  const registry = new ProgramRegistry(programs);
  const sessions = new SessionManager({
    limits: { ...limits, maxRequestBytes },
    programs: registry,
    log: logger,
    store,
    data: privateSymbols(data),
    coverOf: identity && coversOf(identity, registry.list()),
    maxSessions,
  });
  const close = () => sessions.close("the party ends");
  return {
    createSession: (spec) => sessions.create(spec),
    session: (name) => sessions.get(name),
    hasKeys: identity !== undefined,
    sessions: () => sessions.list(),
    programs: () => registry.list(),
    fetch: createApp({
      sessions,
      programs: registry,
      maxRequestBytes,
      maxSymbolBytes: limits.maxSymbolBytes ?? MAX_SYMBOL_BYTES,
      allowOrigins,
      allowHosts,
      operators: identity && { url: ownParty(identity).url, list: identity.config.operators },
      configFingerprint: identity?.config.fingerprint,
      fetch: limits.fetch ?? globalThis.fetch.bind(globalThis),
      log: logger,
    }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function logErrors({ level, message, error }: LogRecord): void {
  if (level === "error") console.error(message, error);
}
