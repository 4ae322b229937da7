/**
 * The one package that every command needs, pinned apart from those that only some do: a party that
 * serves loads none of the others.
 *
 * @module
 */

export { Command, CommanderError, InvalidArgumentError, Option } from "npm:commander@^14.0.3";
