import { test } from "uvu";
import * as assert from "uvu/assert";
import { createParty, NetworkError, PartyError } from "../mod.ts";
import { listen } from "./helpers/listen.ts";
import { partyError } from "./helpers/waiting.ts";

test("a peer whose answer never ends is cut off, and is a NetworkError", async () => {
  let written = 0;
  const { url, close } = await listen((request, response) => {
    request.resume();
    const pour = () => {
      while (!response.destroyed && response.write("x".repeat(65_536))) written += 65_536;
    };
    response.on("drain", pour);
    pour();
  });
  await using party = createParty();
  const session = await party.createSession({
    name: "s",
    rank: 0,
    endpoints: ["http://127.0.0.1:1", url],
  });
  const sending = session.communicator.send(1, "k", 1, { timeoutMs: 1_000 });
  const error = await partyError(sending, "SEND_TIMEOUT");
  assert.instance(error.cause, NetworkError);
  assert.match(error.message, "longer than 65536 bytes");
  assert.ok(written < 50 * 1024 * 1024, `${written} bytes were taken`);
  await close();
});

test("a farewell whose answer breaks harms nobody", async () => {
  const broken = () => new ReadableStream({ cancel: () => Promise.reject(new Error("broken")) });
  await using party = createParty({ fetch: () => Promise.resolve(new Response(broken())) });
  const endpoints = ["http://127.0.0.1:1", "http://127.0.0.1:2"];
  const [closed, failed] = await Promise.all(
    ["closed", "failed"].map((name) => party.createSession({ name, rank: 0, endpoints })),
  );
  await closed!.close();
  await failed!.communicator.abort(new PartyError("CONFLICT", "gives up"));
  assert.is(failed!.state, "failed");
});

test.run();
