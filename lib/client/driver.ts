/**
 * The driver: runs jobs over all parties, from any process or page that reaches them.
 *
 * @module
 */

import { isRefused, PartyError } from "../errors.ts";
import { randomHex } from "../random.ts";
import { check, Name } from "../schema.ts";
import { atAll, driverError, tryAtAll } from "./everyone.ts";
import type { CallOptions, ClientOptions } from "./options.ts";
import { type CloseOptions, PartyClient } from "./party_client.ts";
import { persist } from "./persist.ts";
import { UnreachedError } from "./request.ts";
import { DriverSession } from "./session.ts";
import type { ProgramView, StatusView } from "./views.ts";

/** How long a party has to delete a session; it tells the others first, which takes 2 seconds. */
const UNDO_MS = 5_000;
/** How long a party may be away while a session is created, in milliseconds. */
const AWAY_MS = 5_000;
/** The same while a program runs there. */
const RUN_AWAY_MS = 3_000;

/** Options of {@linkcode Driver}. */
export interface DriverOptions extends ClientOptions {
  /**
   * How long a party may be away, in milliseconds: when a session is created or a program runs, one
   * that cannot be reached is tried again for that long. One that refuses connections while a program
   * runs has died: it is given up after 1.5 seconds, if that is less.
   *
   * @default {5_000 while a session is created, 3_000 while a program runs}
   */
  awayMs?: number;
}

/** A program that all parties run. */
export interface CommonProgram extends Omit<ProgramView, "version"> {
  /** Its version at each party, by rank. */
  versions: string[];
  /** Whether these are the same: parties run together only then. */
  agrees: boolean;
}

/** How one party is, or why that is not known. */
export type PartyStatus =
  | { rank: number; url: string; status: StatusView; latencyMs: number; error?: undefined }
  | { rank: number; url: string; error: PartyError; status?: undefined; latencyMs?: undefined };

/** Drives a fixed list of parties. Holds nothing open: there is nothing to close. */
export class Driver {
  /** The base URL of every party, in the order of the ranks. */
  readonly endpoints: readonly string[];
  readonly #parties: readonly PartyClient[];
  readonly #awayMs: number | undefined;

  /**
   * Makes a driver; nothing is sent yet.
   *
   * @param endpoints the base URL of every party, in the order of the ranks. The parties reach each
   * other by the same
   * @param options how requests are made
   * @throws {TypeError} when there is none, one is no http or https URL, or two are the same
   */
  constructor(endpoints: readonly string[], { awayMs, ...options }: DriverOptions = {}) {
    this.#parties = endpoints.map((url, rank) => new PartyClient(url, { ...options, rank }));
    this.endpoints = this.#parties.map(({ url }) => url);
    if (endpoints.length === 0) throw new TypeError("Cannot drive no parties: give their URLs");
    const twice = this.endpoints.find((url, rank) => this.endpoints.indexOf(url) !== rank);
    if (twice !== undefined) {
      throw new TypeError(`Cannot drive ${twice} as two parties: give each one's own URL`);
    }
    if (awayMs !== undefined && !(awayMs >= 0)) {
      throw new RangeError(`Cannot wait ${awayMs} ms for a party: give awayMs as 0 or more`);
    }
    this.#awayMs = awayMs;
  }

