/**
 * Following one party's part in a computation to its end, over streams that may break.
 *
 * @module
 */

import { PartyError } from "../errors.ts";
import { sleep } from "../timing.ts";
import type { PartyClient } from "./party_client.ts";
import { persist, type Persistence } from "./persist.ts";
import type { ComputationView } from "./views.ts";

/** How often a party is asked that sends no events, in milliseconds. */
const POLL_MS = 500;

/** After how many streams without an event a party is only asked: a gateway lets none through. */
const MAX_EMPTY_STREAMS = 2;

/** What is followed, and until when. */
export interface Following {
  session: string;
  id: string;
  /** Hears how the computation is, in the order of time. */
  onView: (view: ComputationView) => void;
  /** How often it is tried again while the party is away. */
  persistence: Persistence;
  /** Ends it at once. */
  signal: AbortSignal;
  /** Its events, as far as they come already. */
  events?: AsyncIterable<ComputationView>;
}

/**
 * @param party whose part it is
 * @param following which computation
 * @returns the computation once it has ended there
 * @throws {PartyError} what the party answered; `NETWORK` when it was away for too long
 */
export async function follow(party: PartyClient, following: Following): Promise<ComputationView> {
  const { session, id, onView, persistence, signal } = following;
  const later = () => party.followComputation(session, id, { signal });
  let { events = later() } = following;
  let emptyStreams = 0;
  for (;;) {
    const view = await persist(async () => {
      if (emptyStreams < MAX_EMPTY_STREAMS) {
        const last = await lastEvent(events, following);
        events = later();
        emptyStreams = last === undefined ? emptyStreams + 1 : 0;
        if (last !== undefined) return last;
      }
      const read = await party.computation(session, id, { signal });
      onView(read);
      return read;
    }, persistence);
    if (view.endedAt !== undefined) return view;
    await sleep(POLL_MS * (0.5 + Math.random() / 2), signal);
    signal.throwIfAborted();
  }
}

/** @returns the computation as the last event shows it; undefined when none came */
async function lastEvent(
  events: AsyncIterable<ComputationView>,
  { onView, signal }: Following,
): Promise<ComputationView | undefined> {
  let last: ComputationView | undefined;
  try {
    for await (const view of events) {
      last = view;
      onView(view);
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof PartyError)) throw error; // a fault of the caller's own
    // What is wrong with the party, a request without a stream tells.
  }
  return last;
}
