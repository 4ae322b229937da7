/**
 * The third-party packages of the command line, each pinned once.
 *
 * @module
 */

export { Command, InvalidArgumentError, Option } from "npm:commander@^14.0.3";
