/**
 * The command line as a whole: which commands there are, and how what they are told is read.
 *
 * @module
 */

import { VERSION } from "../../lib/version.ts";
import { Command, CommanderError } from "./commander.ts";
import { UsageError } from "./exit.ts";
import type { Host } from "./host.ts";

/** What the file of a command exports. */
export interface CommandFile {
  /** Makes the command; what it needs to run is loaded only when it does. */
  command(host: Host): Command;
}

/** The commands; the first is meant where none is named. */
const FILES: Record<string, () => Promise<CommandFile>> = {
  serve: () => import("./commands/serve.ts"),
  up: () => import("./commands/up.ts"),
  run: () => import("./commands/run.ts"),
  status: () => import("./commands/status.ts"),
  page: () => import("./commands/page.ts"),
  doctor: () => import("./commands/doctor.ts"),
  programs: () => import("./commands/programs.ts"),
  sessions: () => import("./commands/sessions.ts"),
  symbols: () => import("./commands/symbols.ts"),
  cancel: () => import("./commands/cancel.ts"),
  keygen: () => import("./commands/keygen.ts"),
  config: () => import("./commands/config.ts"),
};
const DEFAULT = "serve";

const ABOUT = "Secure multi-party computation over HTTP: runs one party, and drives several.";

const EXAMPLE = `
Without a command, serve is meant. Commands that talk to parties find them in
parties.json, or in the file of --config, in the order of the ranks:
{"parties": [{"id": "...", "url": "..."}, ...]}. With --json each command prints
one JSON object a line, and of a failure {"event":"error","code":"...", ...}.
partyline COMMAND --help tells more.

Exit codes:
  0    done; also a party that served until it was stopped
  1    failed, with one line that says why
  2    used wrongly, with one line that says how
  130  stopped by SIGINT (Ctrl-C) or SIGTERM before it was done

Example, in two terminals:
  partyline up --parties 3
  partyline run hello`;

/** Where the help is that concerns these arguments. */
export function helpFor([first = "-"]: readonly string[]): string {
  const name = Object.hasOwn(FILES, first) ? first : first.startsWith("-") ? DEFAULT : undefined;
  return `partyline ${name === undefined ? "" : `${name} `}--help`;
}

/**
 * Runs the command that the arguments name.
 *
 * @param args the arguments after the script's name
 * @param host the process
 * @throws {UsageError} when the arguments make no sense
 */
export async function runCommandLine(args: readonly string[], host: Host): Promise<void> {
  const [first = "-"] = args;
  const isAbout = ["-h", "--help", "-v", "--version"].includes(first);
  const named = first.startsWith("-") && !isAbout ? [DEFAULT, ...args] : args;
  const program = new Command("partyline").description(ABOUT).addHelpText("after", EXAMPLE)
    .version(VERSION, "-v, --version", "print the version")
    .helpCommand(false).configureHelp({ subcommandTerm: usageOf });
  const loads = Object.hasOwn(FILES, named[0]!) ? [FILES[named[0]!]!] : Object.values(FILES);
  if (first !== "-v" && first !== "--version") {
    for (const { command } of await Promise.all(loads.map((load) => load()))) {
      program.addCommand(command(host));
    }
  }
  for (const command of [program, ...program.commands]) {
    command.exitOverride().helpOption("-h, --help", "print help")
      .configureOutput({ writeOut: (text) => console.log(text.trimEnd()), outputError: () => {} });
  }
  try {
    await program.parseAsync(named, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return; // help or the version, printed
    throw new UsageError(sentence(error.message));
  }
}

/** A command as the list of all shows it. */
function usageOf(command: Command): string {
  const values = command.registeredArguments.filter(({ required }) => required);
  return [command.name(), ...values.map((value) => `<${value.name()}>`)].join(" ");
}

/** Commander's message as one line of ours. */
function sentence(message: string): string {
  const line = message.replace(/^error: /, "").replaceAll(/\s*\n\s*/g, " ").replace(/\.$/, "");
  return line.charAt(0).toUpperCase() + line.slice(1);
}
