/**
 * What has to be the same at all parties.
 *
 * @module
 */

import type { SessionView } from "../../../lib/client/views.ts";
import type { ConfigParty } from "../../../lib/security/config.ts";
import type { Check } from "./check.ts";
import type { Reached } from "./reach.ts";

/** What stands for the fingerprint where there is none. */
const WITHOUT_KEYS = "without keys";

/**
 * Compares the parties that could be reached.
 *
 * @param parties the list of them here
 * @param fingerprint that of the list here; undefined where it has no keys
 * @param reached what they told
 */
export function compareParties(
  parties: readonly ConfigParty[],
  fingerprint: string | undefined,
  reached: readonly Reached[],
): Check[] {
  const urls = parties.map(({ url }) => url);
  return [
    sameList(fingerprint, reached),
    sameVersion(reached),
    ...programChecks(reached),
    ...reached.flatMap(({ sessions, status }, rank) =>
      status === undefined ? [] : [endpointsCheck(urls, rank, sessions)]
    ),
  ];
}

/** The files themselves, as far as parties have read them: those without keys need none. */
function sameList(fingerprint: string | undefined, reached: readonly Reached[]): Check {
  const check = { rank: null, check: "same list" } as const;
  const lists = groups(reached, ({ configFingerprint }) => configFingerprint ?? WITHOUT_KEYS);
  const own = fingerprint ?? WITHOUT_KEYS;
  const others = [...lists.keys()].filter((one) => one !== own);
  if (lists.size === 0) return { ...check, state: "fail", detail: "no party tells" };
  if (others.length === 0) return { ...check, state: "ok", detail: describeGroups(lists) };
  const ranks = others.flatMap((one) => lists.get(one)!).sort((a, b) => a - b);
  return {
    ...check,
    state: "fail",
    detail: `${own} here; ${describeGroups(lists)}`,
    advice: `find out which file is right by partyline config check, have it here and at ranks ` +
      `${ranks.join(", ")}, and start those parties again with it`,
  };
}

function sameVersion(reached: readonly Reached[]): Check {
  const versions = groups(reached, ({ version }) => version);
  const check = { rank: null, check: "versions" } as const;
  if (versions.size === 0) return { ...check, state: "fail", detail: "no party tells its version" };
  const detail = describeGroups(versions);
  if (versions.size === 1) return { ...check, state: "ok", detail };
  return { ...check, state: "warn", detail, advice: "install the same version everywhere" };
}

/** One warning for each program that is not the same everywhere. */
function programChecks(reached: readonly Reached[]): Check[] {
  const check = { rank: null, check: "programs" } as const;
  if (reached.every(({ status }) => status === undefined)) {
    return [{ ...check, state: "fail", detail: "no party tells its programs" }];
  }
  const names = new Set(
    reached.flatMap(({ status }) => status?.programs.map(({ name }) => name) ?? []),
  );
  const differing = [...names].flatMap((name): Check[] => {
    const versions = groups(
      reached,
      ({ programs }) => programs.find((program) => program.name === name)?.version ?? "missing",
    );
    if (versions.size === 1) return [];
    return [{
      ...check,
      state: "warn",
      detail: `${name} is ${describeGroups(versions)}`,
      advice: "start all parties with the same --program files to run it",
    }];
  });
  if (differing.length > 0) return differing;
  return [{ ...check, state: "ok", detail: [...names].join(", ") || "none" }];
}

/** Compares the list of parties with what sessions have. */
function endpointsCheck(
  urls: readonly string[],
  rank: number,
  sessions: readonly SessionView[],
): Check {
  const check = { rank, check: "endpoints" } as const;
  const advice = "have the same list everywhere, then create the session anew";
  for (const { name, rank: own, endpoints } of sessions) {
    let detail: string | undefined;
    if (endpoints[own] !== urls[rank]) {
      detail = `session ${name} has ${endpoints[own]} for this party, the list ${urls[rank]}`;
    } else if (isReordered(urls, endpoints)) {
      detail = `session ${name} has the parties in another order than the list`;
    }
    if (detail !== undefined) return { ...check, state: "warn", detail, advice };
  }
  const detail = sessions.length === 0
    ? "no session to compare with the list"
    : `as in the list, in ${sessions.map(({ name }) => name).join(", ")}`;
  return { ...check, state: "ok", detail };
}

/** A session may well be of some parties only, or of others as well. */
function isReordered(one: readonly string[], other: readonly string[]): boolean {
  return one.join() !== other.join() && [...one].sort().join() === [...other].sort().join();
}

type Status = NonNullable<Reached["status"]>;

function groups(reached: readonly Reached[], of: (status: Status) => string) {
  const ranks = new Map<string, number[]>();
  reached.forEach(({ status }, rank) => {
    if (status === undefined) return;
    ranks.set(of(status), [...ranks.get(of(status)) ?? [], rank]);
  });
  return ranks;
}

function describeGroups(groups: ReadonlyMap<string, number[]>): string {
  const texts = [...groups].map(([what, ranks]) => `${what} at ranks ${ranks.join(", ")}`);
  return groups.size === 1 ? `${[...groups.keys()][0]} at all` : texts.join("; ");
}
