/**
 * The sessions of one party.
 *
 * @module
 */

import { PartyError } from "../errors.ts";
import { check } from "../schema.ts";
import { Session, type SessionLimits } from "./session.ts";
import { SessionSchema } from "./spec.ts";

/** Owns the Map of sessions, and with it all that hangs off them. */
export class SessionManager {
  readonly #sessions: Map<string, Session> = new Map();
  readonly #limits: SessionLimits;
  #closed = false;

  /** @param limits what every session gets */
  constructor(limits: SessionLimits) {
    this.#limits = limits;
  }

  /**
   * Creates a session; the same again is the same session.
   *
   * @param spec the name, rank and endpoints; checked here, wherever it comes from
   * @throws {PartyError} `INVALID_REQUEST`; `CONFLICT` when the name has another rank or other
   * endpoints already; `DRAINING` once the party is closed
   */
  create(spec: unknown): Session {
    if (this.#closed) {
      throw new PartyError(
        "DRAINING",
        "Cannot create a session: this party is closed; try again when it is back",
      );
    }
    const checked = check(SessionSchema, spec, "a session");
    const { name } = checked;
    const existing = this.#sessions.get(name);
    if (existing === undefined || existing.state === "closed") {
      const session = new Session(checked, this.#limits, () => {
        if (this.#sessions.get(name) === session) this.#sessions.delete(name);
      });
      this.#sessions.set(name, session);
      return session;
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

  /** The same, but also one that is closing and has yet to tell the others. */
  find(name: string): Session {
    const session = this.#sessions.get(name);
    if (session !== undefined) return session;
    throw unknown(name);
  }

  /** All sessions, in the order in which they were created. */
  list(): Session[] {
    return [...this.#sessions.values()].filter(({ state }) => state !== "closed");
  }

  /** Closes all of them, and creates no more. @param reason what the other parties are told */
  async close(reason: string): Promise<void> {
    this.#closed = true;
    const sessions = [...this.#sessions.values()]; // also those that are closing
    await Promise.all(sessions.map((session) => session.close(reason)));
  }
}

function unknown(name: string): PartyError {
  return new PartyError("UNKNOWN_SESSION", `There is no session ${name} at this party`, {
    session: name,
  });
}
