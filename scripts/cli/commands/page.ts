/**
 * `partyline page`: a party's status page and metrics, for a browser or a scraper that cannot sign.
 *
 * @module
 */

import { Command } from "../commander.ts";
import { withFleet } from "../fleet_options.ts";
import type { Host } from "../host.ts";
import { wholeNumber } from "../values.ts";
import type { PageOptions } from "../page/show.ts";

const EXAMPLE = `
Prints a URL of this machine, to be opened in a browser here, and signs what it
asks for. Who has the URL sees what you may read, until Ctrl-C.

Examples:
  partyline page --rank 1 --operator-key alice.key.json

For Prometheus, whose configuration has to outlive a restart:
  partyline page --operator-key alice.key.json --port 9400 --token-file token
with, in its scrape_configs:
  authorization: { credentials_file: token }
  static_configs: [{ targets: ["127.0.0.1:9400"] }]`;

/** {@inheritDoc CommandFile.command} */
export function command(host: Host): Command {
  return withFleet(
    new Command("page")
      .description("show the status page and metrics of a party with keys, on this machine alone")
      .option("--rank <number>", "the party's rank", wholeNumber(0, 1_023), 0)
      .option("--port <number>", "listen on it; 0 picks a free one", wholeNumber(0, 65_535), 0)
      .option(
        "--token-file <file>",
        "take the token of this file, which is made where there is none (default: a new one)",
      ),
  )
    .addHelpText("after", EXAMPLE)
    .action(async (options: PageOptions) => {
      const { showPage } = await import("../page/show.ts");
      await showPage(options, host);
    });
}
