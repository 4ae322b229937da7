/**
 * The driver of Partyline: runs jobs over all parties, on Fetch alone, so that it works in a browser
 * as well as on Node and Deno.
 *
 * ```ts
 * import { BUILTIN_PROGRAMS, createParty, Driver, serve } from "partyline";
 *
 * // Three parties; in real life each is a process of another organisation.
 * const parties = [0, 1, 2].map(() => createParty({ programs: BUILTIN_PROGRAMS }));
 * const servers = await Promise.all(parties.map((party) => serve(party, { port: 0 })));
 *
 * const driver = new Driver(servers.map((server) => server.url));
 * const session = await driver.session();
 * await session.put(0, "values", [1, 2.5]);
 * await session.put(1, "values", [10, 20]);
 * await session.put(2, "values", [100, 200]);
 * await session.run("sum", {
 *   outputs: { total: "grand-total" },
 *   onProgress: ({ rank, state }) => console.log(`rank ${rank} is ${state}`),
 * });
 * console.log(await session.get(0, "grand-total")); // [ 111, 222.5 ]
 * await session.close();
 *
 * await Promise.all(parties.map((party) => party.close()));
 * await Promise.all(servers.map((server) => server.close()));
 * ```
 *
 * @module
 */

export { type CommonProgram, Driver, type DriverOptions, type PartyStatus } from "./driver.ts";
export { DriverSession, type RunOptions } from "./session.ts";
export type { RunControl, RunProgress } from "./run.ts";
export { DriverError, type PartyFailure, type ToldFailure } from "./failures.ts";
export {
  type CloseOptions,
  PartyClient,
  type PartyClientOptions,
  type TraceOptions,
} from "./party_client.ts";
export { type OperatorKey, type SignOptions, signRequests } from "./sign.ts";
export type { CallOptions, ClientOptions, ComputationRequest, SymbolNames } from "./options.ts";
export type {
  ComputationFailure,
  ComputationView,
  ListedSymbol,
  ProgramView,
  SeenParty,
  SessionDetails,
  SessionPeerView,
  SessionView,
  StatusView,
  SymbolView,
  Traffic,
} from "./views.ts";
export {
  ERROR_CODES,
  type ErrorCode,
  type ErrorFields,
  NetworkError,
  PartyError,
  PeerAbortedError,
  PeerUnreachableError,
  SerializationError,
  SessionClosedError,
} from "../errors.ts";
