/**
 * Links over mutual TLS: all that a communicator does, and parties on both runtimes together.
 *
 * @module
 */

import { test } from "uvu";
import * as assert from "uvu/assert";
import { createParty, serve, tlsFetch } from "../mod.ts";
import { findRuntimes, ScriptProcess } from "../scripts/processes.ts";
import { Authority } from "./helpers/certificates.ts";
import { communicatorSuite } from "./suites/communicator.ts";

const authority = await Authority.create("authority");
const identities = await Promise.all(
  [0, 1, 2, 3, 4, 5, 6, 7].map((rank) => authority.issue(`party ${rank}`)),
);
const { ca } = authority;

communicatorSuite("TLS", async (worldSize, options) => {
  let requests = 0;
  const parties = identities.slice(0, worldSize).map((identity) => {
    const fetch = tlsFetch({ ca, ...identity });
    const counting: typeof fetch = (...args) => {
      requests++;
      return fetch(...args);
    };
    return createParty({ ...options, fetch: counting });
  });
  const servers = await Promise.all(
    parties.map((party, rank) =>
      serve(party, { port: 0, graceMs: 500, tls: { ...identities[rank]!, clientCa: ca } })
    ),
  );
  const endpoints = servers.map(({ url }) => url);
  const sessions = await Promise.all(
    parties.map((party, rank) => party.createSession({ name: "suite", rank, endpoints })),
  );
  return {
    ranks: sessions.map(({ communicator }) => communicator),
    requests: () => requests,
    close: async () => {
      await Promise.all(parties.map((party) => party.close()));
      await Promise.all(servers.map((server) => server.close()));
    },
  };
});

const runtimes = [...findRuntimes().values()];
const mixed = [0, 1, 2, 3].map((rank) => runtimes[rank % runtimes.length]!);

test(`parties in processes, over mutual TLS, on ${runtimes.length} runtimes`, async () => {
  const members = mixed.map((command, rank) => {
    const { cert, key } = identities[rank]!;
    const env = ["env", `CA=${ca}`, `CERT=${cert}`, `KEY=${key}`];
    return new ScriptProcess([...env, ...command], "tests/helpers/member.ts", [String(rank)]);
  });
  try {
    const urls = await Promise.all(members.map((member) => member.line()));
    assert.ok(urls.every((url) => url.startsWith("https://")));
    for (const member of members) member.write(urls.join(","));
    for (const member of members) {
      assert.is(await member.line(), "done");
      assert.is(await member.exited, 0, member.stderr);
      assert.is(member.stderr, "");
    }
  } finally {
    for (const member of members) member.kill("SIGKILL");
  }
});

test.run();
