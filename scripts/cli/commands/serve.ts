/**
 * `partyline serve`: one party, in this process.
 *
 * @module
 */

import { Command } from "../commander.ts";
import { UsageError } from "../exit.ts";
import type { Host } from "../host.ts";
import { withTls } from "../tls_files.ts";
import { assignment, name, oneOf, parameter, repeated, wholeNumber } from "../values.ts";
import type { ServeOptions } from "../serve_options.ts";

const MAX_TIMEOUT_MS = 2 ** 31 - 1;

const EXAMPLE = `
It serves until it is stopped by SIGINT (Ctrl-C) or SIGTERM, and then ends with
0; the same signal again ends it at once. With --run it ends when the program
does. Every party has to be started with the same program and parameters, and
with the same --session where one has it; they compare these before any data is
used.

Example, in two terminals:
  partyline serve --rank 0 --config parties.json --run hello
  partyline serve --rank 1 --config parties.json --run hello

With keys, which partyline keygen makes: links between the parties are sealed,
and all other requests have to be signed by an operator of the list:
  partyline serve --config parties.json --key hospital-a.key.json \\
    --host 0.0.0.0 --tls-cert cert.pem --tls-key key.pem --tls-ca ca.pem

With data of your own, which stays at this party:
  partyline serve --rank 0 --config parties.json --data table=rows.csv \\
    --run mean --param column=age`;

/** {@inheritDoc CommandFile.command} */
export function command(host: Host): Command {
  const count = wholeNumber(1, Number.MAX_SAFE_INTEGER);
  const serve = new Command("serve")
    .description("run one party (the command when none is named)")
    .option("--rank <number>", "this party's rank, from 0", wholeNumber(0, 1_023))
    .option(
      "--port <number>",
      "the port to listen on; 0 picks a free one (default: that of the own endpoint, or 8000)",
      wholeNumber(0, 65_535),
    )
    .option("--host <address>", "the address to listen on", "127.0.0.1")
    .option(
      "--endpoints <urls>",
      'the URLs of all parties by rank, with commas between; "-" reads them from the first line ' +
        "of standard input, once this party listens",
    )
    .option("--config <file>", "a JSON file that lists them")
    .option("--key <file>", "this party's key, where the list has keys; it also tells the rank")
    .option("--insecure", "let the network in without keys: whoever is there can do anything");
  return withTls(serve, "for HTTPS, and to show to the other parties")
    .option("--mutual-tls", "let in only who shows a certificate of --tls-ca")
    .option("--program <file>", "a module with programs of your own (repeatable)", repeated)
    .option(
      "--data <name=file>",
      "a CSV or JSON file, for the program's input of that name; no request reads it (repeatable)",
      assignment("FILE"),
    )
    .option("--store <folder>", "keep the values of sessions in this folder, not in memory")
    .option("--session <name>", "join this session (default with --run: run)", name)
    .option("--run <program>", "run a program with the other parties, print the result and end")
    .option("--param <name=value>", "what it is asked for; JSON or text (repeatable)", parameter)
    .option("--allow-origin <origin>", "let pages of that origin in (repeatable)", repeated)
    .option(
      "--allow-host <name>",
      "answer for that host, too, as behind a gateway on this machine (repeatable)",
      repeated,
    )
    .option(
      "--timeout-ms <number>",
      "how long to wait for a message",
      wholeNumber(1, MAX_TIMEOUT_MS),
      120_000,
    )
    .option("--max-mailbox-bytes <number>", "how much unread to hold of each party", count)
    .option("--max-message-bytes <number>", "how large a message may be", count)
    .option("--max-request-bytes <number>", "how large a request may be", count)
    .option("--max-symbol-bytes <number>", "how much the values of a session may take", count)
    .option("--max-sessions <number>", "how many sessions there may be at once", count)
    .option("--max-active-computations <number>", "how many may run in a session at once", count)
    .option("--max-ended-computations <number>", "how many that ended a session remembers", count)
    .option("--max-ended-age-ms <number>", "how long it remembers them", count)
    .option("--log <form>", "pretty, json or none", oneOf("pretty", "json", "none"), "pretty")
    .option(
      "--log-level <level>",
      "debug, info, warn or error (default: info, with --run error)",
      oneOf("debug", "info", "warn", "error"),
    )
    .option("--json", "print one JSON object a line")
    .addHelpText("after", EXAMPLE)
    .action(async (options: ServeOptions) => {
      checkTogether(options);
      const { runParty } = await import("../serve_party.ts");
      await runParty(options, host);
    });
}

function checkTogether(options: ServeOptions): void {
  const { run, rank, endpoints, config, session, param, key } = options;
  const joins = run !== undefined || session !== undefined;
  if (endpoints !== undefined && config !== undefined) {
    throw new UsageError("--endpoints and --config exclude each other");
  }
  if (joins && rank === undefined && key === undefined) {
    throw new UsageError("--run and --session need --rank, or --key");
  }
  if (joins && endpoints === undefined && config === undefined) {
    throw new UsageError("--run and --session need --endpoints or --config");
  }
  if (!joins && endpoints === "-") throw new UsageError("--endpoints=- needs --run or --session");
  if (run === undefined && param !== undefined) throw new UsageError("--param needs --run");
}
