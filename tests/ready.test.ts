import { test } from "uvu";
import * as assert from "uvu/assert";
import { createParty } from "../lib/party.ts";
import { serve } from "../lib/serve/serve.ts";
import { VERSION } from "../lib/version.ts";
import { assertProblem, request } from "./helpers/served.ts";

test("a party is ready from the first answer on", async () => {
  const party = createParty();
  const server = await serve(party, { port: 0 });
  try {
    const { status, text } = await request(`${server.url}/ready`);
    assert.equal([status, text], [200, '{"status":"ready"}']);
    const health = await request(`${server.url}/health`);
    assert.equal([health.status, health.text], [200, '{"status":"ok"}']);
    assert.is(health.headers.get("partyline-version"), VERSION);
  } finally {
    await server.close();
    await party.close();
  }
});

test("a closed party is healthy, and not ready", async () => {
  const party = createParty();
  const server = await serve(party, { port: 0 });
  try {
    await party.close();
    const answer = await request(`${server.url}/ready`);
    assertProblem(answer, 503, "DRAINING");
    assert.is(answer.headers.get("retry-after"), "1");
    assert.is((await request(`${server.url}/health`)).status, 200);
  } finally {
    await server.close();
  }
});

test("a party whose server is about to close is not ready", async () => {
  await using party = createParty();
  const ending = new AbortController();
  const ask = async () => {
    const response = await party.fetch(new Request("http://party.test/ready"), {
      draining: ending.signal,
    });
    return {
      status: response.status,
      headers: response.headers,
      text: await response.text(),
    };
  };
  assert.is((await ask()).status, 200);
  ending.abort();
  assertProblem(await ask(), 503, "DRAINING");
});

test.run();