  /**
   * Creates a session at all parties, or at none: when one fails, it is closed again where this call
   * made it, and what the parties' stores have kept under its name stays there.
   *
   * A session that any party has already is not taken over, as its symbols may be another's; see
   * {@linkcode Driver.attach}.
   *
   * @param name 1 to 128 letters, digits, `.`, `_` or `-`; a random one when left out
   * @throws {DriverError} naming the party that failed first, and why: `CONFLICT` when it has a
   * session of that name, `NETWORK` when it cannot be reached for {@linkcode DriverOptions.awayMs}
   */
  async session(
    name?: string,
    { signal }: Pick<CallOptions, "signal"> = {},
  ): Promise<DriverSession> {
    // A random name is nobody else's: a session that has it is this one, from an answer that was lost.
    const onlyNew = name !== undefined;
    const own = check(Name, name ?? `session-${randomHex(8)}`, "the name of a session");
    /** Where it is this one, if there is any. */
    const made = new Set<number>();
    /** Where one may be, this one or another's: an answer was lost. */
    const doubtful = new Set<number>();
    const { failures } = await tryAtAll(this.#parties, async (party, rank, stop) => {
      const spec = { name: own, rank, endpoints: this.endpoints };
      const options = signal === undefined ? { onlyNew } : { onlyNew, signal };
      const create = async () => {
        try {
          await party.createSession(spec, options);
          made.add(rank);
          doubtful.delete(rank);
        } catch (error) {
          if (mayHaveArrived(error)) (onlyNew ? doubtful : made).add(rank);
          throw error;
        }
      };
      try {
        await persist(create, { awayMs: this.#awayMs ?? AWAY_MS, signal: stop });
      } catch (error) {
        if (!(error instanceof PartyError) || error.code !== "CONFLICT") throw error;
        throw taken(own, rank, party.url, doubtful.has(rank));
      }
    }, signal);
    if (failures.length === 0) return this.#stand(own);
    const left = [...doubtful, ...await this.#undo(own, made)];
    signal?.throwIfAborted();
    const leftover = left.length === 0 ? "" : `, and it may be left at rank ${left.join(", ")}`;
    const what = `Cannot create session ${own} at all parties${leftover}`;
    throw driverError(what, failures, this.#parties, own);
  }

  /**
   * Takes over a session that all parties have, of these same endpoints.
   *
   * @throws {DriverError} naming a party that does not have it, perhaps as it restarted, or has another
   */
  async attach(name: string): Promise<DriverSession> {
    const { failures } = await tryAtAll(this.#parties, async (party, rank) => {
      const { endpoints, ...session } = await party.session(name);
      const isOurs = session.rank === rank && endpoints.join() === this.endpoints.join();
      if (isOurs) return;
      throw new PartyError(
        "CONFLICT",
        `Rank ${rank} at ${party.url} has it as rank ${session.rank} of ${endpoints.join(", ")}: ` +
          `drive these endpoints, in their order`,
        { rank },
      );
    });
    if (failures.length === 0) return this.#stand(name);
    const without = failures.filter(({ code }) => code === "UNKNOWN_SESSION");
    const isLost = without.length === failures.length && without.length < this.#parties.length;
    const ranks = without.map(({ rank }) => rank).sort((one, two) => one - two).join(", ");
    const lost = `, which is lost at rank ${ranks}, as after a restart: closeSession() with ` +
      "keepSymbols, and create it again";
    throw driverError(
      `Cannot attach to session ${name}${isLost ? lost : ""}`,
      failures,
      this.#parties,
      name,
    );
  }

  /**
   * Closes a session at all parties that have it, which cancels what runs there. With `keepSymbols`
   * this is how a session goes on after a party restarted: close it, and create it again.
   *
   * @param options whether the parties' stores keep its symbols; they are deleted otherwise
   * @throws {DriverError} naming the parties where it is not closed
   */
  async closeSession(name: string, options: CloseOptions = {}): Promise<void> {
    await this.#stand(name).close(options);
  }

  /** The programs that all parties run, in the order of the first. @throws {DriverError} */
  async programs(): Promise<CommonProgram[]> {
    const lists = await atAll(
      this.#parties,
      "Cannot list the programs of all parties",
      (party) => party.programs(),
    );
    return lists[0]!.flatMap(({ version: _, ...program }) => {
      const same = lists.flatMap((list) => list.find(({ name }) => name === program.name) ?? []);
      if (same.length < lists.length) return [];
      const versions = same.map(({ version }) => version);
      return [{ ...program, versions, agrees: new Set(versions).size === 1 }];
    });
  }

  /**
   * How each party is, by rank, and how long a bare request to it takes; one that does not tell is
   * no error.
   */
  async status(): Promise<PartyStatus[]> {
    return await Promise.all(this.#parties.map(async (party, rank): Promise<PartyStatus> => {
      const who = { rank, url: party.url };
      const startedAt = performance.now();
      try {
        const answered = party.health().then(() => performance.now() - startedAt);
        const [latencyMs, status] = await Promise.all([answered, party.status()]);
        return { ...who, status, latencyMs };
      } catch (error) {
        if (error instanceof PartyError) return { ...who, error };
        throw error;
      }
    }));
  }

  /** Closes what was created. @returns the ranks where it may be left */
  async #undo(name: string, ranks: ReadonlySet<number>): Promise<number[]> {
    const { failures } = await tryAtAll(this.#parties, async (party, rank) => {
      if (!ranks.has(rank)) return;
      // What is new has no symbols, but those that the store had kept before.
      await party.deleteSession(name, { keepSymbols: true, timeoutMs: UNDO_MS });
    });
    return failures.filter(({ code }) => code !== "UNKNOWN_SESSION").map(({ rank }) => rank);
  }

  #stand(name: string): DriverSession {
    return new DriverSession(name, this.#parties, this.#awayMs ?? RUN_AWAY_MS);
  }
}

/** Whether a request that met this may have been heard, though its answer was not. */
function mayHaveArrived(error: unknown): boolean {
  if (error instanceof UnreachedError) return !isRefused(error);
  return !(error instanceof PartyError); // it was given up
}

/** @param isDoubtful whether an earlier answer was lost, and the session may be this one */
function taken(name: string, rank: number, url: string, isDoubtful: boolean): PartyError {
  const whose = isDoubtful ? ", perhaps made by this very call, whose first answer was lost" : "";
  return new PartyError(
    "CONFLICT",
    `Rank ${rank} at ${url} has a session ${name} already${whose}: use another name, or attach() to ` +
      `it and close it`,
    { rank },
  );
}
