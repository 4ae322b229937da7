/**
 * A party that is served over a real socket, with one session of two, and what tests say to it.
 *
 * @module
 */

import * as assert from "uvu/assert";
import { createParty, type Party, type PartyOptions, serve, type Server } from "../../mod.ts";

/** A problem answer, as RFC 9457 and the API have it. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  /** With `PEER_ABORTED` alone: who failed, and what its farewell said of it. */
  peer_rank?: number;
  peer_code?: string;
  reason?: string;
}

const MEMBERS = ["type", "title", "status", "detail", "code"];
const ABORTED_MEMBERS = [...MEMBERS, "peer_rank", "peer_code", "reason"];

/** An answer whose body was read. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
}

/** Makes one request; a body that is no text goes as JSON. */
export async function request(
  url: string,
  { method = "GET", body, headers }: { method?: string; body?: unknown; headers?: HeadersInit } =
    {},
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: { ...body === undefined ? {} : { "content-type": "application/json" }, ...headers },
    body: body === undefined || typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** Makes a POST request. */
export function post(url: string, body: unknown): Promise<Answer> {
  return request(url, { method: "POST", body });
}

/** @returns Base64 of the JSON of a plain value, as any language would make it */
export function dataOf(value: unknown): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(value))));
}

/** Fails unless the answer is a problem with that status and code that tells nothing internal. */
export function assertProblem(
  { status, headers, text }: { status: number; headers: Pick<Headers, "get">; text: string },
  expectedStatus: number,
  code: string,
): Problem {
  assert.is(status, expectedStatus, text.slice(0, 500));
  assert.is(headers.get("content-type"), "application/problem+json");
  const problem: Problem = JSON.parse(text);
  assert.equal(Object.keys(problem), code === "PEER_ABORTED" ? ABORTED_MEMBERS : MEMBERS);
  assert.is(problem.code, code, text.slice(0, 500));
  assert.is(problem.status, status);
  assert.is(problem.type, "about:blank");
  assert.ok(problem.title.length > 0 && problem.detail.length > 0);
  assert.ok(problem.detail.length < 1_000, `a detail of ${problem.detail.length} characters`);
  assert.not.match(text, /\bat .*:\d+:\d+|node_modules|file:|\.ts\b|\/lib\//);
  return problem;
}

/** A served party: rank 0 of session `demo`, in which nobody is rank 1 but the test. */
export class Served {
  readonly party: Party;
  readonly server: Server;
  #messages = 0;

  private constructor(party: Party, server: Server) {
    this.party = party;
    this.server = server;
  }

  /** Serves a party. */
  static async start(options: PartyOptions = {}): Promise<Served> {
    const party = createParty({ timeoutMs: 30_000, ...options });
    const server = await serve(party, { port: 0 });
    // Nothing listens on port 2, and fetch knows no harm of it: a farewell to rank 1 fails at once.
    const endpoints = [server.url, "http://127.0.0.1:2"];
    await party.createSession({ name: "demo", rank: 0, endpoints });
    return new Served(party, server);
  }

  /** @returns the URL of a path at the party */
  url(path: string): string {
    return `${this.server.url}${path}`;
  }

  /** Sends a good message, and fails unless a `recv` gets it. */
  async assertDelivers(): Promise<void> {
    const key = `good ${this.#messages++}`;
    const { communicator } = this.party.session("demo");
    const received = communicator.recv(1, key);
    const body = { from_rank: 1, to_rank: 0, key, data: dataOf({ key }) };
    const answer = await post(this.url("/sessions/demo/comm/send"), body);
    assert.is(answer.text, '{"status":"ok"}');
    assert.equal(await received, { key });
  }

  /** Ends the server, then the party. */
  async close(): Promise<void> {
    await this.server.close();
    await this.party.close();
  }
}
