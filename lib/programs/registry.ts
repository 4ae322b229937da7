/**
 * The programs that one party will run.
 *
 * @module
 */

import { PartyError } from "../errors.ts";
import type { Program } from "./program.ts";

/** Programs by name. */
export class ProgramRegistry {
  readonly #programs: Map<string, Program> = new Map();

  /** @param programs what the party's operator chose @throws {TypeError} when two have one name */
  constructor(programs: readonly Program[]) {
    for (const program of programs) {
      if (this.#programs.has(program.name)) {
        throw new TypeError(`Cannot take two programs of the name ${program.name}: rename one`);
      }
      this.#programs.set(program.name, program);
    }
  }

  /** The program of that name. @throws {PartyError} `UNKNOWN_PROGRAM` */
  get(name: string): Program {
    const program = this.#programs.get(name);
    if (program !== undefined) return program;
    const names = [...this.#programs.keys()].join(", ") || "none";
    throw new PartyError(
      "UNKNOWN_PROGRAM",
      `This party runs no program ${name}; its operator chose ${names}`,
    );
  }

  /** All of them, in the order in which they were given. */
  list(): Program[] {
    return [...this.#programs.values()];
  }
}
