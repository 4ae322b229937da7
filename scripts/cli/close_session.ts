/**
 * What `partyline sessions --close` does.
 *
 * @module
 */

import { PartyError } from "../../lib/errors.ts";
import { askAll, errorView, ranksText, requireAll } from "./fleet.ts";
import type { FleetOptions } from "./fleet_options.ts";
import type { Host } from "./host.ts";
import { print } from "./print.ts";

/**
 * Closes a session wherever it is.
 *
 * @param session its name
 * @param keepSymbols whether the parties' stores keep its values
 * @param options what the command line says
 * @param host the process
 * @throws {Error} when no party has it, or one cannot be asked
 */
export async function closeSession(
  session: string,
  keepSymbols: boolean,
  options: FleetOptions,
  { stopped }: Host,
): Promise<void> {
  const { config, json } = options;
  const answers = await askAll(options, stopped, async (client, call) => {
    try {
      await client.deleteSession(session, { ...call, keepSymbols });
      return true;
    } catch (error) {
      if (error instanceof PartyError && error.code === "UNKNOWN_SESSION") return false;
      throw error;
    }
  });
  const ranks = answers.map((answer) =>
    answer.ok
      ? { rank: answer.rank, closed: answer.value }
      : { rank: answer.rank, closed: null, error: errorView(answer.error) }
  );
  const closed = ranks.filter((one) => one.closed).map(({ rank }) => rank);
  if (closed.length > 0) {
    const where = ranksText(closed, answers.length);
    const kept = keepSymbols ? ", and its values are kept" : "";
    const text = `Session ${session} is closed${kept}; ranks that had it: ${where}`;
    print(json, { session, ranks }, text);
  }
  requireAll(answers, config);
  if (closed.length > 0) return;
  throw new Error(
    `No party has a session ${session}: partyline sessions tells which there are`,
  );
}
