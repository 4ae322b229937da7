/**
 * The HTTP API of one party, typed: every answer is checked, every problem is a `PartyError`.
 *
 * @module
 */

import { v } from "../deps.ts";
import { check, Name } from "../schema.ts";
import { decodeCbor, encodeCbor } from "../wire/cbor.ts";
import { asciiJson, encodeJson } from "../wire/json.ts";
import { readEvents } from "./events.ts";
import type { CallOptions, ClientOptions, ComputationRequest } from "./options.ts";
import { type Call, Requester } from "./request.ts";
import {
  ComputationSchema,
  ComputationsSchema,
  ProgramsSchema,
  SessionDetailsSchema,
  SessionSchema,
  SessionsSchema,
  StatusSchema,
  SymbolSchema,
  SymbolsSchema,
} from "./schemas.ts";
import type {
  ComputationView,
  ListedSymbol,
  ProgramView,
  SessionDetails,
  SessionView,
  StatusView,
  SymbolView,
} from "./views.ts";

const CBOR_MEDIA_TYPE = "application/cbor";
/** The type of a symbol whose value is the body, as JSON in ASCII. */
const MPTYPE_HEADER = "partyline-mptype";

/** Options of {@linkcode PartyClient}. */
export interface PartyClientOptions extends ClientOptions {
  /** The party's rank, for errors. */
  rank?: number;
}

/** How a session is closed. */
export interface CloseOptions {
  /**
   * Whether the party's store keeps the session's symbols: they are back when a session of the same
   * name, rank and endpoints is created again.
   *
   * @default {false: they are deleted}
   */
  keepSymbols?: boolean;
}

/** Of which trace a computation is. */
export interface TraceOptions {
  /** The W3C trace context that it belongs to. @default {a new one} */
  traceparent?: string;
}

/**
 * A client of one party.
 *
 * Every method rejects with the `PartyError` that the party answered, with `NETWORK` when it cannot
 * be reached or is no party, and with the reason of the signal that gave the call up.
 */
export class PartyClient {
  /** The party's base URL, without a slash at its end. */
  readonly url: string;
  readonly #requester: Requester;

  /**
   * Makes a client; nothing is sent yet.
   *
   * @param url the party's base URL
   * @param options how requests are made
   * @throws {TypeError} when the URL is not the http or https URL of a party
   */
  constructor(url: string, { rank, ...options }: PartyClientOptions = {}) {
    this.#requester = new Requester(url, options, rank);
    this.url = this.#requester.url;
  }

  /** Resolves when the party is there. */
  async health(options: CallOptions = {}): Promise<void> {
    const schema: v.GenericSchema<unknown, { status: "ok" }> = v.object({
      status: v.literal("ok"),
    });
    await this.#get("/health", schema, options);
  }

  /** How it is. */
  status(options: CallOptions = {}): Promise<StatusView> {
    return this.#get("/status", StatusSchema, options);
  }

  /** What it runs. */
  async programs(options: CallOptions = {}): Promise<ProgramView[]> {
    return (await this.#get("/programs", ProgramsSchema, options)).programs;
  }

  /** Its sessions. */
  async sessions(options: CallOptions = {}): Promise<SessionView[]> {
    return (await this.#get("/sessions", SessionsSchema, options)).sessions;
  }

  /**
   * Creates a session there; the same again is the same.
   *
   * @param spec its name, the party's rank, and the endpoints in the order of the ranks
   * @param options with `onlyNew` it is a `CONFLICT` when there is one of the name, also the same
   */
  createSession(
    { name, rank, endpoints }: { name: string; rank: number; endpoints: readonly string[] },
    { onlyNew = false, ...options }: CallOptions & { onlyNew?: boolean } = {},
  ): Promise<SessionView> {
    const call = jsonCall("POST", "/sessions", { name, rank, endpoints }, options);
    if (onlyNew) call.headers = { ...call.headers, "if-none-match": "*" };
    return this.#requester.json(call, SessionSchema);
  }

  /** Reads a session, and who waits for whom in it. */
  session(name: string, options: CallOptions = {}): Promise<SessionDetails> {
    return this.#get(pathOf(name), SessionDetailsSchema, options);
  }

  /** Closes a session there, which tells the other parties. */
  deleteSession(
    name: string,
    { keepSymbols = false, ...options }: CallOptions & CloseOptions = {},
  ): Promise<void> {
    const query = keepSymbols ? "?keep_symbols=true" : "";
    return this.#delete(`${pathOf(name)}${query}`, options);
  }

  /** Keeps a value there; the same again is the same. @param mptype its type, as plain JSON */
  putSymbol(
    session: string,
    name: string,
    value: unknown,
    mptype: unknown = null,
    options: CallOptions = {},
  ): Promise<SymbolView> {
    const path = pathOf(session, "symbols", name);
    const headers = { "content-type": CBOR_MEDIA_TYPE, [MPTYPE_HEADER]: asciiJson(mptype) };
    const body = encodeCbor(value);
    return this.#requester.json({ method: "PUT", path, headers, body, ...options }, SymbolSchema);
  }

  /** Reads a symbol and its value. */
  getSymbol(
    session: string,
    name: string,
    options: CallOptions = {},
  ): Promise<SymbolView & { value: unknown }> {
    const path = pathOf(session, "symbols", name);
    const call: Call = { method: "GET", path, headers: { accept: CBOR_MEDIA_TYPE }, ...options };
    return this.#requester.read(call, async (response) => {
      const { headers } = response;
      if (headers.get("content-type") !== CBOR_MEDIA_TYPE) {
        throw this.#requester.notAParty(call, response, await response.text());
      }
      const value = decodeCbor(new Uint8Array(await response.arrayBuffer()));
      return { name, mptype: JSON.parse(headers.get(MPTYPE_HEADER) ?? "null"), value };
    });
  }

