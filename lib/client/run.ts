/**
 * One computation at all parties: started, followed, and cancelled at the rest when one fails.
 *
 * @module
 */

import { PartyError, PeerUnreachableError } from "../errors.ts";
import { sleep, within } from "../timing.ts";
import { newTrace } from "../trace.ts";
import { driverError } from "./everyone.ts";
import { failureOf, failureOfView, type ToldFailure } from "./failures.ts";
import { follow } from "./follow.ts";
import type { ComputationRequest } from "./options.ts";
import type { PartyClient } from "./party_client.ts";
import { persist } from "./persist.ts";
import { UnreachedError } from "./request.ts";
import type { ComputationView } from "./views.ts";

/** How long the parties have to take a cancellation, in milliseconds. */
const CANCEL_MS = 2_000;
/** How long the parties have to tell how they ended after it, in milliseconds. */
const LAST_WORDS_MS = 1_000;
/** A party that was there and refuses connections for that long has died, in milliseconds. */
const REFUSED_MS = 1_500;

/** How far one party is. */
export interface RunProgress {
  /** The party's rank. */
  rank: number;
  /** Where it is. */
  state: ComputationView["state"];
  /** From 0 to 1; 0 before its program tells. */
  fraction: number;
  /** What is done just now; empty before its program tells. */
  note: string;
  /** All that it tells. */
  view: ComputationView;
}

/** How a run goes. */
export interface RunControl {
  /** Cancels it; the run then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Hears of each change at each party. What it throws cancels the run, which rejects with it. */
  onProgress?: (progress: RunProgress) => void;
  /**
   * How long it may take, in milliseconds; it is cancelled then, and rejects with `CANCELLED`.
   *
   * @default {Infinity}
   */
  timeoutMs?: number;
}

/** A computation at all parties. */
export class Run {
  readonly #parties: readonly PartyClient[];
  readonly #session: string;
  readonly #request: ComputationRequest;
  readonly #control: RunControl;
  readonly #awayMs: number;
  /** By rank: the request that starts it there. */
  readonly #starts: Promise<unknown>[] = [];
  /** The ranks where it may go on: not where it was refused, or has ended. */
  readonly #going: Set<number> = new Set();
  readonly #failures: ToldFailure[] = [];
  /** Aborts when all is lost. */
  readonly #trouble: AbortController = new AbortController();
  /** Aborts when nobody listens any more. */
  readonly #over: AbortController = new AbortController();

  /**
   * Makes a run; `start` starts it.
   *
   * @param parties all of them
   * @param session the session's name
   * @param request what to run
   * @param control how it goes
   * @param awayMs how long a party may be away, in milliseconds
   */
  constructor(
    parties: readonly PartyClient[],
    session: string,
    request: ComputationRequest,
    control: RunControl,
    awayMs: number,
  ) {
    this.#parties = parties;
    this.#session = session;
    this.#request = request;
    this.#control = control;
    this.#awayMs = awayMs;
  }

  /**
   * Runs it at all parties.
   *
   * @returns how it ended at each, by rank
   * @throws {DriverError} when it failed, or was cancelled, at one of them
   */
  async start(): Promise<ComputationView[]> {
    const { signal, timeoutMs = Infinity } = this.#control;
    signal?.throwIfAborted();
    const onAbort = () => this.#trouble.abort(signal!.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    if (timeoutMs !== Infinity) void this.#expire(timeoutMs);
    try {
      return await this.#finish();
    } finally {
      signal?.removeEventListener("abort", onAbort);
      this.#over.abort();
    }
  }

