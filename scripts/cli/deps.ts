/**
 * The third-party packages of the command line, each pinned once.
 *
 * @module
 */

export { parse as parseCsv } from "npm:csv-parse@^7.0.3/sync";
