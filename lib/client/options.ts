/**
 * What a client is told: how to make requests, and what to run.
 *
 * @module
 */

/** Options of a client. */
export interface ClientOptions {
  /**
   * Makes the requests.
   *
   * @default {the global one}
   */
  fetch?: typeof fetch;
  /**
   * How long one request may take, in milliseconds.
   *
   * @default {30_000}
   */
  timeoutMs?: number;
  /**
   * Called with every request as the last step before it is made, such as to sign it.
   *
   * @returns the request to make in its place
   */
  authorize?: (request: Request) => Request | Promise<Request>;
}

/** How one call is made. */
export interface CallOptions {
  /** Gives it up; it then rejects with the signal's reason. */
  signal?: AbortSignal;
  /**
   * How long it may take, in milliseconds.
   *
   * @default {that of the client}
   */
  timeoutMs?: number;
}

/** Symbols, by the names that a program gives them, or in the order in which it does. */
export type SymbolNames = Readonly<Record<string, string>> | readonly string[];

/** What a computation is asked to be. */
export interface ComputationRequest {
  /** 1 to 128 letters, digits, `.`, `_` or `-`; unique in the session, the same at all parties. */
  id: string;
  /** The name of the program. */
  program: string;
  /** The symbol of each input; one that is left out is the symbol of its own name. */
  inputs?: SymbolNames;
  /** The symbol that each output becomes, in the same way. */
  outputs?: SymbolNames;
  /** What the program is asked for; plain data. */
  params?: unknown;
}
