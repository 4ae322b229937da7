/**
 * Reaching one party, step by step, so that the first step that fails tells what is wrong.
 *
 * @module
 */

import { lookup } from "node:dns/promises";
import { connect, isIP } from "node:net";
import type { PartyClient } from "../../../lib/client/party_client.ts";
import type { SessionView, StatusView } from "../../../lib/client/views.ts";
import { describeError, PartyError } from "../../../lib/errors.ts";
import { TLS_ADVICE } from "../tls_files.ts";
import type { Check } from "./check.ts";

/** How long one step may take, in milliseconds. */
const STEP_MS = 5_000;
/** Signatures of requests and certificates go wrong when clocks differ by more. */
const MAX_CLOCK_SKEW_MS = 10_000;

/** What is known of a party. */
export interface Reached {
  checks: Check[];
  /** What it tells of itself; undefined when it does not. */
  status: StatusView | undefined;
  /** Its sessions. */
  sessions: SessionView[];
}

/** Takes the steps, up to the first that fails. */
export async function reachParty(
  url: string,
  client: PartyClient,
  rank: number,
  signal: AbortSignal,
): Promise<Reached> {
  const checks: Check[] = [];
  const reached: Reached = { checks, status: undefined, sessions: [] };
  const { hostname, port, protocol } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, "");
  const at = Number(port) || (protocol === "https:" ? 443 : 80);
  const options = { signal, timeoutMs: STEP_MS };
  const step = async (
    check: string,
    adviceOn: (error: unknown) => string,
    take: () => Promise<Omit<Check, "rank" | "check">>,
  ) => {
    try {
      checks.push({ rank, check, ...await take() });
      return true;
    } catch (error) {
      const advice = adviceOn(error);
      checks.push({ rank, check, state: "fail", detail: describeError(error), advice });
      return false;
    }
  };

  const resolves = await step("name", () => "correct the URL, or the DNS", async () => {
    if (isIP(host)) return { state: "ok", detail: `${host} is an address` };
    const { address } = await lookup(host);
    return { state: "ok", detail: `${host} is ${address}` };
  });
  if (!resolves) return reached;
  const connects = await step(
    "port",
    () => "start the party there, or open the port in the firewalls between",
    async () => {
      const ms = await connectTo(host, at);
      return { state: "ok", detail: `port ${at} took a connection in ${ms.toFixed(1)} ms` };
    },
  );
  if (!connects) return reached;
  const adviceOn = (error: unknown) => {
    if (error instanceof PartyError && error.code !== "NETWORK") {
      return "give the key of an operator of the list there, and set the clocks by NTP";
    }
    const trust = protocol === "https:" ? `${TLS_ADVICE}; or ` : "";
    return `${trust}something else answers there: correct the URL, or the gateway before the party`;
  };
  await step("answer", adviceOn, async () => {
    await client.health(options);
    const before = Date.now();
    const status = reached.status = await client.status(options);
    const roundTripMs = Date.now() - before;
    reached.sessions = await client.sessions(options);
    const skewMs = Number(status.time) - (before + roundTripMs / 2);
    checks.push(clockCheck(rank, skewMs, roundTripMs));
    const detail = `Partyline ${status.version}, up for ${Math.floor(status.uptimeS)} s`;
    if (status.ready) return { state: "ok", detail };
    return { state: "warn", detail: `${detail}, and ending`, advice: "start it again" };
  });
  return reached;
}

function clockCheck(rank: number, skewMs: number, roundTripMs: number): Check {
  const seconds = (Math.abs(skewMs) / 1_000).toFixed(1);
  const within = (roundTripMs / 2_000).toFixed(2);
  const detail = `${seconds} s ${
    skewMs < 0 ? "behind" : "ahead of"
  } this machine's, to ${within} s`;
  const check = { rank, check: "clock", detail } as const;
  if (Math.abs(skewMs) <= MAX_CLOCK_SKEW_MS) return { ...check, state: "ok" };
  return { ...check, state: "warn", advice: "set the clocks by NTP, here and there" };
}

function connectTo(host: string, port: number): Promise<number> {
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: STEP_MS });
    socket.once("connect", () => {
      socket.destroy();
      resolve(performance.now() - start);
    });
    socket.once("timeout", () => {
      socket.destroy();
      reject(new Error(`port ${port} of ${host} did not answer in ${STEP_MS / 1_000} s`));
    });
    socket.once("error", (cause: Error & { code?: string }) => {
      reject(
        new Error(`port ${port} of ${host} took no connection: ${cause.code ?? cause.message}`),
      );
    });
  });
}
