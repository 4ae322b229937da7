import { test } from "uvu";
import { startParties } from "./helpers/parties.ts";
import { communicatorSuite } from "./suites/communicator.ts";

communicatorSuite("HTTP", async (worldSize, options) => {
  let requests = 0;
  const counting: typeof fetch = (...args) => {
    requests++;
    return fetch(...args);
  };
  const { createSession, close } = await startParties(worldSize, { ...options, fetch: counting });
  const sessions = await createSession("suite");
  return {
    ranks: sessions.map((session) => session.communicator),
    requests: () => requests,
    close,
  };
});

test.run();
