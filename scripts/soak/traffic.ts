/**
 * What one party sends and receives in one session of the soak.
 *
 * @module
 */

import type { Communicator } from "../../lib/comm/communicator.ts";
import { PartyError } from "../../lib/errors.ts";
import type { Session } from "../../lib/resources/session.ts";
import { Dice } from "../../lib/testing/plan.ts";
import { faultOf, keyOf, type Message, randomMessage } from "./values.ts";

/** How many contexts send at once, and how many messages of each are on their way at most. */
const [CONTEXTS, WINDOW] = [3, 8];

/** What became of one session at one party. */
export interface Account {
  /** How many messages each rank has acknowledged, and how many came from it. */
  sent: number[];
  received: number[];
  /** What came that should not have come so. */
  faults: string[];
  /** `peace`, or the code of the error that ended the session. */
  end: string;
  /** The error's message. */
  why: string;
}

/** One party's part in a session. */
export class Traffic {
  /** What came of it so far. */
  readonly account: Account;
  readonly #world: Communicator;
  readonly #seed: number;
  readonly #until: number;

  /** @param session whose it is @param seconds how long it sends @param seed of all parties */
  constructor(session: Session, seconds: number, seed: number) {
    this.#world = session.communicator;
    this.#seed = seed;
    this.#until = performance.now() + seconds * 1_000;
    const none = () => new Array<number>(session.worldSize).fill(0);
    this.account = { sent: none(), received: none(), faults: [], end: "peace", why: "" };
  }

  /** Sends and receives until the time is over, or the session is. @returns what came of it */
  async run(): Promise<Account> {
    try {
      await this.#world.barrier();
      const names = Array.from({ length: CONTEXTS }, (_, at) => `context-${at}`);
      const work = names.map((name) => this.#world.spawn(name)).flatMap((context, at) => [
        this.#send(context, at),
        ...this.#others.map((from) => this.#receive(context, at, from)),
      ]);
      // All of them have to end, whichever is first to fail.
      const outcomes = await Promise.allSettled(work);
      const failed = outcomes.find((outcome) => outcome.status === "rejected");
      if (failed !== undefined) throw failed.reason;
      await this.#world.barrier();
    } catch (error) {
      this.account.end = error instanceof PartyError ? error.code : "no PartyError";
      this.account.why = String(error);
    }
    return this.account;
  }

  get #others(): number[] {
    const { rank, worldSize } = this.#world;
    return Array.from({ length: worldSize }, (_, at) => at).filter((at) => at !== rank);
  }

  async #send(context: Communicator, at: number): Promise<void> {
    const dice = new Dice(this.#seed + this.#world.rank * 100 + at);
    const next = new Array<number>(this.#world.worldSize).fill(0);
    const underWay = new Set<Promise<void>>();
    const send = (to: number, value: Message | null) => {
      const key = this.#key(at, this.#world.rank, to, next[to]!++);
      const sending = context.send(to, key, value).then(() => {
        this.account.sent[to]!++;
        underWay.delete(sending);
      });
      sending.catch(() => {}); // all are awaited below
      underWay.add(sending);
    };
    while (performance.now() < this.#until) {
      const to = this.#others[dice.below(this.#others.length)]!;
      send(to, randomMessage(dice, next[to]!));
      if (underWay.size >= WINDOW) await Promise.race(underWay);
      if (dice.chance(0.2)) await new Promise((resolve) => setTimeout(resolve, dice.upTo(30)));
    }
    for (const to of this.#others) send(to, null);
    await Promise.all(underWay);
  }

  async #receive(context: Communicator, at: number, from: number): Promise<void> {
    for (let n = 0;; n++) {
      const key = this.#key(at, from, this.#world.rank, n);
      const message = await context.recv<Message | null>(from, key);
      this.account.received[from]!++;
      if (message === null) return;
      const fault = faultOf(message, n);
      if (fault !== undefined) this.account.faults.push(`from rank ${from}: ${fault}`);
    }
  }

  #key(context: number, from: number, to: number, n: number): string {
    return keyOf(this.#seed + context * 10_000 + from * 1_000 + to * 100, n);
  }
}
