/**
 * Two honest parties in this process, with the one that is attacked: sessions of the three, and the
 * good traffic in them.
 *
 * @module
 */

import * as assert from "uvu/assert";
import { createParty, type Party } from "../../../lib/party.ts";
import { BUILTIN_PROGRAMS } from "../../../lib/programs/builtin.ts";
import type { Program } from "../../../lib/programs/program.ts";
import type { Session } from "../../../lib/resources/session.ts";
import { serve, type Server } from "../../../lib/serve/serve.ts";
import { until } from "../waiting.ts";
import heldMemory from "./held_memory.ts";
import { type Stolen, Wire } from "../wire.ts";
import { tap, type Wiretap } from "../wiretap.ts";
import type { Identity as TlsIdentity } from "../certificates.ts";
import { tlsFetch } from "../../../lib/tls/fetch.ts";
import { BOB, Victim } from "./victim.ts";

/** How many messages the first party sends for a run of each program; one says what it agrees to. */
const MESSAGES = { "hello": 2, "held-memory": 1 };
/** What all parties run. */
export const PROGRAMS: readonly Program[] = [...BUILTIN_PROGRAMS, heldMemory];

/** What the attacked party tells of a session. */
interface View {
  state: string;
  peers: { rank: number; unread: { messages: number }; traffic: { messages_received: number } }[];
}

/** How the parties are run. */
export interface NetOptions {
  /** Options of the command that runs the attacked one. */
  args?: string[];
  /** What they show each other over mutual TLS, by rank, and whom they trust. */
  tls?: { ca: string; shown: readonly TlsIdentity[] };
}

/** Three parties, two of them here. */
export class Net {
  readonly victim: Victim;
  /** All that goes from the first party to the others, in an attacker's hands. */
  readonly wire: Wire;
  /** All that comes to the first party. */
  readonly tap: Wiretap;
  /** Answers in the first party's place. */
  forge: ((request: Request) => Response | undefined) | undefined;
  /** What the first party's requests to the attacked one wait for. */
  hold: Promise<void> | undefined;
  readonly #parties: Party[] = [];
  readonly #servers: Server[];
  #sessions = 0;

  private constructor(victim: Victim, wire: Wire, tap: Wiretap, servers: Server[]) {
    this.victim = victim;
    this.wire = wire;
    this.tap = tap;
    this.#servers = servers;
  }

