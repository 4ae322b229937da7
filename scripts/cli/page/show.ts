/**
 * What `partyline page` does.
 *
 * @module
 */

import { PartyClient } from "../../../lib/client/party_client.ts";
import { UnreachedError } from "../../../lib/client/request.ts";
import { describeError } from "../../../lib/errors.ts";
import { serve } from "../../../lib/serve/serve.ts";
import { reachAdvice } from "../advice.ts";
import { UsageError } from "../exit.ts";
import type { FleetOptions } from "../fleet_options.ts";
import { aborted, type Host } from "../host.ts";
import { print } from "../print.ts";
import { printable } from "../printable.ts";
import { readReach } from "../reach.ts";
import { forwardTo } from "./forward.ts";
import { gate, TOKEN_PARAMETER } from "./gate.ts";
import { drawToken, keepToken } from "./token.ts";

/** What the command may be told. */
export interface PageOptions extends FleetOptions {
  rank: number;
  port: number;
  tokenFile?: string;
}

/**
 * @param options what the command line says, checked
 * @param host the process
 * @throws {UsageError} when the list has no party of that rank, or the key does not go with it
 * @throws {Error} when a file cannot be read, or nothing can listen on that port
 */
export async function showPage(options: PageOptions, { stopped }: Host): Promise<void> {
  const { config, rank, port, tokenFile, json } = options;
  const { parties, client } = await readReach(options);
  const party = parties[rank];
  if (party === undefined) {
    throw new UsageError(`Cannot show rank ${rank}: ${config} has ${parties.length} parties`);
  }
  const who = `Party ${rank} (${party.id})`;
  const token = tokenFile === undefined ? drawToken() : await keepToken(tokenFile);
  const forward = forwardTo({ url: party.url, who: `${who} at ${party.url}`, client });
  const handler = { fetch: gate(token, forward) };
  // With limits it is the same server on both runtimes, which tells when the browser goes away.
  const server = await serve(handler, { port, signal: stopped, limits: {} });
  const url = `${server.url}/?${TOKEN_PARAMETER}=${token}`;
  print(json, { event: "listening", url, rank }, `${who} is shown at ${url}`);
  await new PartyClient(party.url, { ...client, rank }).health({ signal: stopped })
    .catch((error) => {
      if (!(error instanceof UnreachedError)) return; // stopped, or the page shows what answered
      const then = reachAdvice(party.url, config);
      console.error(printable(`Nothing is to be seen yet: ${describeError(error)}; ${then}`));
    });
  await aborted(stopped);
  await server.close();
}
