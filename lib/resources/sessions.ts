/**
 * The sessions of one party.
 *
 * @module
 */

import { PartyError } from "../errors.ts";
import type { SessionCover } from "../comm/link/sealed/cover.ts";
import { check } from "../schema.ts";
import type { Computation } from "./computation.ts";
import { Session, type SessionHost } from "./session.ts";
import { SessionSchema, type SessionSpec } from "./spec.ts";
import { type SymbolHost, SymbolTable } from "./symbols.ts";

/** Who hears of what ends in a party's sessions. */
export interface SessionObserver {
  /** A session is closed, and sends and receives nothing more. */
  onSessionClosed(session: Session): void;
  /** A computation is over, in whatever way. */
  onComputationEnded(computation: Computation): void;
}

/** What every session gets from its manager alike. */
export type SharedHost =
  & Omit<SessionHost, "onClosed" | "onComputationEnded" | "cover">
  & Pick<SymbolHost, "store" | "data">
  & {
    /**
     * Makes what seals a session; without it, sessions are not sealed.
     *
     * @throws {PartyError} when not all of its endpoints are parties with keys
     */
    coverOf?: ((spec: SessionSpec) => Promise<SessionCover>) | undefined;
    /** How many sessions there may be at once. */
    maxSessions: number;
  };

/** How many sessions with keys that have ended are there to say so. */
const MAX_LEFT = 256;

/** Owns the Map of sessions, and with it all that hangs off them. */
export class SessionManager {
  readonly #sessions: Map<string, Session> = new Map();
  /** Those whose symbols are still being loaded. */
  readonly #opening: Map<string, Promise<Session>> = new Map();
  /** All that are not closed yet, also where the next one of the name is there already. */
  readonly #alive: Set<Session> = new Set();
  /**
   * Those that left last, by their lifetimes. A peer with keys that did not hear of it has to hear it
   * from them: it believes nobody who only says that there is no such session.
   */
  readonly #left: Map<string, Session> = new Map();
  readonly #observers: Set<SessionObserver> = new Set();
  readonly #host: SharedHost;
  #closed = false;

  /** @param host what every session gets */
  constructor(host: SharedHost) {
    this.#host = host;
  }

  /** Whether no session can be created any more. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Tells an observer of all that ends from now on. */
  observe(observer: SessionObserver): void {
    this.#observers.add(observer);
  }

  /**
   * Creates a session; the same again is the same session.
   *
   * @param spec the name, rank and endpoints; checked here, wherever it comes from
   * @param options whether it has to be new: the same again is a `CONFLICT` then, too
   * @throws {PartyError} `INVALID_REQUEST`; `CONFLICT` when the name has another rank or other
   * endpoints already; `FORBIDDEN` when an endpoint is no party of this one's list;
   * `TOO_MANY_SESSIONS`; `DRAINING` once the party is closed; `INTERNAL` when its symbols cannot be loaded
   */
  async create(
    spec: unknown,
    { hasToBeNew = false }: { hasToBeNew?: boolean } = {},
  ): Promise<Session> {
    this.#checkOpen();
    const checked = check(SessionSchema, spec, "a session");
    const { name } = checked;
    for (let one = this.#opening.get(name); one !== undefined; one = this.#opening.get(name)) {
      await one.catch(() => {}); // whoever asked for it hears of it
      this.#checkOpen();
    }
    const existing = this.#sessions.get(name);
    if (existing === undefined || existing.state === "closed") {
      this.#checkRoom(name);
      const opening = this.#open(checked, existing).finally(() => this.#opening.delete(name));
      this.#opening.set(name, opening);
      return await opening;
    }
    if (hasToBeNew) {
      throw new PartyError("CONFLICT", `Cannot create session ${name} as a new one: it exists`, {
        session: name,
      });
    }
    if (existing.matches(checked)) return existing;
    throw new PartyError(
      "CONFLICT",
      `Cannot create session ${name}: it exists with rank ${existing.rank} of ` +
        `${existing.worldSize} or other endpoints; delete it first`,
      { session: name },
    );
  }

  /** @throws {PartyError} `UNKNOWN_SESSION` */
  get(name: string): Session {
    const session = this.find(name);
    if (session.state !== "closed") return session;
    throw unknown(name);
  }

  /**
   * The same, but also one that is closing and has yet to tell the others.
   *
   * @param boot the lifetime that is meant, where it is known: then also one that has left since
   */
  find(name: string, boot?: string): Session {
    const left = boot === undefined ? undefined : this.#left.get(boot);
    const session = left?.name === name ? left : this.#sessions.get(name);
    if (session !== undefined) return session;
    throw unknown(name);
  }

  /** All sessions, in the order in which they were created. */
  list(): Session[] {
    return [...this.#sessions.values()].filter(({ state }) => state !== "closed");
  }

  /** The same, and those that are closing. */
  alive(): Session[] {
    return [...this.#alive];
  }

  /** Closes all of them, and creates no more. @param reason what the other parties are told */
  async close(reason: string): Promise<void> {
    this.#closed = true;
    await Promise.all([
      ...this.alive().map((session) => session.suspend(reason)),
      Promise.allSettled(this.#opening.values()), // none of them comes to be
    ]);
  }

  /** @param before what had the name, and may still be deleting its symbols */
  async #open(spec: SessionSpec, before?: Session): Promise<Session> {
    await before?.symbols.close().catch(() => {});
    const log = this.#host.log.about({ session: spec.name, rank: spec.rank });
    const cover = await this.#host.coverOf?.(spec);
    const symbols = await SymbolTable.open(spec, { ...this.#host, log });
    this.#checkOpen();
    const session = new Session(spec, symbols, {
      ...this.#host,
      cover,
      onClosed: () => this.#forget(session),
      onComputationEnded: (computation) => {
        for (const observer of this.#observers) observer.onComputationEnded(computation);
      },
    });
    this.#sessions.set(spec.name, session);
    this.#alive.add(session);
    return session;
  }

  #checkOpen(): void {
    if (!this.#closed) return;
    const message = "Cannot create a session: this party is closed; try again when it is back";
    throw new PartyError("DRAINING", message);
  }

  #checkRoom(name: string): void {
    const { maxSessions } = this.#host;
    if (this.#alive.size + this.#opening.size < maxSessions) return;
    throw new PartyError(
      "TOO_MANY_SESSIONS",
      `Cannot create session ${name}: there are ${maxSessions} already, as many as may be; close one ` +
        `that is not needed, or raise the party's maxSessions`,
      { session: name },
    );
  }

  #forget(session: Session): void {
    if (this.#sessions.get(session.name) === session) this.#sessions.delete(session.name);
    if (!this.#alive.delete(session)) return;
    const { communicator: { isSealed, boot } } = session;
    if (isSealed) this.#left.set(boot, session);
    if (this.#left.size > MAX_LEFT) this.#left.delete(this.#left.keys().next().value!);
    for (const observer of this.#observers) observer.onSessionClosed(session);
  }
}

function unknown(name: string): PartyError {
  return new PartyError("UNKNOWN_SESSION", `There is no session ${name} at this party`, {
    session: name,
  });
}
