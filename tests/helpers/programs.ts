/**
 * Programs made up for a test, and parties that run them.
 *
 * @module
 */

import { v } from "../../lib/deps.ts";
import {
  defineProgram,
  type PartyOptions,
  type Program,
  type ProgramContext,
  type Session,
} from "../../mod.ts";
import { type Parties, startParties } from "./parties.ts";
import { type Answer, request } from "./served.ts";

/**
 * @param name its name
 * @param run what it does; what it returns becomes the output `result`, unless that is undefined
 * @returns a program that takes any params
 */
export function program(
  name: string,
  run: (context: ProgramContext) => unknown,
): Program {
  return defineProgram({
    name,
    version: "1.0.0",
    description: "Made up for a test.",
    params: v.unknown(),
    outputs: { result: v.unknown() },
    run: async (context) => ({ result: await run(context) }),
  });
}

/** What a program waits for until the test lets it go on. */
export interface Gate {
  /** Resolves once it is open. */
  opened: Promise<void>;
  /** Opens it. */
  open(): void;
}

/** @returns a gate that is shut */
export function gate(): Gate {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => open = resolve);
  return { opened, open };
}

/** What the API shows of a computation, as far as tests look at it. */
export interface View {
  computation_id: string;
  program: string;
  version: string;
  state: string;
  input_names: Record<string, string>;
  output_names: Record<string, string>;
  params: unknown;
  progress: { fraction: number; note: string } | null;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
  elapsed_ms: number;
  traffic: {
    rank: number;
    messages_sent: number;
    bytes_sent: number;
    messages_received: number;
    bytes_received: number;
  }[];
  traceparent: string;
  error: {
    code: string;
    detail: string;
    rank: number | null;
    peer_code: string | null;
    reason: string | null;
  } | null;
}

/** Parties in a session `s`, and what a driver says to them. */
export class Driven {
  readonly sessions: Session[];
  readonly #parties: Parties;

  private constructor(parties: Parties, sessions: Session[]) {
    this.#parties = parties;
    this.sessions = sessions;
  }

  /**
   * Runs a test with a number of parties, and ends them.
   *
   * @param size how many
   * @param options of every party, or of each by its rank; its programs above all
   * @param body the test
   */
  static async run(
    size: number,
    options: PartyOptions | ((rank: number) => PartyOptions),
    body: (driven: Driven) => Promise<void>,
  ): Promise<void> {
    const parties = await startParties(size, options);
    try {
      await body(new Driven(parties, await parties.createSession("s")));
    } finally {
      await parties.close();
    }
  }

  /** The parties and their servers. */
  get parties(): Parties {
    return this.#parties;
  }

  /** @returns the URL of the session's computations at a rank, and of what is below them */
  url(rank: number, path = ""): string {
    return `${this.#parties.endpoints[rank]}/sessions/s/computations${path}`;
  }

  /** Starts a computation at one party. */
  post(rank: number, body: object, headers: Record<string, string> = {}): Promise<Answer> {
    return request(this.url(rank), { method: "POST", body, headers });
  }

  /** Starts it at all parties. */
  postAll(body: object, headers: Record<string, string> = {}): Promise<Answer[]> {
    return Promise.all(this.sessions.map((_, rank) => this.post(rank, body, headers)));
  }

  /** Starts it at all parties, and does not wait for its end. */
  async startAll(body: object): Promise<void> {
    await this.postAll(body, { prefer: "respond-async" });
  }

  /** Reads a computation. */
  async view(rank: number, id: string): Promise<View> {
    return JSON.parse((await request(this.url(rank, `/${id}`))).text);
  }

  /** Reads it at all parties. */
  views(id: string): Promise<View[]> {
    return Promise.all(this.sessions.map((_, rank) => this.view(rank, id)));
  }

  /** Resolves once it has that state at all parties, or at some of them. */
  async untilState(id: string, state: string, ranks = [...this.sessions.keys()]): Promise<void> {
    const startedAt = performance.now();
    for (;;) {
      const states = ranks.map((rank) =>
        this.sessions[rank]!.computations.find((one) => one.id === id)?.state
      );
      if (states.every((one) => one === state)) return;
      if (performance.now() - startedAt > 30_000) {
        throw new Error(`waited 30 s in vain until ${id} was ${state}: it is ${states}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** How many bytes wait unread at all parties together. */
  unreadBytes(): number {
    const views = this.sessions.flatMap((session) => session.describe());
    return views.reduce((sum, { unread }) => sum + unread.bytes, 0);
  }
}
