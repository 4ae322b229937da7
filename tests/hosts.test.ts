/**
 * For which hosts a party answers. A page whose name leads to 127.0.0.1 is of the party's own origin
 * to a browser; its requests name it in `Host`.
 *
 * @module
 */

import { request as httpRequest } from "node:http";
import { networkInterfaces } from "node:os";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createParty, type PartyOptions, serve, type Server } from "../mod.ts";
import { identitiesOf } from "./helpers/identities.ts";
import { assertProblem } from "./helpers/served.ts";

interface Answer {
  status: number;
  headers: Headers;
  text: string;
}

/** Asks as who has another name for the party: fetch sets `Host` itself. */
function ask(
  { url }: Server,
  host: string,
  path = "/health",
  body?: unknown,
): Promise<Answer> {
  const method = body === undefined ? "GET" : "POST";
  const headers = { host, "content-type": "application/json" };
  return new Promise((resolve, reject) => {
    const asked = httpRequest(url + path, { method, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part) => text += part);
      response.on("end", () =>
        resolve({
          status: response.statusCode!,
          headers: new Headers(response.headers as Record<string, string>),
          text,
        }));
    });
    asked.on("error", reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function withParty(
  options: PartyOptions & { hostname?: string },
  body: (server: Server) => Promise<void>,
): Promise<void> {
  const { hostname, ...rest } = options;
  await using party = createParty(rest);
  await using server = await serve(party, {
    port: 0,
    insecure: true,
    graceMs: 100,
    ...hostname === undefined ? {} : { hostname },
  });
  await body(server);
}

test("a page that has its own name lead to this machine gets nothing of a party", async () => {
  await withParty({}, async (server) => {
    for (const host of ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "a"]) {
      for (const path of ["/health", "/status", "/", "/nothing"]) {
        const { detail } = assertProblem(await ask(server, host, path), 421, "INVALID_REQUEST");
        assert.match(detail, new RegExp(`host ${host.replace(/:.*/, "")},.*allowHosts`));
      }
    }
    const session = { name: "s", rank: 0, endpoints: ["http://evil.example"] };
    assertProblem(await ask(server, "evil.example", "/sessions", session), 421, "INVALID_REQUEST");
    assert.is((await ask(server, "localhost", "/sessions")).text, '{"sessions":[]}');
  });
});

test("a party answers for every address, and for what names this machine", async () => {
  await withParty({}, async (server) => {
    const hosts = ["127.0.0.1", "127.0.0.1:1", "127.1.2.3", "[::1]:8000", "LOCALHOST:9"];
    for (const host of [...hosts, "party.localhost", "192.0.2.7", "[2001:db8::1]"]) {
      assert.is((await ask(server, host)).status, 200, host);
    }
  });
});

test("a party answers for the host of its own endpoint, while it has the session", async () => {
  await withParty({}, async (server) => {
    const endpoints = ["https://party.example/zero", "https://other.example"];
    const session = { name: "s", rank: 0, endpoints };
    assert.is((await ask(server, "party.example")).status, 421);
    assert.is((await ask(server, "127.0.0.1", "/sessions", session)).status, 200);
    assert.is((await ask(server, "party.example")).status, 200);
    assert.is((await ask(server, "other.example")).status, 421);
  });
});

test("a party answers for the hosts that its operator allows", async () => {
  await withParty({ allowHosts: ["Party.example"] }, async (server) => {
    assert.is((await ask(server, "party.example:443")).status, 200);
    assert.is((await ask(server, "evil.example")).status, 421);
  });
  await withParty({ allowHosts: ["*"] }, async (server) => {
    assert.is((await ask(server, "evil.example")).status, 200);
  });
  const [identity] = await identitiesOf(["https://hospital.example:8443"]);
  await withParty({ identity: identity! }, async (server) => {
    assert.is((await ask(server, "hospital.example")).status, 200);
    assert.is((await ask(server, "evil.example")).status, 421);
  });
});

test("a party that the network reaches answers for any host", async () => {
  const [address] = Object.values(networkInterfaces()).flat()
    .filter((one) => one?.family === "IPv4" && !one.internal);
  await withParty({ hostname: address?.address ?? "0.0.0.0" }, async (server) => {
    assert.is((await ask(server, "whatever.example")).status, 200);
  });
});

test("what is no host cannot be allowed", () => {
  for (const host of ["", "https://party.example", "party.example:80", "a/b", "a b", "*.example"]) {
    assert.throws(
      () => createParty({ allowHosts: [host] }),
      (error: unknown) =>
        error instanceof TypeError && /Cannot allow .* as a host/.test(error.message),
      host,
    );
  }
});

test.run();