  async #finish(): Promise<ComputationView[]> {
    const { signal } = this.#trouble;
    const traceparent = newTrace();
    const views = this.#parties.map((party, rank) => this.#runAt(party, rank, traceparent));
    const lost = new Promise<void>((resolve) =>
      signal.addEventListener("abort", () => resolve(), { once: true })
    );
    const done = Promise.all(views);
    await Promise.race([done, lost]);
    if (!signal.aborted) return await done as ComputationView[];
    await this.#cancel();
    await within(LAST_WORDS_MS, done);
    const { id, program } = this.#request;
    throw signal.reason === FAILED
      ? driverError(
        `Computation ${id} (${program}) has ended early`,
        this.#failures,
        this.#parties,
        this.#session,
      )
      : signal.reason;
  }

  /** Never rejects. @returns how it ended there; undefined when that is not known */
  async #runAt(
    party: PartyClient,
    rank: number,
    traceparent: string,
  ): Promise<ComputationView | undefined> {
    const { signal } = this.#over;
    const persistence = {
      awayMs: this.#awayMs,
      refusedMs: REFUSED_MS,
      signal: this.#trouble.signal,
    };
    const [session, { id }] = [this.#session, this.#request];
    let shown = "";
    const onView = (view: ComputationView) => {
      const { state, progress } = view;
      const now = JSON.stringify([state, progress]);
      if (now !== shown) this.#report(rank, view);
      shown = now;
    };
    try {
      this.#going.add(rank);
      const options = { traceparent, signal };
      let attempts = 0;
      const start = persist(async () => {
        // Where events do not come through, or the party is away, the answer alone will do.
        if (attempts++ === 0) {
          const events = party.runComputation(session, this.#request, options);
          const first = await events.next();
          if (!first.done) return { events: resume(first.value, events) };
        }
        onView(await party.startComputation(session, this.#request, options));
        return {};
      }, persistence).catch((error) => {
        // Who refused it has nothing to cancel; under the same id, another may be running.
        if (!(error instanceof UnreachedError)) this.#going.delete(rank);
        throw error;
      });
      this.#starts[rank] = start;
      const begun = await start;
      const view = await follow(party, { session, id, onView, persistence, signal, ...begun });
      this.#going.delete(rank);
      if (view.error !== undefined) this.#fail(failureOfView(rank, party.url, view.error));
      return view;
    } catch (error) {
      if (!this.#over.signal.aborted) this.#fail(failureOf(rank, party.url, lost(error, rank)));
      return undefined;
    }
  }

  #report(rank: number, view: ComputationView): void {
    if (this.#trouble.signal.aborted) return;
    const { state, progress } = view;
    const { fraction, note } = progress ?? { fraction: 0, note: "" };
    try {
      this.#control.onProgress?.({ rank, state, fraction, note, view });
    } catch (error) {
      this.#trouble.abort(error);
    }
  }

  #fail(failure: ToldFailure): void {
    this.#failures.push(failure);
    this.#trouble.abort(FAILED);
  }

  async #expire(timeoutMs: number): Promise<void> {
    await sleep(timeoutMs, this.#over.signal);
    const { id, program } = this.#request;
    const message = `Computation ${id} (${program}) did not end within ${timeoutMs} ms, and was ` +
      `cancelled at all parties: see how far each is, or raise timeoutMs`;
    const about = { session: this.#session, elapsedMs: timeoutMs };
    if (!this.#over.signal.aborted) {
      this.#trouble.abort(new PartyError("CANCELLED", message, about));
    }
  }

  /** Cancels it wherever it may go on; who cannot be reached hears it from the others. */
  async #cancel(): Promise<void> {
    await Promise.all([...this.#going].map(async (rank) => {
      const started = this.#starts[rank]!.catch(() => {});
      await within(CANCEL_MS, started); // or the cancellation might come first
      if (!this.#going.has(rank)) return;
      await this.#parties[rank]!.cancelComputation(this.#session, this.#request.id, {
        timeoutMs: CANCEL_MS,
      }).catch(() => {});
    }));
  }
}

/** What has come, and then the rest. */
async function* resume<T>(first: T, rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield first;
  yield* rest;
}

/** Why there is trouble when the parties' failures say it. */
const FAILED = Symbol("failed");

/** A party that was there when the session was created, and is not any more. */
function lost(error: unknown, rank: number): unknown {
  if (!(error instanceof UnreachedError)) return error;
  return new PeerUnreachableError(error.message, { rank, cause: error });
}