  /** The symbols there, without values; also those that only programs may read. */
  async symbols(session: string, options: CallOptions = {}): Promise<ListedSymbol[]> {
    return (await this.#get(pathOf(session, "symbols"), SymbolsSchema, options)).symbols;
  }

  /** Deletes a symbol. */
  deleteSymbol(session: string, name: string, options: CallOptions = {}): Promise<void> {
    return this.#delete(pathOf(session, "symbols", name), options);
  }

  /** Starts a computation there, and does not wait for its end; the same again is the same. */
  startComputation(
    session: string,
    request: ComputationRequest,
    options: CallOptions & TraceOptions = {},
  ): Promise<ComputationView> {
    const call = computationCall(session, request, options);
    call.headers = { ...call.headers, prefer: "respond-async" };
    return this.#requester.json(call, ComputationSchema);
  }

  /**
   * Starts a computation there and follows it, in one request: as `startComputation` and
   * `followComputation` do.
   */
  async *runComputation(
    session: string,
    request: ComputationRequest,
    options: Pick<CallOptions, "signal"> & TraceOptions = {},
  ): AsyncGenerator<ComputationView> {
    yield* readEvents(
      this.#requester,
      computationCall(session, request, options),
      ComputationSchema,
    );
  }

  /** The computations of a session there, in the order in which they were started. */
  async computations(session: string, options: CallOptions = {}): Promise<ComputationView[]> {
    const path = pathOf(session, "computations");
    return (await this.#get(path, ComputationsSchema, options)).computations;
  }

  /** Reads a computation. */
  computation(session: string, id: string, options: CallOptions = {}): Promise<ComputationView> {
    return this.#get(pathOf(session, "computations", id), ComputationSchema, options);
  }

  /**
   * Follows a computation: as it is now, and after each change, until it ends or the party does.
   *
   * @param options the signal ends it; the time is without limit as long as the party is there
   */
  async *followComputation(
    session: string,
    id: string,
    { signal }: Pick<CallOptions, "signal"> = {},
  ): AsyncGenerator<ComputationView> {
    const path = `${pathOf(session, "computations", id)}/events`;
    const call: Call = { method: "GET", path, ...signal === undefined ? {} : { signal } };
    yield* readEvents(this.#requester, call, ComputationSchema);
  }

  /** Cancels a computation, at all parties; nothing happens when it has ended. */
  cancelComputation(session: string, id: string, options: CallOptions = {}): Promise<void> {
    return this.#delete(pathOf(session, "computations", id), options);
  }

  #get<View>(
    path: string,
    schema: v.GenericSchema<unknown, View>,
    options: CallOptions,
  ): Promise<View> {
    return this.#requester.json({ method: "GET", path, ...options }, schema);
  }

  #delete(path: string, options: CallOptions): Promise<void> {
    return this.#requester.done({ method: "DELETE", path, ...options });
  }
}

function jsonCall(method: "POST", path: string, body: unknown, options: CallOptions): Call {
  const headers = { "content-type": "application/json" };
  return { method, path, headers, body: JSON.stringify(body), ...options };
}

function computationCall(
  session: string,
  { id, program, inputs, outputs, params }: ComputationRequest,
  { traceparent, ...options }: CallOptions & TraceOptions,
): Call {
  const body = {
    computation_id: id,
    program,
    input_names: inputs,
    output_names: outputs,
    ...params === undefined ? {} : { params: JSON.parse(encodeJson(params)) },
  };
  const call = jsonCall("POST", pathOf(session, "computations"), body, options);
  return traceparent === undefined ? call : { ...call, headers: { ...call.headers, traceparent } };
}

/** @throws {PartyError} `INVALID_REQUEST` when a name is none, and would be another path */
function pathOf(session: string, ...rest: string[]): string {
  const names = [session, ...rest].map((name) => check(Name, name, "a name"));
  return `/sessions/${names.join("/")}`;
}