  /** Starts all three. */
  static async start({ args = [], tls }: NetOptions = {}): Promise<Net> {
    const made: { net?: Net } = {};
    const servers = await Promise.all([0, 1].map((at) =>
      serve({
        fetch: async (request, context) => {
          const forged = at === 0 ? made.net?.forge?.(request) : undefined;
          return forged ?? await made.net!.#parties[at]!.fetch(request, context);
        },
      }, {
        port: 0,
        graceMs: 500,
        ...tls && { tls: { ...tls.shown[2 * at]!, clientCa: tls.ca } },
      })
    ));
    const fetches = tls && tls.shown.map((shown) => tlsFetch({ ca: tls.ca, ...shown }));
    const wire = new Wire();
    const tapped = await tap(servers[0]!.url);
    // So that the first party's host is another than that of the others.
    const alice = tls ? tapped.url.replace("http://127.0.0.1", "https://localhost") : tapped.url;
    const carol = servers[1]!.url;
    const victim = await Victim.start({ alice, carol, args, tlsFetch: fetches?.[BOB] });
    const net = made.net = new Net(victim, wire, tapped, servers);
    const programs = PROGRAMS;
    const { identities } = victim;
    const held: typeof fetch = async (input, init) => {
      if (String(input).startsWith(victim.url)) await net.hold;
      return await (fetches?.[0] ?? wire.fetch)(input, init);
    };
    net.#parties.push(createParty({ identity: identities[0]!, programs, fetch: held }));
    net.#parties.push(createParty({
      identity: identities[2]!,
      programs,
      fetch: fetches?.[2] ?? fetch,
    }));
    return net;
  }

  /** Opens a session of all three. */
  async open(): Promise<Scene> {
    const name = `session-${++this.#sessions}`;
    const scene = new Scene(this, name);
    await scene.open(this.#parties);
    return scene;
  }

  /** Ends all. */
  async close(): Promise<void> {
    await this.victim.close();
    await Promise.all(this.#parties.map((party) => party.close()));
    await Promise.all(this.#servers.map((server) => server.close()));
    await this.tap.close();
  }
}

/** One session of all three. */
export class Scene {
  readonly net: Net;
  readonly name: string;
  /** The first party's end. */
  alice!: Session;
  #carol!: Session;
  #parties: readonly Party[] = [];
  #runs = 0;
  #messages = 0;

  /** @param name the session's */
  constructor(net: Net, name: string) {
    this.net = net;
    this.name = name;
  }

  /** Creates it at all three. @param parties those here */
  async open(parties: readonly Party[]): Promise<void> {
    const { name, net: { victim } } = this;
    const endpoints = victim.config.parties.map(({ url }) => url);
    const [alice, carol, created] = await Promise.all([
      parties[0]!.createSession({ name, rank: 0, endpoints }),
      parties[1]!.createSession({ name, rank: 2, endpoints }),
      victim.createSession(name),
    ]);
    assert.is(created.status, 200, created.text);
    [this.alice, this.#carol, this.#parties] = [alice, carol, parties];
    this.#messages = 0;
  }

  /** Ends it, and creates the next one of its name. */
  async reopen(): Promise<void> {
    await this.close();
    await this.open(this.#parties);
  }

  /** The attacked party's place for links, or for another thing that peers do. */
  url(action = "comm/link"): string {
    return `${this.net.victim.url}/sessions/${this.name}/${action}`;
  }

  /** Good traffic: an operator has it run a program, for which sealed messages go both ways. */
  async hello(): Promise<void> {
    assert.equal(await this.#run("hello", "greeting"), {
      greeting: { sent: { message: "Hello Party 1" }, received: { message: "Hello Party 0" } },
    });
  }

  /** Fails unless the attacked party lives, good traffic flows, and nothing else was taken. */
  async assertUntouched(): Promise<void> {
    await this.net.victim.assertAlive();
    await this.hello();
    assert.equal(await this.view(), { state: "open", unread: 0, delivered: 0 });
  }

  /** What the attacked party's process holds, in bytes. */
  async heldMemory(): Promise<number> {
    await this.#run("held-memory", "bytes");
    const path = `/sessions/${this.name}/symbols/run-${this.#runs}`;
    const { data } = JSON.parse((await this.net.victim.ask("GET", path)).text);
    return JSON.parse(atob(data));
  }

  /** Runs a program at all three. @returns what the first party has of it */
  async #run(program: keyof typeof MESSAGES, output: string): Promise<unknown> {
    const id = `run-${++this.#runs}`;
    const outputs = { [output]: id };
    const [own, , bob] = await Promise.all([
      this.alice.compute({ id, program, outputs }).result,
      this.#carol.compute({ id, program, outputs }).result,
      this.net.victim.ask("POST", `/sessions/${this.name}/computations`, {
        computation_id: id,
        program,
        output_names: outputs,
      }),
    ]);
    assert.is(bob.status, 200, bob.text);
    assert.is(JSON.parse(bob.text).state, "completed");
    this.#messages += MESSAGES[program];
    return own;
  }

  /**
   * What the attacked party knows of the session, and of the first party's messages: how many are
   * unread, and how many came besides the good traffic.
   */
  async view(): Promise<{ state: string; unread: number; delivered: number }> {
    const { text } = await this.net.victim.ask("GET", `/sessions/${this.name}`);
    const { state, peers }: View = JSON.parse(text);
    const { unread, traffic } = peers.find(({ rank }) => rank === 0)!;
    const delivered = traffic.messages_received - this.#messages;
    return { state, unread: unread.messages, delivered };
  }

  /**
   * Has the first party send a message, and takes it from the way.
   *
   * @returns it, and what lets it be sent again; resolved when it has arrived
   */
  async steal(): Promise<{ stolen: Stolen; resend(): Promise<void> }> {
    const { wire } = this.net;
    const { communicator } = this.alice;
    const link = () => communicator.describe().find(({ rank }) => rank === BOB)!.link;
    await until(() => link().kind === "streaming", "the link is open");
    let release!: () => void;
    this.net.hold = new Promise((resolve) => release = resolve);
    const count = wire.stolen.length;
    wire.steal = 1;
    const sent = communicator.send(BOB, "stolen", "a message");
    await until(() => wire.stolen.length > count, "it was taken");
    const resend = async () => {
      this.net.hold = undefined;
      release();
      await sent;
    };
    return { stolen: wire.stolen.at(-1)!, resend };
  }

  /** What the first party sent the attacked one over their link. */
  sent() {
    const { wire, victim } = this.net;
    return wire.of(this.name, "comm/link").filter(({ url }) => url.startsWith(victim.url));
  }

  /** Ends it at all three, so that there can be another one of its name. */
  async close(): Promise<void> {
    await Promise.all([this.alice.close(), this.#carol.close()]);
    await this.net.victim.ask("DELETE", `/sessions/${this.name}`);
  }
}
