/**
 * Partyline: secure multi-party computation over plain HTTP, one process per party.
 *
 * ```ts
 * import { createParty, serve } from "partyline";
 *
 * const parties = [createParty(), createParty()]; // one process each in real life
 * const servers = await Promise.all(parties.map((party) => serve(party, { port: 0 })));
 * const endpoints = servers.map((server) => server.url);
 * const [alice, bob] = await Promise.all(
 *   parties.map((party, rank) => party.createSession({ name: "demo", rank, endpoints })),
 * );
 *
 * await alice!.communicator.send(1, "hello", { message: "Hello Party 1" });
 * console.log(await bob!.communicator.recv(0, "hello")); // { message: "Hello Party 1" }
 *
 * await Promise.all(parties.map((party) => party.close()));
 * await Promise.all(servers.map((server) => server.close()));
 * ```
 *
 * @module
 */

export { createParty, type Party, type PartyOptions } from "./lib/party.ts";
export {
  type Config,
  type ConfigParty,
  type Operator,
  parseConfig,
  type Right,
  RIGHTS,
} from "./lib/security/config.ts";
export { type OwnKey, parseKeyFile } from "./lib/security/keys/key_file.ts";
export { KEY_KINDS, type KeyKind } from "./lib/security/keys/keys.ts";
export type { Identity } from "./lib/security/sealing/covers.ts";
export type { ClientCertificate, RequestContext } from "./lib/server/routes.ts";
export { serve, type ServeOptions, type Server } from "./lib/serve/serve.ts";
export type { ServeLimits } from "./lib/serve/limits.ts";
export type { ServeTlsOptions } from "./lib/serve/tls.ts";
export { tlsFetch } from "./lib/tls/fetch.ts";
export type { TlsFetchOptions } from "./lib/tls/options.ts";
export type {
  CollectiveOptions,
  Communicator,
  PeerStats,
  RootedOptions,
  WaitOptions,
} from "./lib/comm/communicator.ts";
export type { CollectiveCommunicator } from "./lib/comm/collectives.ts";
export { CommunicatorBase, type CommunicatorOptions } from "./lib/comm/base.ts";
export type { Ending, EndingActions, FailureCause, Farewell } from "./lib/comm/ending.ts";
export type { SealedFarewell } from "./lib/comm/farewell.ts";
export type { Deadlines, Expiring } from "./lib/comm/deadlines.ts";
export type { LinkRequest } from "./lib/comm/link/receiver.ts";
export { HttpCommunicator, type HttpCommunicatorOptions, type PeerView } from "./lib/comm/http.ts";
export type {
  Accepted,
  Bytes,
  Lifetimes,
  Opened,
  Opening,
  SessionCover,
} from "./lib/comm/link/sealed/cover.ts";
export type { LinkKind } from "./lib/comm/link/context.ts";
export type { LinkView } from "./lib/comm/peer.ts";
export type { MailboxView } from "./lib/comm/rank_box.ts";
export { MemoryCommunicator } from "./lib/comm/memory.ts";
export type { Scope, ScopeEnd, ScopeEvents } from "./lib/comm/scopes.ts";
export type {
  OutputOf,
  Schema,
  SchemaIssue,
  SchemaProps,
  SchemaResult,
} from "./lib/programs/standard_schema.ts";
export type { LogFields, Logger, LogLevel, LogRecord, LogSink, LogSubject } from "./lib/log.ts";
export type { Session, SessionLimits, SessionState } from "./lib/resources/session.ts";
export type { NamesOf } from "./lib/resources/bindings.ts";
export type { ComputationSpec } from "./lib/resources/computation_spec.ts";
export type { ComputationLimits } from "./lib/resources/computations.ts";
export type { SessionSpec } from "./lib/resources/spec.ts";
export type { SessionSymbol } from "./lib/resources/symbol.ts";
export type { SymbolLimits, SymbolTable } from "./lib/resources/symbols.ts";
export { directoryStore } from "./lib/resources/store/directory.ts";
export { memoryStore } from "./lib/resources/store/memory.ts";
export type {
  SkippedEntry,
  StoredSymbol,
  StoredSymbols,
  SymbolStore,
} from "./lib/resources/store/store.ts";
export type { Computation, ComputationState, Progress } from "./lib/resources/computation.ts";
export {
  ERROR_CODES,
  type ErrorCode,
  type ErrorFields,
  NetworkError,
  PartyError,
  PeerAbortedError,
  PeerRestartedError,
  PeerUnreachableError,
  SerializationError,
  SessionClosedError,
  TimeoutError,
} from "./lib/errors.ts";
export { secureSum, type SecureSumOptions } from "./lib/mpc/secure_sum.ts";
export { combine, split } from "./lib/mpc/shares.ts";
export type { RandomSource } from "./lib/mpc/ring.ts";
export {
  defineProgram,
  type Program,
  type ProgramContext,
  type ProgramSpec,
  type Schemas,
  type Values,
} from "./lib/programs/program.ts";
export { agree, type AgreeOptions } from "./lib/programs/agreement.ts";
export { BUILTIN_PROGRAMS } from "./lib/programs/builtin.ts";
export { hello, helloProgram, type HelloResult } from "./lib/programs/hello.ts";
export { latencyProgram, measureLatency } from "./lib/programs/latency.ts";
export { type Column, meanProgram, type Moments, pooledMoments } from "./lib/programs/mean.ts";
export { sumProgram } from "./lib/programs/sum.ts";
export type { Table } from "./lib/programs/table.ts";
export { decodeJson, encodeJson } from "./lib/wire/json.ts";
export type { MessageBody, Payload } from "./lib/wire/message.ts";
export { type FaultyFetch, faultyFetch } from "./lib/testing/faulty_fetch.ts";
export type { FaultOptions, GatewayOptions } from "./lib/testing/options.ts";
export type { FaultKind } from "./lib/testing/plan.ts";
export { VERSION } from "./lib/version.ts";
export {
  type CallOptions,
  type ClientOptions,
  type CloseOptions,
  type CommonProgram,
  type ComputationFailure,
  type ComputationRequest,
  type ComputationView,
  Driver,
  DriverError,
  type DriverOptions,
  DriverSession,
  type ListedSymbol,
  type OperatorKey,
  PartyClient,
  type PartyClientOptions,
  type PartyFailure,
  type PartyStatus,
  type ProgramView,
  type RunControl,
  type RunOptions,
  type RunProgress,
  type SeenParty,
  type SessionDetails,
  type SessionPeerView,
  type SessionView,
  type SignOptions,
  signRequests,
  type StatusView,
  type SymbolNames,
  type SymbolView,
  type ToldFailure,
  type TraceOptions,
  type Traffic,
} from "./lib/client/mod.ts";
