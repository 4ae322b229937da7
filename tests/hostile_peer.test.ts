import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { createParty, NetworkError } from "../mod.ts";
import { partyError } from "./helpers/waiting.ts";

test("a peer whose answer never ends is cut off, and is a NetworkError", async () => {
  let written = 0;
  const server = createServer((request, response) => {
    request.resume();
    const pour = () => {
      while (!response.destroyed && response.write("x".repeat(65_536))) written += 65_536;
    };
    response.on("drain", pour);
    pour();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
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
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test.run();
